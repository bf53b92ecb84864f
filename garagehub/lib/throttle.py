"""How often a caller may ask: a count per caller that starts with the first call and ends when its period does."""

from __future__ import annotations

import math
from typing import Any

from django.core.cache import cache
from rest_framework.throttling import SimpleRateThrottle

from garagehub.lib.cache import Count


class CountingThrottle(SimpleRateThrottle):
    """DRF's own keeps the time of each call in a list that it fetches and sends back, however long.

    This one is a number: one round trip, and two calls at once are two. While Redis is away nobody is held back.
    """

    num_requests: int | None
    duration: int | None
    _count: Count | None = None

    def allow_request(self, request: Any, view: Any) -> bool:
        """Count this call and have the answer say what is left; whether it is within the rate."""
        key = self.get_cache_key(request, view)
        if key is None or self.num_requests is None or self.duration is None:
            return True
        self._count = cache.count(key, seconds=self.duration)  # type: ignore[attr-defined] # ForgivingRedisCache's own
        if self._count is None:
            return True
        if (headers := getattr(view, "headers", None)) is not None:
            headers |= self._headers(self._count, most=self.num_requests)
        return self._count.calls <= self.num_requests

    def _headers(self, count: Count, *, most: int) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers: the policy's quota and window, what is left and for how long."""
        left, seconds = max(0, most - count.calls), max(1, math.ceil(count.seconds_left))
        return {
            "RateLimit-Policy": f'"{self.scope}";q={most};w={self.duration}',
            "RateLimit": f'"{self.scope}";r={left};t={seconds}',
        }

    def wait(self) -> float | None:
        """Seconds until the period ends."""
        return self._count.seconds_left if self._count else None
