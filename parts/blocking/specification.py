"""The rules run over a whole world: what the SQL must give. Plain Python, as slow as it is plain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from parts.blocking import rules
from parts.blocking.rules import Masks, Need, Readiness, Reason, Status, Systems
from parts.blocking.world import Offer, Override, Repair, World


@dataclass(frozen=True, slots=True)
class Decisions:
    """What follows from a world: every derived row that the database holds, and every vehicle's status."""

    branch_reach: dict[int, Masks]
    brand_cover: dict[int, bool]
    make_reach: dict[int, Systems]
    availability: dict[int, tuple[list[Masks], int]]
    requirements: dict[int, Masks]
    readiness: dict[int, Readiness]
    needs: dict[int, Need]
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
    requirements, identified = _requirements(world, brand_cover, availability)
    readiness = _readiness(world, make_reach, requirements, identified, at=at)
    needs = _needs(world)
    return Decisions(
        branch_reach=branch_reach,
        brand_cover=brand_cover,
        make_reach=make_reach,
        availability=availability,
        requirements=requirements,
        readiness=readiness,
        needs=needs,
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


def _requirements(
    world: World, brand_cover: Mapping[int, bool], availability: Mapping[int, tuple[list[Masks], int]]
) -> tuple[dict[int, Masks], set[int]]:
    """The masks of each requirement, and those whose part must be identified by VIN."""
    bundles: defaultdict[int, defaultdict[object, list[Masks]]] = defaultdict(lambda: defaultdict(list))
    for option in world.options:
        tiers, no = availability[option.part]
        masks = rules.option_masks(option.quantity, tiers, no, is_brand_covered=brand_cover[world.parts[option.part]])
        key = ("part", option.part) if option.bundle is None else ("bundle", option.bundle)
        bundles[option.requirement][key].append(masks)
    known = {requirement: list(bundles[requirement].values()) for requirement in world.requirements}
    return (
        {
            requirement.id: rules.requirement_masks(known[requirement.id], by_vin=requirement.by_vin)
            for requirement in world.requirements.values()
        },
        {
            requirement.id
            for requirement in world.requirements.values()
            if requirement.by_vin or not known[requirement.id]
        },
    )


def _readiness(
    world: World,
    make_reach: Mapping[int, Systems],
    requirements: Mapping[int, Masks],
    identified: Container[int],
    *,
    at: datetime,
) -> dict[int, Readiness]:
    needed: defaultdict[int, list[tuple[Masks, bool]]] = defaultdict(list)
    for requirement in world.requirements.values():
        needed[requirement.repair].append((requirements[requirement.id], requirement.id in identified))
    return {
        repair.id: rules.readiness(
            repair,
            needed[repair.id],
            make_reach[world.models[repair.model]],
            [o for o in world.overrides if o.kind == rules.Word.REPAIR_IMPOSSIBLE and o.target == repair.id],
            at=at,
        )
        for repair in world.repairs.values()
    }


def _needs(world: World) -> dict[int, Need]:
    repairs: dict[tuple[int, int | None, str], Repair] = {
        (repair.kind, repair.model, repair.position): repair for repair in world.repairs.values()
    }
    found = {}
    for defect in world.defects.values():
        kind = world.references.get((defect.scheme, defect.ref))
        need = rules.need(
            defect, world.vehicles[defect.vehicle], world.kinds[kind] if kind is not None else None, repairs
        )
        if need is not None:
            found[defect.id] = need
    return found


def _statuses(vehicles: Iterable[int], needs: Iterable[Need], readiness: Mapping[int, Readiness]) -> dict[int, Status]:
    named = {vehicle: {True: Reason(0), False: Reason(0)} for vehicle in vehicles}
    failed = set()
    for need in needs:
        found = readiness[need.repair] if need.repair is not None else None
        named[need.vehicle][need.is_failing] |= rules.reasons(found, need.region, needs_nothing=need.needs_nothing)
        if need.is_failing:
            failed.add(need.vehicle)
    return {
        vehicle: Status(rules.verdict(by[True], has_failed=vehicle in failed), by[True], by[False])
        for vehicle, by in named.items()
    }
