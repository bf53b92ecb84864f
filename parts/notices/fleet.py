"""A garage's watch lists as it reads them in the morning: whoever is off the road comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from dealers.models import Dealer
from garagehub.lib.errors import DomainError
from parts.blocking.models import Verdict
from parts.lookup.answer import look_up_from
from parts.lookup.place import Place
from parts.lookup.supply import Seen, Supply, supplies_of
from parts.notices import watches
from parts.notices.models import Supply as SupplyState
from parts.notices.models import Watch
from parts.vehicles.road import Road

LATELY: Final = timedelta(days=1)

_ROAD_FIRST = (
    Road.DO_NOT_DRIVE,
    Road.REPAIR_OR_TEST_JOURNEY_ONLY,
    Road.MAY_DRIVE_UNTIL,
    Road.UNKNOWN,
    Road.VALID,
    Road.NOT_DUE,
    Road.OFF_ROAD_BY_CHOICE,
)
_VERDICT_FIRST = (Verdict.BLOCKED, Verdict.UNKNOWN, Verdict.REPAIRABLE, Verdict.NO_REPAIR_NEEDED)
_SUPPLY_FIRST = (SupplyState.BLOCKED, SupplyState.UNKNOWN, SupplyState.READY)


@dataclass(frozen=True, slots=True)
class Car:
    """A watched car and the answer about it, or why there is none; `is_changed`: since this time yesterday."""

    watch: Watch
    answer: dict[str, Any] | DomainError
    is_changed: bool


@dataclass(frozen=True, slots=True)
class WatchedPart:
    """A watched part, whether it can be had at the garage's place, and by whom."""

    watch: Watch
    state: str
    supply: Supply | None
    is_changed: bool


def cars(dealer: Dealer, *, at: datetime) -> list[Car]:
    """The cars a garage watches, seen from its place: who may not drive first, then whose MOT ends first.

    Constant queries for any number.
    """
    rows = watches.of_vehicles(dealer)
    plates = [row.vehicle.registration or "" if row.vehicle else "" for row in rows]
    answers = look_up_from(plates, place=_place(dealer), at=at) if rows else []
    found = [Car(row, answer, _is_changed(row, at=at)) for row, answer in zip(rows, answers, strict=True)]
    return sorted(found, key=_who_first)


def parts(dealer: Dealer, *, at: datetime) -> list[WatchedPart]:
    """The parts a garage watches: those nobody can send first. Constant queries for any number."""
    rows = watches.of_parts(dealer)
    seen = {row.part_id: Seen(row.part_id, dealer.region) for row in rows if row.part_id}
    supplies = supplies_of(seen.values(), place=_place(dealer), at=at) if rows else {}
    found = []
    for row in rows:
        supply = supplies.get(seen[row.part_id]) if row.part_id else None
        found.append(WatchedPart(row, _state(supply), supply, _is_changed(row, at=at)))
    return sorted(found, key=lambda one: (_SUPPLY_FIRST.index(SupplyState(one.state)), one.watch.pk))


def _place(dealer: Dealer) -> Place:
    return Place(dealer.region, dealer.latitude, dealer.longitude)


def _is_changed(watch: Watch, *, at: datetime) -> bool:
    return watch.changed_at is not None and watch.changed_at >= at - LATELY


def _who_first(car: Car) -> tuple[int, str, int, int]:
    if isinstance(car.answer, DomainError):
        return len(_ROAD_FIRST), "", 0, car.watch.pk
    road = car.answer["road"]
    ends = road["until"] or road["mot_expires_on"] or date.max
    return (
        _ROAD_FIRST.index(road["status"]),
        ends.isoformat() if isinstance(ends, date) else ends,
        _VERDICT_FIRST.index(Verdict(car.answer["repair_status"])),
        car.watch.pk,
    )


def _state(supply: Supply | None) -> str:
    if supply is None:
        return SupplyState.UNKNOWN.value
    if supply.is_ready:
        return SupplyState.READY.value
    return SupplyState.UNKNOWN.value if supply.is_possible else SupplyState.BLOCKED.value
