"""Why one vehicle stands as it does: the facts behind its verdict, and which single change would free it.

The verdict is worked out anew by the rules, from the facts as they are now; what is stored is shown beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from dealers.models import System
from garagehub.lib.errors import NotFoundError
from garagehub.lib.geography import REGION_NAMES, UK, has
from parts.blocking import rules, world
from parts.blocking.facts import world_of_vehicle
from parts.blocking.freeing import Changes, names_in
from parts.blocking.models import Override, RepairStatus
from parts.blocking.rules import Masks, Readiness, Reason
from parts.blocking.specification import Decisions, decide
from parts.blocking.world import World
from parts.catalogue.models import Requirement
from parts.stock.models import Branch
from parts.vehicles.models import Defect, Vehicle


@dataclass(frozen=True, slots=True)
class OfferFact:
    """What one branch says of a part, how old that is, and what it counts for here: yes, perhaps, no, or why not."""

    supplier: str
    branch: str
    tier: str
    dealer: str
    availability: str
    quantity: int | None
    confirmed_at: datetime | None
    freshness: str
    counts: str


@dataclass(frozen=True, slots=True)
class OptionFact:
    """A part that would meet a requirement. `needed_with`: only together with the others of that number.

    `fits`: the range of chassis numbers it fits, in words; empty: any.
    """

    part_number: str
    brand: str
    quantity: int
    needed_with: int | None
    state: str
    is_brand_covered: bool
    fits: str
    offers: list[OfferFact]


@dataclass(frozen=True, slots=True)
class RequirementFact:
    """One thing a repair needs, and whether it is to be had."""

    name: str
    by_vin: bool
    state: str
    options: list[OptionFact]


@dataclass(frozen=True, slots=True)
class SystemFact:
    """A dealer system a repair needs, and the dealers of the make by whether theirs is down."""

    system: str
    is_reached: bool
    dealers_up: list[str]
    dealers_down: list[str]


@dataclass(frozen=True, slots=True)
class DefectFact:
    """A defect, what mends it, and what stands in the way. `needs_vin`: which parts fit depends on a VIN not known."""

    text: str
    is_failing: bool
    manual_ref: str
    repair: str
    verdict: str
    reasons: list[str]
    requirements: list[RequirementFact]
    systems: list[SystemFact]
    overrides: list[str]
    needs_vin: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything behind a vehicle's verdict in a region."""

    region: str
    at: datetime
    verdict: str
    reasons: list[str]
    stored: str
    since: datetime | None
    defects: list[DefectFact]
    would_free: list[str]


def explain(registration: str, *, at: datetime, region: int | None = None) -> Explanation:
    """Explain the vehicle with this plate (compared as stored), where it is kept or in another region.

    NotFoundError if no vehicle has the plate.
    """
    vehicle = Vehicle.objects.filter(registration=registration).first()
    if vehicle is None:
        raise NotFoundError("No vehicle with this number plate is known here.", code="vehicle_not_found")
    return explain_vehicle(vehicle, at=at, region=region)


def explain_vehicle(vehicle: Vehicle, *, at: datetime, region: int | None = None) -> Explanation:
    """Explain a vehicle where it is kept, or as if it were kept in `region`."""
    facts = world_of_vehicle(vehicle.pk)
    place = vehicle.region if region is None else region
    facts = replace(facts, vehicles={vehicle.pk: replace(facts.vehicles[vehicle.pk], region=place)})
    decided = decide(facts, at=at)
    status = decided.statuses[vehicle.pk]
    stored = RepairStatus.objects.filter(vehicle=vehicle).first()
    teller = _Teller(facts, decided, place, at)
    return Explanation(
        region=REGION_NAMES[place],
        at=at,
        verdict=status.verdict,
        reasons=reason_codes(status.reasons),
        stored=stored.status if stored else "",
        since=stored.since if stored else None,
        defects=[
            teller.defect(defect) for defect in Defect.objects.filter(vehicle=vehicle).order_by("-is_failing", "id")
        ],
        would_free=list(dict.fromkeys(Changes(teller.names, facts, decided, at).would_free(vehicle.pk))),
    )


def reason_codes(reasons: int) -> list[str]:
    """The codes of a set of reasons, in the order of their bits."""
    return [reason.name.lower() for reason in Reason if reason & reasons and reason.name]


