"""What the latest changes of a system say: whether it goes to and fro, and when it last came back. Plain Python.

A system that turned back three times within six hours is unstable: it is not called working before it has settled,
and nobody is told of each swing. What is not known in between counts as nothing: fading is no swing. A turn that only
hesitated there dates from when the old state was left, so that one more word, true or false, shifts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from dealers.status import DEGRADED, DOWN, OPERATIONAL, UNKNOWN

WINDOW = timedelta(hours=6)
UNSTABLE_FROM = 3  # turns within the window
STEADY_FROM = 1  # and no more than so many to be called steady again
FRESH = HESITATES = timedelta(hours=1)  # it becomes unstable by a turn so new; so long “not known” is hesitation
REMEMBERED = timedelta(hours=24)  # how long a return tells the peers something

_BADNESS = {OPERATIONAL: 0, DEGRADED: 1, DOWN: 2}


@dataclass(frozen=True, slots=True)
class Change:
    """A system's state changed."""

    old: str
    new: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Swings:
    """How often a system turned back within the window, and when it last came back from trouble to working.

    `burst`: its turns within the window that ends at the last one, 0 when that is no longer fresh.
    """

    turns: int = 0
    back_at: datetime | None = None
    burst: int = 0

    def is_unstable(self, *, was: bool) -> bool:
        """Whether it is unstable now, given whether it was."""
        return self.turns > STEADY_FROM if was else self.burst >= UNSTABLE_FROM


def look_back(changes: Iterable[Change], *, at: datetime) -> Swings:
    """What these changes of one system say at this time, whatever their order."""
    last, direction = UNKNOWN, 0
    turned: list[datetime] = []
    left_at = back_at = None
    for change in sorted(changes, key=lambda change: change.at):
        if change.at <= at - REMEMBERED or change.at > at:
            continue
        if last == UNKNOWN:
            last = change.old
        if change.new == UNKNOWN:
            left_at = change.at
            continue
        if last not in {UNKNOWN, change.new}:
            heading = 1 if _BADNESS[change.new] > _BADNESS[last] else -1
            if heading == -direction:
                turned.append(left_at if left_at and change.at - left_at <= HESITATES else change.at)
            direction = heading
            if change.new == OPERATIONAL:
                back_at = change.at
        last, left_at = change.new, None
    turns = sum(then > at - WINDOW for then in turned)
    is_fresh = bool(turned) and turned[-1] > at - FRESH
    return Swings(turns, back_at, sum(then > turned[-1] - WINDOW for then in turned) if is_fresh else 0)


def steady(state: str, *, is_unstable: bool) -> str:
    """The state to show: an unstable system is not called working."""
    return DEGRADED if is_unstable and state == OPERATIONAL else state
