"""What the scenario's suppliers say they have, at any time of the outage.

Each line changes about once a day at its own time, so a poll every few minutes meets a few changes. What is left
follows the timeline: shelves empty while nothing is distributed and fill again region by region.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from garagehub.scenario.catalogue import GENUINE_BRANDS, DemoCatalogue, DemoPart, demo_catalogue
from garagehub.scenario.draws import number
from garagehub.scenario.suppliers import (
    DEALER_NETWORK,
    DISTRIBUTOR,
    HUB,
    MOTOR_FACTOR,
    SUPPLIERS,
    DemoBranch,
    DemoSupplier,
    demo_branches,
)
from garagehub.scenario.timeline import DOWN, OPERATIONAL, Timeline

__all__ = ["SUPPLIERS", "DemoSupplier", "supplier_offers"]

# The repair of the example car, AA19AAA: its part is to be had nowhere while the outage lasts.
WANTED = ("coil-spring", "LAND ROVER", "RANGE ROVER EVOQUE", "front")

_PERIOD_S = 86_400
_MASK = 2**64 - 1
_PERCENT = 100

# In percent: genuine parts that no dealer keeps, and those that few keep; the rest many keep.
_KEPT_BY_NOBODY, _KEPT_BY_FEW = 42, 80
_LISTED_FEW, _LISTED_MANY = 9, 34  # percent of a make's dealers that list such a part on their shelf
_BRANCH_LISTED = 7  # percent of the range a dealer's branch of the distributor lists
_DEPOT_LISTED = 45
_HUB_LISTED = 80

# In percent of lines: in stock in ordinary times, and what remains of it late in the outage.
_SHELF_STOCK, _SHELF_LEFT, _SHELF_EMPTIES_IN_DAYS = 62, 20, 12
_BRANCH_STOCK, _CENTRE_STOCK, _CENTRE_LEFT = 55, 93, 8
_FACTOR_STOCK = 72
_CENTRE_BACK_IN_DAYS = 40  # fictional, like all dates of the way back
_NOT_COUNTED = 3  # percent of lines whose quantity nobody has counted


class _Line(NamedTuple):
    """What never changes of one line of a feed."""

    fixed: dict[str, Any]
    branch: DemoBranch
    chance: int
    phase: int
    is_wanted: bool


def supplier_offers(supplier: DemoSupplier, *, seed: int, at: datetime, timeline: Timeline) -> list[dict[str, Any]]:
    """Every line of the supplier's feed at a time, in the shape of the ndjson adapter, in a stable order.

    `seq` is the second (Unix time) of the line's last change: it only grows. Unchanged lines are equal between calls.
    """
    now = int(at.timestamp())
    stock = _Stock(supplier, timeline)
    return [_at_time(line, now=now, stock=stock) for line in _lines(supplier, seed)]


def _at_time(line: _Line, *, now: int, stock: _Stock) -> dict[str, Any]:
    tick = (now - line.phase) // _PERIOD_S
    changed_s = tick * _PERIOD_S + line.phase
    draw = ((line.chance ^ tick * 0x9E3779B97F4A7C15) * 0xBF58476D1CE4E5B9) & _MASK
    draw ^= draw >> 31
    changed_on = date.fromordinal(changed_s // _PERIOD_S + date(1970, 1, 1).toordinal())
    offer = line.fixed.copy()
    offer["seq"] = changed_s
    percent = 0 if line.is_wanted and stock.is_outage(changed_on) else stock.percent(line.branch, changed_on)
    if draw % _PERCENT < percent:
        quantity = 1 + (draw >> 8) % (4 if line.branch.tier == "shelf" else 24)
        offer["quantity"] = quantity
        offer["availability"] = "limited" if quantity == 1 else "in_stock"
    elif draw % _PERCENT >= _PERCENT - _NOT_COUNTED and not line.is_wanted:
        offer["availability"] = "unknown"
    elif line.branch.tier == "central":
        offer["quantity"] = 0
        offer["availability"] = "on_backorder"
        offer["expected_on"] = stock.expected_on(changed_on, wait=7 + (draw >> 16) % 14).isoformat()
    else:
        offer["quantity"] = 0
        offer["availability"] = "out_of_stock"
    return offer


class _Stock:
    """How well a supplier's places are stocked on a day."""

    def __init__(self, supplier: DemoSupplier, timeline: Timeline) -> None:
        self.supplier = supplier
        self.timeline = timeline
        self.started_on = timeline.started_at.astimezone(UTC).date()
        self.known: dict[tuple[str, date], int] = {}

    def is_outage(self, day: date) -> bool:
        """Whether the outage has begun and the parts centre does not yet serve every region."""
        return day >= self.started_on and self._share_served(day) < 1

    def percent(self, branch: DemoBranch, day: date) -> int:
        """The share of lines that are in stock at this place, in percent."""
        key = (branch.code, day)
        if key not in self.known:
            self.known[key] = self._percent(branch, day)
        return self.known[key]

    def expected_on(self, day: date, *, wait: int) -> date:
        """When a missing part comes in: from the manufacturer not before its parts centre is fully back."""
        if self.supplier is DISTRIBUTOR and self.is_outage(day):
            return self.started_on + timedelta(days=_CENTRE_BACK_IN_DAYS + wait)
        return day + timedelta(days=wait)

    def _percent(self, branch: DemoBranch, day: date) -> int:
        if self.supplier is MOTOR_FACTOR:
            return _FACTOR_STOCK
        if self.supplier is DISTRIBUTOR and branch.region is None:
            served = self._share_served(day)
            return round(_CENTRE_LEFT + (_CENTRE_STOCK - _CENTRE_LEFT) * served * served)
        if self.supplier is DISTRIBUTOR:
            return _BRANCH_STOCK
        return self._shelf_percent(branch, day)

    def _shelf_percent(self, branch: DemoBranch, day: date) -> int:
        days = (day - self.started_on).days
        assert branch.region is not None, "a shelf has a place"
        if days <= 0 or self._state(branch.dealer_code, branch.region, day) == OPERATIONAL:
            return _SHELF_STOCK
        gone = min(days, _SHELF_EMPTIES_IN_DAYS) / _SHELF_EMPTIES_IN_DAYS
        return round(_SHELF_STOCK - (_SHELF_STOCK - _SHELF_LEFT) * gone)

    def _share_served(self, day: date) -> float:
        key = ("served", day)
        if key not in self.known:
            served = [self._state("", region, day) != DOWN for region in range(12)]
            self.known[key] = round(_PERCENT * sum(served) / len(served))
        return self.known[key] / _PERCENT

    def _state(self, dealer_code: str, region: int, day: date) -> str:
        at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        return self.timeline.state(dealer_code=dealer_code, region=region, system="parts_distribution", at=at)