class _Teller:
    """Puts the facts of one vehicle's world into words."""

    def __init__(self, facts: World, decided: Decisions, region: int, at: datetime) -> None:
        self.facts, self.decided, self.region, self.at = facts, decided, region, at
        self.names = names = names_in(facts)
        self.numbers, self.suppliers = names.numbers, names.suppliers
        self.dealers, self.repairs = names.dealers, names.repairs
        self.branches = Branch.objects.in_bulk(facts.branches)
        self.requirements = Requirement.objects.in_bulk(facts.requirements)

    def defect(self, defect: Defect) -> DefectFact:
        need = self.decided.needs.get(defect.pk)
        found = self.decided.readiness[need.repair, need.split] if need and need.repair else None
        reasons = Reason(0)
        if need is not None:
            reasons = rules.reasons(found, self.region, needs_nothing=need.needs_nothing)
        return DefectFact(
            text=str(defect),
            is_failing=defect.is_failing,
            manual_ref=defect.manual_ref,
            repair=self._repair_name(need, defect),
            verdict=rules.verdict(reasons, has_failed=True) if need else "",
            reasons=reason_codes(reasons),
            requirements=[
                self._requirement(requirement, need.split)
                for requirement in self.facts.requirements.values()
                if need and requirement.repair == need.repair
            ],
            systems=self._systems(need, found) if need and found else [],
            overrides=[
                f"{override.get_kind_display()}: {override.reason} (until {override.expires_at:%d %B %Y})"
                for override in Override.objects.filter(repair=need.repair if need else None, expires_at__gt=self.at)
                if override.repair_id
            ],
            needs_vin=bool(need and need.repair in self.decided.splits and not need.split),
        )

    def _repair_name(self, need: rules.Need | None, defect: Defect) -> str:
        if need is None:
            return "not known, and only advised"
        if need.repair:
            return str(self.repairs[need.repair])
        if need.needs_nothing:
            return "nothing but time and tools"
        # Of several repairs by year, none was that of this car.
        kind = self.facts.references.get((defect.manual_scheme, defect.manual_ref))
        years = sorted({repair.years for repair in self.repairs.values() if repair.kind_id == kind and repair.years})
        if not years:
            return "not known"
        year = self.facts.vehicles[defect.vehicle_id].year
        return f"not known: it differs by year ({'; '.join(years)}), and the car is of {year or 'a year not known'}"

    def _requirement(self, requirement: world.Requirement, split: int) -> RequirementFact:
        starts = self.decided.splits.get(requirement.repair, [])
        options = [
            option
            for option in self.facts.options
            if option.requirement == requirement.id and (not split or rules.fits(option, starts[split - 1]))
        ]
        each = [split] if split else range(1, len(starts) + 1) or [0]
        masks = [self.decided.requirements[requirement.id, number] for number in each]
        whole = Masks(
            ready=rules.all_masks(masks).ready, possible=rules.any_of(found.possible for found in masks), stocked=0
        )
        return RequirementFact(
            name=str(self.requirements[requirement.id]),
            by_vin=requirement.by_vin,
            state=_state(whole, self.region),
            options=[self._option(option) for option in options],
        )

    def _option(self, option: world.Option) -> OptionFact:
        tiers, no = self.decided.availability[option.part]
        is_covered = self.decided.brand_cover[self.facts.parts[option.part]]
        masks = rules.option_masks(option.quantity, tiers, no, is_brand_covered=is_covered)
        number = self.numbers.get(option.part)
        return OptionFact(
            part_number=number.raw if number else "",
            brand=number.brand.name if number else "",
            quantity=option.quantity,
            needed_with=option.bundle,
            state=_state(masks, self.region),
            is_brand_covered=is_covered,
            fits=_range(option.serial_from, option.serial_to),
            offers=[self._offer(offer, option.quantity) for offer in self.facts.offers if offer.part == option.part],
        )

    def _offer(self, offer: world.Offer, quantity: int) -> OfferFact:
        branch = self.branches[offer.branch]
        supplier = self.suppliers[branch.supplier_id]
        dealer = self.dealers.get(branch.dealer_id or 0)
        reach = self.decided.branch_reach[offer.branch]
        here = rules.part_masks([offer], {offer.branch: reach}, min(quantity, rules.TIERS[-1]))
        counts = _state(here, self.region)
        if counts == "no" and has(here.possible, UK):
            counts = "not delivered here"
        elif counts == "no" and has(here.stocked, UK):
            counts = "cannot be ordered"
        return OfferFact(
            supplier=supplier.name,
            branch=str(branch),
            tier=branch.tier,
            dealer=dealer.name if dealer else "",
            availability=offer.availability,
            quantity=offer.quantity,
            confirmed_at=supplier.confirmed_at,
            freshness=supplier.freshness(at=self.at),
            counts=counts,
        )

    def _systems(self, need: rules.Need, found: Readiness) -> list[SystemFact]:
        repair = self.facts.repairs[need.repair or 0]
        make = self.facts.models[repair.model]
        must_identify = any(
            requirement.repair == repair.id
            and (requirement.by_vin or all(option.requirement != requirement.id for option in self.facts.options))
            for requirement in self.facts.requirements.values()
        )
        asked = (
            (System.PARTS_CATALOGUE, must_identify, found.identify),
            (System.DIAGNOSTICS, repair.needs_diagnostics, found.diagnostics),
            (System.PROGRAMMING, repair.needs_programming, found.programming),
        )
        serving = [d for d in self.facts.dealers.values() if d.is_active and make in d.makes]
        return [
            SystemFact(
                system=system,
                is_reached=has(mask, self.region),
                dealers_up=[self.dealers[d.id].name for d in serving if system not in d.down],
                dealers_down=[self.dealers[d.id].name for d in serving if system in d.down],
            )
            for system, is_asked, mask in asked
            if is_asked
        ]


def _range(serial_from: str, serial_to: str) -> str:
    if serial_from and serial_to:
        return f"chassis {serial_from} to {serial_to}"
    if serial_from:
        return f"from chassis {serial_from}"
    return f"up to chassis {serial_to}" if serial_to else ""


def _state(masks: Masks, region: int) -> str:
    if has(masks.ready, region):
        return "yes"
    return "perhaps" if has(masks.possible, region) else "no"
