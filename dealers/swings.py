"""What the latest changes of a system say: whether it goes to and fro, and when it last came back. Plain Python.

A system that turned back three times within six hours is unstable: it is not called working before it has settled,
and nobody is told of each swing. What is not known in between counts as nothing: fading is no swing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from dealers.status import DEGRADED, DOWN, OPERATIONAL, UNKNOWN

WINDOW = timedelta(hours=6)
UNSTABLE_FROM = 3  # turns within the window
STEADY_FROM = 1  # and no more than so many to be called steady again
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
    """How often a system turned back within the window, and when it last came back from trouble to working."""

    turns: int = 0
    back_at: datetime | None = None

    def is_unstable(self, *, was: bool) -> bool:
        """Whether it is unstable now, given whether it was."""
        return self.turns > STEADY_FROM if was else self.turns >= UNSTABLE_FROM


def look_back(changes: Iterable[Change], *, at: datetime) -> Swings:
    """What these changes of one system say at this time, whatever their order."""
    last, direction, turns = UNKNOWN, 0, 0
    back_at = None
    for change in sorted(changes, key=lambda change: change.at):
        if change.at <= at - REMEMBERED or change.at > at:
            continue
        if last == UNKNOWN:
            last = change.old
        if change.new == UNKNOWN:
            continue
        if last not in {UNKNOWN, change.new}:
            heading = 1 if _BADNESS[change.new] > _BADNESS[last] else -1
            turns += heading == -direction and change.at > at - WINDOW
            direction = heading
            if change.new == OPERATIONAL:
                back_at = change.at
        last = change.new
    return Swings(turns, back_at)


def steady(state: str, *, is_unstable: bool) -> str:
    """The state to show: an unstable system is not called working."""
    return DEGRADED if is_unstable and state == OPERATIONAL else state