@lru_cache(maxsize=8)
def _lines(supplier: DemoSupplier, seed: int) -> tuple[_Line, ...]:
    catalogue = demo_catalogue(seed)
    facts = _Facts(catalogue)
    lines = []
    parts = [part for part in catalogue.parts if part.brand in supplier.brands]
    for branch in demo_branches(supplier, seed=seed):
        brands = {GENUINE_BRANDS[make] for make in branch.makes}
        for part in parts:
            if supplier is not MOTOR_FACTOR and part.brand not in brands:
                continue
            if not _is_listed(supplier, branch, part, seed=seed):
                continue
            chance = number(seed, supplier.code, branch.code, part.brand, part.number)
            fixed = _fixed(supplier, branch, part, facts=facts, chance=chance)
            lines.append(_Line(fixed, branch, chance, chance % _PERIOD_S, (part.brand, part.number) in facts.wanted))
    return tuple(lines)


class _Facts:
    """What of the catalogue a feed repeats: which numbers are superseded and by what, and the wanted parts."""

    def __init__(self, catalogue: DemoCatalogue) -> None:
        brand_of = {part.number: part.brand for part in catalogue.parts}
        self.superseded = {(brand_of[edge.old], edge.old) for edge in catalogue.supersessions}
        self.replaces: dict[str, list[str]] = {}
        successors: dict[str, list[str]] = {}
        for edge in catalogue.supersessions:
            successors.setdefault(edge.old, []).append(edge.new)
            if edge.kind == "or" and edge.ratio == 1:
                self.replaces.setdefault(edge.new, []).append(edge.old)
        numbers = [
            number
            for repair in catalogue.repairs
            if (repair.kind, repair.make, repair.model, repair.position) == WANTED
            for requirement in repair.requirements
            for number in requirement.part_numbers
        ]
        for part_number in numbers:  # grows while it is read: successors of successors
            numbers.extend(successors.get(part_number, ()))
        self.wanted = {(brand_of[part_number], part_number) for part_number in numbers}


def _is_listed(supplier: DemoSupplier, branch: DemoBranch, part: DemoPart, *, seed: int) -> bool:
    draw = number(seed, "listed", supplier.code, branch.code, part.brand, part.number) % _PERCENT
    if supplier is MOTOR_FACTOR:
        return draw < (_HUB_LISTED if branch.code == HUB else _DEPOT_LISTED)
    if branch.region is None:
        return True
    keeping = number(seed, "kept", part.brand, part.number) % _PERCENT
    if keeping < _KEPT_BY_NOBODY:
        return False
    if supplier is DEALER_NETWORK:
        return draw < (_LISTED_FEW if keeping < _KEPT_BY_FEW else _LISTED_MANY)
    return draw < _BRANCH_LISTED


def _fixed(supplier: DemoSupplier, branch: DemoBranch, part: DemoPart, *, facts: _Facts, chance: int) -> dict[str, Any]:
    markup = 100 + (chance >> 20) % 9 if supplier is not DISTRIBUTOR else 100
    lead = {"shelf": 0, "branch": 1, "central": 2 + (chance >> 30) % 3}[branch.tier]
    return {
        "part_number": part.number,
        "brand": part.brand,
        "branch": branch.code,
        "quantity": None,
        "availability": "unknown",
        "lifecycle": "superseded" if (part.brand, part.number) in facts.superseded else "active",
        "price_pence": part.price_pence * markup // 100,
        "currency": "GBP",
        "lead_time_days": lead,
        "expected_on": None,
        "grade": part.grade,
        "replaces": facts.replaces.get(part.number, []),
        "seq": 0,
    }
