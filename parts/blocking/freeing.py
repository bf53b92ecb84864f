"""Which single change would free a vehicle: each that could be is tried on the facts, and decided by the rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from dealers.models import Dealer, System
from parts.blocking import rules, world
from parts.blocking.rules import Reason, Verdict
from parts.blocking.specification import Decisions, decide
from parts.blocking.world import World
from parts.catalogue.models import PartNumber, Repair
from parts.stock.models import Supplier


@dataclass(frozen=True, slots=True)
class Names:
    """What things in a world are called, by id."""

    numbers: dict[int, PartNumber]
    suppliers: dict[int, Supplier]
    dealers: dict[int, Dealer]
    repairs: dict[int, Repair]


def names_in(facts: World) -> Names:
    """The names of a world's parts, suppliers, dealers and repairs. Four queries."""
    shown = PartNumber.objects.filter(part__in=facts.parts, is_main=True).select_related("brand")
    repairs = Repair.objects.filter(pk__in=facts.repairs).select_related("kind")
    return Names(
        numbers={number.part_id: number for number in shown},
        suppliers=Supplier.objects.in_bulk(),
        dealers=Dealer.objects.in_bulk(facts.dealers),
        repairs={repair.pk: repair for repair in repairs},
    )


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes that may happen to the world of a vehicle."""

    names: Names
    facts: World
    decided: Decisions
    at: datetime

    def would_free(self, vehicle: int) -> Iterator[str]:
        """The single changes after which nothing stands in the vehicle's way, by the rules."""
        if self.decided.statuses[vehicle].verdict not in {Verdict.BLOCKED, Verdict.UNKNOWN}:
            return
        changes = chain(
            self._parts_arriving(),
            self._sources_back(),
            self._systems_back(),
            self._words(),
            self._vin_known(vehicle),
            self._year_known(vehicle),
            self._repair_known(),
        )
        for told, changed in changes:
            if decide(changed, at=self.at).statuses[vehicle].reasons == Reason(0):
                yield told

    def _parts_arriving(self) -> Iterator[tuple[str, World]]:
        source = world.Supplier(0, self.at, 60, 60)
        shop = world.Branch(0, supplier=0)
        for part, number in self.names.numbers.items():
            offer = world.Offer(0, part, "in_stock", rules.TIERS[-1])
            yield (
                f"{number.brand.name} {number.raw} in stock with someone who delivers here",
                replace(
                    self.facts,
                    suppliers={**self.facts.suppliers, 0: source},
                    branches={**self.facts.branches, 0: shop},
                    offers=(*self.facts.offers, offer),
                ),
            )

    def _sources_back(self) -> Iterator[tuple[str, World]]:
        for supplier in self.facts.suppliers.values():
            if not rules.is_fresh(supplier, at=self.at):
                fresh = replace(supplier, confirmed_at=self.at + timedelta(seconds=1))
                yield (
                    f"{self.names.suppliers[supplier.id].name} answering again, with the data it last sent",
                    replace(self.facts, suppliers={**self.facts.suppliers, supplier.id: fresh}),
                )

    def _systems_back(self) -> Iterator[tuple[str, World]]:
        for system in System:
            lame = [dealer for dealer in self.facts.dealers.values() if system in dealer.down]
            for dealer in lame:
                mended = replace(dealer, down=dealer.down - {system})
                yield (
                    f"{system.label} working again at {self.names.dealers[dealer.id].name}",
                    replace(self.facts, dealers={**self.facts.dealers, dealer.id: mended}),
                )
            if len(lame) > 1:
                mended_all = {dealer.id: replace(dealer, down=dealer.down - {system}) for dealer in lame}
                yield (
                    f"{system.label} working again everywhere",
                    replace(self.facts, dealers={**self.facts.dealers, **mended_all}),
                )

    def _words(self) -> Iterator[tuple[str, World]]:
        for word in self.facts.overrides:
            if word.expires_at > self.at and word.kind != rules.Word.PART_OBTAINABLE:
                yield (
                    "an admin taking back their word on it",
                    replace(self.facts, overrides=tuple(other for other in self.facts.overrides if other != word)),
                )

    def _vin_known(self, vehicle: int) -> Iterator[tuple[str, World]]:
        if self.facts.vehicles[vehicle].vin:
            return
        for starts in self.decided.splits.values():
            for start, end in zip(starts, [*starts[1:], ""], strict=True):
                vin = start or "0" * rules.SERIAL_LENGTH
                if start.endswith(" "):  # just after that number, by its last character
                    vin = start[:-2] + chr(ord(start[-2]) + 1)
                yield f"the VIN being known, if it is {_stretch(start, end)}", self._with(vehicle, vin=vin)

    def _year_known(self, vehicle: int) -> Iterator[tuple[str, World]]:
        if self.facts.vehicles[vehicle].year is not None:
            return
        for repair in self.names.repairs.values():
            if year := repair.year_from or repair.year_to:
                yield f"its year being known, if that is {repair.years}", self._with(vehicle, year=year)

    def _with(self, vehicle: int, **known: Any) -> World:
        changed = replace(self.facts.vehicles[vehicle], **known)
        return replace(self.facts, vehicles={**self.facts.vehicles, vehicle: changed})

    def _repair_known(self) -> Iterator[tuple[str, World]]:
        for defect in self.facts.defects.values():
            need = self.decided.needs.get(defect.id)
            if need and need.is_failing and need.repair is None and not need.needs_nothing:
                others = {key: other for key, other in self.facts.defects.items() if key != defect.id}
                yield (
                    f"somebody saying what mends {defect.ref or 'a failure without a reference'}, if that can be had",
                    replace(self.facts, defects=others),
                )


def _stretch(start: str, end: str) -> str:
    first = f"after {start[:-1]}" if start.endswith(" ") else f"from {start}"
    last = f"up to {end[:-1]}" if end.endswith(" ") else f"before {end}"
    return " ".join([*([first] if start else []), *([last] if end else [])])
