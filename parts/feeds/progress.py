"""How far a run under way is: said through the cache, as its transaction tells nobody else before it is done."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

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


@dataclass(frozen=True)
class Pace:
    """How far a run under way is. `expected`: the rows of the last snapshot, or 0 where nothing tells."""

    rows: int
    expected: int
    seconds: int

    @property
    def per_second(self) -> int:
        """Rows a second since the run began, its download included."""
        return round(self.rows / max(1, self.seconds))

    @property
    def percent(self) -> int | None:
        """The share of the expected rows that was read; None where nothing tells."""
        return min(100, self.rows * 100 // self.expected) if self.expected else None

    @property
    def seconds_left(self) -> int | None:
        """How long reading the rest takes at this pace; None where nothing tells, or all is read."""
        left = self.expected - self.rows
        return max(1, round(left / self.per_second)) if left > 0 and self.per_second else None


def pace_of(run: FeedRun, *, at: datetime) -> Pace:
    """How far the run is, as far as it said."""
    rows: int | None = cache.get(_key(run.pk))
    return Pace(rows or 0, run.feed.snapshot_rows, max(0, round((at - run.started_at).total_seconds())))


def _key(run_id: int) -> str:
    return f"feed-run-{run_id}"
