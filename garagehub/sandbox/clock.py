"""The scenario's clock: the real time, moved by whole or part days, or stopped at an instant."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

# Ten years either way: enough for any story, and no date arithmetic overflows.
MAX_OFFSET_DAYS = 3_650


class Clock:
    """Says what time it is in the scenario. What is true there follows from this, the seed and what was set by hand.

    The time at which files were made, links expire and tokens run out is the real one, `wall`.
    """

    def __init__(self, *, started_on: date, wall: Callable[[], datetime]) -> None:
        self.started_on = started_on
        self.wall = wall
        self._lock = threading.Lock()
        self._offset = timedelta(0)
        self._frozen_at: datetime | None = None

    def now(self) -> datetime:
        """The scenario's time, aware, in UTC."""
        with self._lock:
            return self._frozen_at or self.wall() + self._offset

    def move(self, *, offset_days: float) -> None:
        """Run with the real time again, so many days away from it."""
        if not -MAX_OFFSET_DAYS <= offset_days <= MAX_OFFSET_DAYS:
            raise ValueError(f"offset_days must lie within {MAX_OFFSET_DAYS} either way.")
        with self._lock:
            self._offset, self._frozen_at = timedelta(days=offset_days), None

    def stop(self, *, at: datetime) -> None:
        """Stand still at an instant, so that two runs can be compared to the byte."""
        if at.tzinfo is None:
            raise ValueError("frozen_at needs its offset, such as 2026-11-22T09:00:00Z.")
        at = at.astimezone(UTC)
        if abs(at - self.wall()) > timedelta(days=MAX_OFFSET_DAYS):
            raise ValueError(f"frozen_at must lie within {MAX_OFFSET_DAYS} days.")
        with self._lock:
            self._offset, self._frozen_at = timedelta(0), at

    def as_json(self) -> dict[str, object]:
        """The clock as its address shows it; `day` counts from 1 on the day the outage started."""
        now = self.now()
        with self._lock:
            offset, frozen_at = self._offset, self._frozen_at
        return {
            "now": instant(now),
            "offset_days": offset / timedelta(days=1),
            "frozen_at": frozen_at and instant(frozen_at),
            "started_on": self.started_on.isoformat(),
            "day": (now.date() - self.started_on).days + 1,
        }


def instant(at: datetime) -> str:
    """An instant as RFC 3339 in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
