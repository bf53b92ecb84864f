"""How often one address, and all together, may look vehicles up: the same budgets for the page and the API."""

from __future__ import annotations

from typing import Any, NamedTuple

from rest_framework.views import APIView

from garagehub.accounts.limits import network_of
from garagehub.lib.cache import Count
from garagehub.lib.throttle import CountingThrottle

# An address whose askers show that they are people gets so many times its budget, and no more.
PEOPLE_FACTOR = 5


class TotalThrottle(CountingThrottle):
    """All who give no key and are not signed in, together: what a flood from everywhere may cost the others."""

    scope = "lookup_total"

    def get_cache_key(self, request: Any, view: Any) -> str:
        return "throttle_lookup_total"

    def _headers(self, count: Count, *, most: int) -> dict[str, str]:
        return {}  # callers are told of their own budget


class LookupThrottle(CountingThrottle):
    """Per address; a garage's key has its own, larger budget (scope `garage`) and is no part of the total."""

    scope = "lookup"
    total: TotalThrottle | None = None

    def allow_request(self, request: Any, view: Any) -> bool:
        """Only what is within the address's own budget is counted in the total: one flood uses up its own."""
        return super().allow_request(request, view) and self.is_within_total(request, view)

    def is_within_total(self, request: Any, view: Any) -> bool:
        """Count the look-up of somebody we do not know in the total; whether there is room."""
        if _is_known(request):
            return True
        total = TotalThrottle()
        if total.allow_request(request, view):
            return True
        self.total = total
        return False

    def is_within(self, factor: int) -> bool:
        """Whether the call that was just counted is within so many times the budget."""
        return self._count is None or self.num_requests is None or self._count.calls <= factor * self.num_requests

    def wait(self) -> float | None:
        """Seconds until the budget that is used up begins anew."""
        return self.total.wait() if self.total else super().wait()

    def get_cache_key(self, request: Any, view: Any) -> str:
        key = getattr(request, "auth", None)
        if key is not None and hasattr(key, "public_id"):
            self.rate = self.THROTTLE_RATES["garage"]
            self.num_requests, self.duration = self.parse_rate(self.rate)
            return f"throttle_lookup_key_{key.public_id}"
        return f"throttle_lookup_{network_of(str(self.get_ident(request)))}"


class Refusal(NamedTuple):
    """A look-up too many: how long to wait, and whether it was all together who asked too much."""

    wait_s: int
    is_total: bool


def take_a_turn(request: Any, *, is_person: bool = False) -> Refusal | None:
    """Count this look-up; None if there was room. `is_person`: who asks has just shown that they are one."""
    throttle, view = LookupThrottle(), APIView()
    if throttle.allow_request(request, view):
        return None
    is_let_by = is_person and throttle.total is None and throttle.is_within(PEOPLE_FACTOR)
    if is_let_by and throttle.is_within_total(request, view):
        return None
    return Refusal(int(throttle.wait() or 1) + 1, throttle.total is not None)


def _is_known(request: Any) -> bool:
    user = getattr(request, "user", None)
    return getattr(request, "auth", None) is not None or bool(user and user.is_authenticated)
