"""How often one address may look vehicles up: the same budget for the page and the API."""

from __future__ import annotations

from typing import Any

from rest_framework.views import APIView

from garagehub.lib.throttle import CountingThrottle


class LookupThrottle(CountingThrottle):
    """Per address; a garage's key has its own, larger budget (scope `garage`)."""

    scope = "lookup"

    def get_cache_key(self, request: Any, view: Any) -> str:
        key = getattr(request, "auth", None)
        if key is not None and hasattr(key, "public_id"):
            self.rate = self.THROTTLE_RATES["garage"]
            self.num_requests, self.duration = self.parse_rate(self.rate)
            return f"throttle_lookup_key_{key.public_id}"
        return f"throttle_lookup_{self.get_ident(request)}"


def take_a_turn(request: Any) -> int:
    """Count this look-up; the seconds to wait if the address has none left, else 0."""
    throttle = LookupThrottle()
    if throttle.allow_request(request, APIView()):
        return 0
    return int(throttle.wait() or 1) + 1
