"""How far a run under way is: said through the cache, as its transaction tells nobody else before it is done."""

from __future__ import annotations

import time

from django.core.cache import cache

from parts.feeds.models import FeedRun

_EVERY_S = 1.0
_KEPT_S = 60


class Progress:
    """Says how many rows were read, at most once a second."""

    def __init__(self, run: FeedRun) -> None:
        self._run = run
        self._said_at = time.monotonic()

    def __call__(self, rows: int) -> None:
        now = time.monotonic()
        if now - self._said_at >= _EVERY_S:
            self._said_at = now
            cache.set(_key(self._run.pk), rows, _KEPT_S)


def rows_so_far(run_id: int) -> int | None:
    """How many rows a run under way has read, or None if nothing was heard."""
    found: int | None = cache.get(_key(run_id))
    return found


def _key(run_id: int) -> str:
    return f"feed-run-{run_id}"
