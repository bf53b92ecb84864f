"""The course of an outage: at how many dealers each system was in which state, column by column, from StatusChange."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from dealers.models import State, System

MOST_COLUMNS = 100
HEIGHT = 20
_HOUR = timedelta(hours=1)
_DAY_HOURS = 24
_STEPS = (1, 3, 6, 12)  # hours; from there on whole days
_LONDON = ZoneInfo("Europe/London")
# Drawn from the bottom up, so that the height of the ink is the size of the trouble.
_FROM_BELOW = (State.DOWN, State.DEGRADED, State.UNKNOWN, State.OPERATIONAL)

# Each change moves one dealer from one state to another. Before its first it was what that change left.
_MOVES = """
WITH changes AS (
    SELECT system, old, new, width_bucket(at, %(edges)s::timestamptz[]) AS slot,
           row_number() OVER (PARTITION BY dealer_id, system ORDER BY at, id) = 1 AS is_first
      FROM dealers_statuschange
     WHERE dealer_id = ANY(%(dealers)s) AND system = ANY(%(systems)s) AND at < %(until)s
)
SELECT system, state, slot, sum(moved)
  FROM (SELECT system, new AS state, slot, 1 AS moved FROM changes
         UNION ALL
        SELECT system, old, slot, -1 FROM changes
         UNION ALL
        SELECT system, old, 0, 1 FROM changes WHERE is_first) moves
 GROUP BY 1, 2, 3
HAVING sum(moved) <> 0
"""


@dataclass(frozen=True, slots=True)
class Block:
    """Columns in a row with the same counts of dealers; `start` and `width` count columns."""

    start: int
    width: int
    began: datetime
    counts: Mapping[str, int]

    @property
    def pieces(self) -> list[tuple[str, float, float]]:
        """(state, top, height) of each share, together `HEIGHT` high, the worst at the bottom."""
        total, below, found = sum(self.counts.values()) or 1, 0.0, []
        for state in _FROM_BELOW:
            height = HEIGHT * self.counts.get(state, 0) / total
            below += height
            if height:
                found.append((state.value, round(HEIGHT - below, 2), round(height, 2)))
        return found

    @property
    def words(self) -> str:
        """The counts in words, the worst first."""
        return ", ".join(f"{self.counts[s]} {s.label.lower()}" for s in _FROM_BELOW if self.counts.get(s))


@dataclass(frozen=True, slots=True)
class Band:
    """One system over the time shown."""

    system: str
    blocks: tuple[Block, ...]

    @property
    def label(self) -> str:
        """The system's name."""
        return str(System(self.system).label)

    @property
    def worst(self) -> Block:
        """When most dealers were down, or most had trouble where none was down; the first such time."""
        return max(
            self.blocks, key=lambda block: (block.counts.get(State.DOWN, 0), block.counts.get(State.DEGRADED, 0))
        )

    @property
    def last(self) -> Block:
        """How it stood at the end."""
        return self.blocks[-1]


@dataclass(frozen=True, slots=True)
class Course:
    """What each system did from `since` to `until`, in `columns` columns of `step` each."""

    since: datetime
    until: datetime
    step: timedelta
    columns: int
    dealers: int
    bands: tuple[Band, ...]

    @property
    def by_hour(self) -> bool:
        """Whether the columns are shorter than a day."""
        return self.step < timedelta(days=1)

    def place(self, at: datetime) -> float | None:
        """Where a moment lies, counted in columns from the left; None outside."""
        place = (at - self.since) / self.step
        return round(place, 2) if 0 <= place <= self.columns else None

    @property
    def mark_width(self) -> float:
        """How wide a line is, in columns, that marks a moment."""
        return round(self.columns / 250, 3)

    @property
    def rows(self) -> list[tuple[datetime, list[tuple[str, Block]]]]:
        """The same as a table: each time something differs from the column before, with every system's counts."""
        moments = sorted({block.start for band in self.bands for block in band.blocks})
        return [
            (self.since + start * self.step, [(band.label, _block_at(band.blocks, start)) for band in self.bands])
            for start in moments
        ]


def course(dealer_ids: Collection[int], *, systems: Sequence[str], since: datetime, until: datetime) -> Course:
    """How these dealers' systems were from `since` to `until` (after it), as each column ended. One query.

    A dealer that nothing was said of counts as not known. Trouble that began and ended within one column is not seen.
    """
    hours = (until - since) / _HOUR
    step_hours = next((step for step in _STEPS if hours / step <= MOST_COLUMNS), _DAY_HOURS)
    step_hours *= max(1, math.ceil(hours / step_hours / MOST_COLUMNS))
    first = _floor(since, step_hours)
    step = timedelta(hours=step_hours)
    columns = max(1, math.ceil((until - first) / step))
    edges = [first + number * step for number in range(columns)]
    moves: dict[str, list[tuple[int, str, int]]] = defaultdict(list)
    parameters: dict[str, Any] = {"edges": edges, "dealers": list(dealer_ids), "systems": list(systems), "until": until}
    with connection.cursor() as cursor:
        cursor.execute(_MOVES, parameters)
        for system, state, slot, moved in cursor.fetchall():
            moves[system].append((slot, state, int(moved)))
    bands = tuple(Band(system, _blocks(moves[system], edges=edges, total=len(dealer_ids))) for system in systems)
    return Course(first, until, step, columns, len(dealer_ids), bands)


def _blocks(moves: Sequence[tuple[int, str, int]], *, edges: Sequence[datetime], total: int) -> tuple[Block, ...]:
    by_slot: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for slot, state, moved in moves:
        by_slot[slot].append((state, moved))
    counts: dict[str, int] = defaultdict(int)
    columns = []
    for slot in range(len(edges) + 1):
        for state, moved in by_slot[slot]:
            counts[state] += moved
        known = sum(number for state, number in counts.items() if state != State.UNKNOWN)
        if slot:
            shown = {state.value: counts[state] for state in _FROM_BELOW if state != State.UNKNOWN}
            columns.append(shown | {State.UNKNOWN.value: total - known})
    blocks, start = [], 0
    for same, group in groupby(columns):
        width = len(list(group))
        blocks.append(Block(start, width, edges[start], same))
        start += width
    return tuple(blocks)


def _block_at(blocks: Sequence[Block], column: int) -> Block:
    return next(block for block in blocks if block.start <= column < block.start + block.width)


def _floor(at: datetime, hours: int) -> datetime:
    """The start of the column: hours and days begin when people's do."""
    local = at.astimezone(_LONDON)
    if hours >= _DAY_HOURS:
        return datetime.combine(local.date(), time(), tzinfo=_LONDON)
    return local.replace(hour=local.hour // hours * hours, minute=0, second=0, microsecond=0)
