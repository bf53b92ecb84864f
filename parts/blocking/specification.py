"""The rules run over a whole world: what the SQL must give. Plain Python, as slow as it is plain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from parts.blocking import rules
from parts.blocking.rules import Masks, Need, Readiness, Reason, Status, Systems
from parts.blocking.world import Offer, Option, Override, Repair, Requirement, World


@dataclass(frozen=True, slots=True)
class Decisions:
    """What follows from a world: every derived row that the database holds, and every vehicle's status.

    `requirements` and `readiness` are by id and split; split 0 is for cars whose VIN is not known, and the only one
    where chassis numbers make no difference. `splits`: where the splits of each repair begin, in order.
    """

    branch_reach: dict[int, Masks]
    brand_cover: dict[int, bool]
    make_reach: dict[int, Systems]
    availability: dict[int, tuple[list[Masks], int]]
    splits: dict[int, list[str]]
    requirements: dict[tuple[int, int], Masks]
    readiness: dict[tuple[int, int], Readiness]
    needs: dict[int, Need]
    demand: dict[int, int]
    statuses: dict[int, Status]


def decide(world: World, *, at: datetime) -> Decisions:
    """Decide everything in a world, layer by layer."""
    suppliers, dealers = world.suppliers, world.dealers
    branch_reach = {
        branch.id: rules.branch_reach(
            branch, suppliers[branch.supplier], dealers[branch.dealer] if branch.dealer is not None else None, at=at
        )
        for branch in world.branches.values()
    }
    brand_cover = {brand: rules.is_covered(brand, suppliers.values(), at=at) for brand in world.brands}
    make_reach = {make: rules.make_reach(make, dealers.values()) for make in world.makes}
    availability = _availability(world, branch_reach, at=at)
    splits = _splits(world)
    met = _requirements(world, brand_cover, availability, splits)
    readiness = _readiness(world, make_reach, met, splits, at=at)
    needs = _needs(world, splits)
    return Decisions(
        branch_reach=branch_reach,
        brand_cover=brand_cover,
        make_reach=make_reach,
        availability=availability,
        splits=splits,
        requirements={key: masks for key, (masks, _) in met.items()},
        readiness=readiness,
        needs=needs,
        demand=_demand(world, needs.values()),
        statuses=_statuses(world.vehicles, needs.values(), readiness),
    )


def _availability(
    world: World, branch_reach: Mapping[int, Masks], *, at: datetime
) -> dict[int, tuple[list[Masks], int]]:
    offers: defaultdict[int, list[Offer]] = defaultdict(list)
    for offer in world.offers:
        offers[offer.part].append(offer)
    overrides: defaultdict[int, list[Override]] = defaultdict(list)
    for override in world.overrides:
        if override.kind != rules.Word.REPAIR_IMPOSSIBLE:
            overrides[override.target].append(override)
    return {part: rules.availability(offers[part], branch_reach, overrides[part], at=at) for part in world.parts}


def _splits(world: World) -> dict[int, list[str]]:
    options: defaultdict[int, list[Option]] = defaultdict(list)
    for option in world.options:
        options[world.requirements[option.requirement].repair].append(option)
    return {repair: starts for repair in world.repairs if (starts := rules.splits(options[repair]))}


def _requirements(
    world: World,
    brand_cover: Mapping[int, bool],
    availability: Mapping[int, tuple[list[Masks], int]],
    splits: Mapping[int, list[str]],
) -> dict[tuple[int, int], tuple[Masks, bool]]:
    """The masks of each requirement in each split, and whether its part must be identified by VIN."""
    options: defaultdict[int, list[Option]] = defaultdict(list)
    for option in world.options:
        options[option.requirement].append(option)

    def met(requirement: Requirement, fitting: Iterable[Option]) -> tuple[Masks, bool]:
        bundles: defaultdict[object, list[Masks]] = defaultdict(list)
        for option in fitting:
            tiers, no = availability[option.part]
            is_covered = brand_cover[world.parts[option.part]]
            key = (option.bundle, None if option.bundle else (option.part, option.serial_from, option.serial_to))
            bundles[key].append(rules.option_masks(option.quantity, tiers, no, is_brand_covered=is_covered))
        known = list(bundles.values())
        return rules.requirement_masks(known, by_vin=requirement.by_vin), requirement.by_vin or not known

    found: dict[tuple[int, int], tuple[Masks, bool]] = {}
    for requirement in world.requirements.values():
        own = options[requirement.id]
        if starts := splits.get(requirement.repair, []):
            each = [met(requirement, (option for option in own if rules.fits(option, start))) for start in starts]
            found |= {(requirement.id, number): masks for number, masks in enumerate(each, 1)}
        else:
            found[requirement.id, 0] = met(requirement, own)
    return found


def _readiness(
    world: World,
    make_reach: Mapping[int, Systems],
    met: Mapping[tuple[int, int], tuple[Masks, bool]],
    splits: Mapping[int, list[str]],
    *,
    at: datetime,
) -> dict[tuple[int, int], Readiness]:
    needed: defaultdict[tuple[int, int], list[tuple[Masks, bool]]] = defaultdict(list)
    for (requirement, split), masks in met.items():
        needed[world.requirements[requirement].repair, split].append(masks)
    found: dict[tuple[int, int], Readiness] = {}
    for repair in world.repairs.values():
        words = [o for o in world.overrides if o.kind == rules.Word.REPAIR_IMPOSSIBLE and o.target == repair.id]
        systems = make_reach[world.models[repair.model]]
        numbers = range(1, len(splits.get(repair.id, ())) + 1) or range(1)
        each = {n: rules.readiness(repair, needed[repair.id, n], systems, words, at=at) for n in numbers}
        found |= {(repair.id, number): one for number, one in each.items()}
        if 0 not in each:
            found[repair.id, 0] = rules.whatever_the_vin(list(each.values()))
    return found


def _needs(world: World, splits: Mapping[int, list[str]]) -> dict[int, Need]:
    repairs: defaultdict[tuple[int, int | None, str], list[Repair]] = defaultdict(list)
    for repair in world.repairs.values():
        repairs[repair.kind, repair.model, repair.position].append(repair)
    found = {}
    for defect in world.defects.values():
        kind = world.references.get((defect.scheme, defect.ref))
        need = rules.need(
            defect, world.vehicles[defect.vehicle], world.kinds[kind] if kind is not None else None, repairs, splits
        )
        if need is not None:
            found[defect.id] = need
    return found


def _demand(world: World, needs: Iterable[Need]) -> dict[int, int]:
    """How many vehicles failed on something whose repair could use a part, where any did."""
    failed: defaultdict[int, set[int]] = defaultdict(set)
    for need in needs:
        if need.is_failing and need.repair is not None:
            failed[need.repair].add(need.vehicle)
    waiting: defaultdict[int, set[int]] = defaultdict(set)
    for option in world.options:
        waiting[option.part] |= failed[world.requirements[option.requirement].repair]
    return {part: len(vehicles) for part, vehicles in waiting.items() if vehicles}


def _statuses(
    vehicles: Iterable[int], needs: Iterable[Need], readiness: Mapping[tuple[int, int], Readiness]
) -> dict[int, Status]:
    named = {vehicle: Reason(0) for vehicle in vehicles}
    failed = set()
    for need in needs:
        if not need.is_failing:
            continue
        failed.add(need.vehicle)
        found = readiness[need.repair, need.split] if need.repair is not None else None
        named[need.vehicle] |= rules.reasons(found, need.region, needs_nothing=need.needs_nothing)
    return {
        vehicle: Status(rules.verdict(reasons, has_failed=vehicle in failed), reasons)
        for vehicle, reasons in named.items()
    }
