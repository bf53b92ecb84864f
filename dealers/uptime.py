"""How each system at a dealer fared over the past 90 days, from its changes of status.

Time that nothing is known of is counted apart: it is neither up nor down.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from dealers.models import State

DAYS = 90
FULL_HEIGHT = 12
_HEIGHTS = {State.DOWN: 12, State.DEGRADED: 8, State.OPERATIONAL: 4, State.UNKNOWN: 1}
_NOISE = 1e-9  # of floating point: 0.57 is 0.57
_LONDON = ZoneInfo("Europe/London")  # days begin when people's do, whatever the site's own time zone
_WORST_KNOWN_FIRST = (State.DOWN, State.DEGRADED, State.OPERATIONAL)

# Each change holds until the next. Before the first one it was what that change left.
_PAST = """
WITH days AS (
    SELECT d::date AS day, d AT TIME ZONE 'Europe/London' AS starts,
           least((d + interval '1 day') AT TIME ZONE 'Europe/London', %(at)s) AS ends
      FROM generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 day') d
), changes AS (
    SELECT id, dealer_id, system, old, new, at
      FROM dealers_statuschange
     WHERE dealer_id = ANY(%(dealers)s) AND at < %(at)s
), spans AS (
    SELECT dealer_id, system, new AS state, at AS starts,
           lead(at, 1, %(at)s) OVER (PARTITION BY dealer_id, system ORDER BY at, id) AS ends
      FROM changes
     UNION ALL
    (SELECT DISTINCT ON (dealer_id, system) dealer_id, system, old, '-infinity', at
       FROM changes
      ORDER BY dealer_id, system, at, id)
)
SELECT dealer_id, system, day, state, extract(epoch FROM sum(least(d.ends, s.ends) - greatest(d.starts, s.starts)))
  FROM spans s
  JOIN days d ON s.starts < d.ends AND s.ends > d.starts
 GROUP BY 1, 2, 3, 4
 ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Day:
    """One day: the worst that is known of it, or unknown where nothing is, and the seconds in each state."""

    day: date
    seconds: Mapping[str, float]

    @property
    def state(self) -> str:
        """The worst known state of the day."""
        return next((state for state in _WORST_KNOWN_FIRST if self.seconds.get(state)), State.UNKNOWN).value


@dataclass(frozen=True, slots=True)
class Run:
    """Days in a row with the same state; `start` counts from the first of the 90."""

    state: str
    start: int
    days: int
    first: date
    last: date

    @property
    def height(self) -> int:
        """Of 12: the taller, the worse, so that the bar reads without its colours."""
        return _HEIGHTS[State(self.state)]

    @property
    def top(self) -> int:
        """Where it starts, counted from above."""
        return FULL_HEIGHT - self.height

    @property
    def words(self) -> str:
        """The run as a sentence has it: 3 to 14 March: Not working."""
        words = {"last": date_format(self.last, "j F"), "state": State(self.state).label}
        if self.days == 1:
            return _("%(last)s: %(state)s") % words
        same_month = (self.first.year, self.first.month) == (self.last.year, self.last.month)
        first = date_format(self.first, "j" if same_month else "j F")
        return _("%(first)s to %(last)s: %(state)s") % (words | {"first": first})


@dataclass(frozen=True, slots=True)
class Past:
    """A system's 90 days, oldest first."""

    days: tuple[Day, ...]

    def seconds(self, state: str) -> float:
        """How long it was in the state."""
        return sum(day.seconds.get(state, 0) for day in self.days)

    @property
    def known_s(self) -> float:
        """How long anything was known."""
        return sum(self.seconds(state) for state in _WORST_KNOWN_FIRST)

    @property
    def share(self) -> float | None:
        """The share of the time known when it was not down, rounded down; None when nothing is known."""
        return _floor(1 - self.seconds(State.DOWN) / self.known_s) if self.known_s else None

    @property
    def share_degraded(self) -> float | None:
        """The share of the time known when it was partly working."""
        return round(self.seconds(State.DEGRADED) / self.known_s, 4) if self.known_s else None

    @property
    def share_unknown(self) -> float:
        """The share of all the time when it was not known."""
        unknown = self.seconds(State.UNKNOWN)
        return round(unknown / (unknown + self.known_s), 4)

    @property
    def percent(self) -> str:
        """`share` as people read it; empty when nothing is known."""
        return "" if self.share is None else f"{_floor(self.share, 1_000):.1%}"

    @property
    def percent_unknown(self) -> str:
        """`share_unknown` as people read it."""
        return f"{self.share_unknown:.1%}"

    @property
    def runs(self) -> list[Run]:
        """The days as a bar shows them."""
        found, start = [], 0
        for state, group in groupby(self.days, key=lambda day: day.state):
            days = list(group)
            found.append(Run(state, start, len(days), days[0].day, days[-1].day))
            start += len(days)
        return found


def past(dealer_ids: Collection[int], *, at: datetime) -> dict[tuple[int, str], Past]:
    """The 90 days to `at` of each system that a change was ever written for, by dealer and system. One query."""
    last = at.astimezone(_LONDON).date()
    first = last - timedelta(days=DAYS - 1)
    parameters: dict[str, Any] = {"dealers": list(dealer_ids), "at": at, "first": first, "last": last}
    seconds: dict[tuple[int, str], dict[date, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    with connection.cursor() as cursor:
        cursor.execute(_PAST, parameters)
        for dealer_id, system, day, state, length in cursor.fetchall():
            seconds[dealer_id, system][day][state] = float(length)
    every_day = [first + timedelta(days=number) for number in range(DAYS)]
    return {key: Past(tuple(Day(day, by_day.get(day, {})) for day in every_day)) for key, by_day in seconds.items()}


def _floor(share: float, steps: int = 10_000) -> float:
    """Never up: 100 % is for what never failed."""
    return math.floor(share * steps + _NOISE) / steps
