"""Where dealers are on the map of the United Kingdom, and how they are.

The outline (`templates/dealers/_uk.svg`) was drawn with the same projection; `docs/map.md` says from what and how.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q

from dealers.board import Filters, dealers, worst
from dealers.models import State
from garagehub.lib.geography import REGION_NAMES

WIDTH, HEIGHT = 244, 442
MOST_DEALERS = 1_000  # more would be a heavy page of marks upon marks

# Degrees east times the cosine of 55 degrees, degrees south, 40 units each, from 8.8 W and 60.95 N.
_WEST, _NORTH, _SCALE = -8.8, 60.95, 40.0
_SQUEEZE = math.cos(math.radians(55))
_CELL, _SPREAD, _GOLDEN_ANGLE = 5.0, 2.4, math.pi * (3 - math.sqrt(5))
_DRAWN_LAST = (State.DOWN, State.DEGRADED, State.UNKNOWN, State.OPERATIONAL)


@dataclass(frozen=True, slots=True)
class Mark:
    """A dealer on the map. `state` is the worst of what is known of the systems looked at."""

    slug: str
    name: str
    town: str
    region: int
    state: str
    x: float
    y: float

    @property
    def word(self) -> str:
        """The state in words."""
        return str(State(self.state).label)


@dataclass(frozen=True, slots=True)
class Atlas:
    """The map: marks in the order they are drawn, and the same dealers by region and name. `hidden`: too many to show."""

    marks: tuple[Mark, ...]
    regions: tuple[tuple[str, tuple[Mark, ...]], ...]
    hidden: int


def project(latitude: float, longitude: float) -> tuple[float, float]:
    """A place as x and y on the map, from its upper left corner."""
    return (longitude - _WEST) * _SQUEEZE * _SCALE, (_NORTH - latitude) * _SCALE


def atlas(filters: Filters) -> Atlas:
    """The dealers asked for that have a place. One query. Past `MOST_DEALERS` none are shown, and `hidden` says how many."""
    states = ArrayAgg("statuses__state", filter=Q(statuses__system__in=filters.systems), default=[])
    rows = (
        dealers(filters)
        .exclude(latitude=None)
        .exclude(longitude=None)
        .annotate(states=states)
        .order_by("name", "pk")
        .values_list("slug", "name", "town", "region", "latitude", "longitude", "states")[: MOST_DEALERS + 1]
    )
    found = _placed(rows)  # type: ignore[arg-type] # those without a place are left out above
    if len(found) > MOST_DEALERS:
        return Atlas((), (), dealers(filters).count())
    by_region = {region: tuple(mark for mark in found if mark.region == region) for region in REGION_NAMES}
    drawn = sorted(found, key=lambda mark: -_DRAWN_LAST.index(State(mark.state)))
    return Atlas(tuple(drawn), tuple((REGION_NAMES[region], marks) for region, marks in by_region.items() if marks), 0)


def _placed(rows: Iterable[tuple[str, str, str, int, float, float, list[str]]]) -> list[Mark]:
    """Marks, those of one place spread around it so that each can be seen."""
    taken: Counter[tuple[int, int]] = Counter()
    found = []
    for slug, name, town, region, latitude, longitude, states in rows:
        x, y = project(latitude, longitude)
        cell = (round(x / _CELL), round(y / _CELL))
        radius, angle = _SPREAD * math.sqrt(taken[cell]), _GOLDEN_ANGLE * taken[cell]
        taken[cell] += 1
        x, y = round(x + radius * math.cos(angle), 1), round(y + radius * math.sin(angle), 1)
        found.append(Mark(slug, name, town, region, worst(states), x, y))
    return found
