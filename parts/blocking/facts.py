"""Read the facts a decision stands on as plain values, to explain it or to hold the SQL against the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from itertools import chain

from django.db.models import Q

from dealers.models import Dealer, Make, State, Status
from parts.blocking import rules, world
from parts.blocking.models import Override, RequirementOption
from parts.blocking.world import World
from parts.catalogue.models import Brand, ManualReference, Part, Repair, RepairKind, Requirement
from parts.stock.models import Branch, Offer, Supplier
from parts.vehicles.models import Defect, Vehicle, VehicleModel


def world_of_vehicle(vehicle_id: int) -> World:
    """The facts that decide one vehicle: its defects, what mends them, who has the parts, and its make's dealers."""
    vehicle = Vehicle.objects.select_related("model").get(pk=vehicle_id)
    references = Defect.objects.filter(vehicle=vehicle).values_list("manual_scheme", "manual_ref")
    kinds = {
        kind
        for scheme, ref in set(references)
        for kind in ManualReference.objects.filter(scheme=scheme, ref=ref).values_list("kind", flat=True)
    }
    repairs = Q(model=vehicle.model_id, kind__in=kinds)
    repair_ids = list(Repair.objects.filter(repairs).values_list("id", flat=True))
    parts = list(RequirementOption.objects.filter(repair__in=repair_ids).values_list("part", flat=True).distinct())
    branches = list(Offer.objects.filter(part__in=parts).values_list("branch", flat=True).distinct())
    holders = Branch.objects.filter(pk__in=branches, dealer__isnull=False).values_list("dealer", flat=True)
    make = vehicle.model.make_id if vehicle.model else None
    return _gather(
        vehicles=Q(pk=vehicle_id),
        repairs=Q(pk__in=repair_ids),
        parts=Q(pk__in=parts),
        branches=Q(pk__in=branches),
        dealers=Q(pk__in=set(holders)) | Q(pk__in=Dealer.makes.through.objects.filter(make=make).values("dealer")),
        makes=Q(pk=make),
    )


def _gather(*, vehicles: Q, repairs: Q, parts: Q, branches: Q, dealers: Q, makes: Q) -> World:
    vehicle_facts = {
        row[0]: world.Vehicle(*row[:4], year=rules.year_made(*row[4:]))
        for row in Vehicle.objects.filter(vehicles).values_list(
            "id", "model", "region", "vin_last8",
            "manufacture_year", "manufactured_on", "first_used_on", "registered_on",
        )
    }  # fmt: skip
    repair_facts = {
        row[0]: world.Repair(*row)
        for row in Repair.objects.filter(repairs).values_list(
            "id", "kind", "model", "position", "needs_diagnostics", "needs_programming", "year_from", "year_to"
        )
    }
    part_brands = dict(Part.objects.filter(parts).values_list("id", "brand"))
    requirements = {
        row[0]: world.Requirement(*row)
        for row in Requirement.objects.filter(repair__in=repair_facts).values_list("id", "repair", "by_vin")
    }
    options = RequirementOption.objects.filter(requirement__in=requirements)
    defects = Defect.objects.filter(vehicle__in=vehicle_facts)
    offers = Offer.objects.filter(part__in=part_brands)
    fields = ("requirement", "part", "quantity", "bundle", "serial_from", "serial_to")
    kinds = RepairKind.objects.values_list("id", "position_by", "needs_nothing")
    return World(
        suppliers=_suppliers(),
        dealers=_dealers(dealers),
        branches=_branches(branches),
        brands=frozenset(Brand.objects.values_list("id", flat=True)),
        makes=frozenset(Make.objects.filter(makes).values_list("id", flat=True)),
        models=dict(VehicleModel.objects.filter(make__in=Make.objects.filter(makes)).values_list("id", "make")),
        parts=part_brands,
        offers=tuple(world.Offer(*row) for row in offers.values_list("branch", "part", "availability", "quantity")),
        overrides=_overrides(part_brands, repair_facts),
        kinds={row[0]: world.Kind(*row) for row in kinds},
        references=_references(),
        repairs=repair_facts,
        requirements=requirements,
        options=tuple(world.Option(*row) for row in options.values_list(*fields)),
        vehicles=vehicle_facts,
        defects={
            row[0]: world.Defect(*row)
            for row in defects.values_list("id", "vehicle", "manual_scheme", "manual_ref", "longitudinal", "is_failing")
        },
    )


def _branches(branches: Q) -> dict[int, world.Branch]:
    rows = Branch.objects.filter(branches).values_list("id", "supplier", "tier", "reach", "dealer")
    return {row[0]: world.Branch(*row) for row in rows}


def _references() -> dict[tuple[str, str], int | None]:
    rows = ManualReference.objects.values_list("scheme", "ref", "kind")
    return {(scheme, ref): kind for scheme, ref, kind in rows}


def _suppliers() -> dict[int, world.Supplier]:
    brands: defaultdict[int, set[int]] = defaultdict(set)
    for supplier, brand in Supplier.brands.through.objects.values_list("supplier", "brand"):
        brands[supplier].add(brand)
    rows = Supplier.objects.values_list("id", "confirmed_at", "warn_after_s", "error_after_s")
    return {row[0]: world.Supplier(*row, brands=frozenset(brands[row[0]])) for row in rows}


def _dealers(dealers: Q) -> dict[int, world.Dealer]:
    makes: defaultdict[int, set[int]] = defaultdict(set)
    for dealer, make in Dealer.makes.through.objects.values_list("dealer", "make"):
        makes[dealer].add(make)
    down: defaultdict[int, set[str]] = defaultdict(set)
    for dealer, system in Status.objects.filter(state=State.DOWN).values_list("dealer", "system"):
        down[dealer].add(system)
    rows = Dealer.objects.filter(dealers).values_list("id", "region", "is_active")
    return {row[0]: world.Dealer(*row, makes=frozenset(makes[row[0]]), down=frozenset(down[row[0]])) for row in rows}


def _overrides(parts: Collection[int], repairs: Collection[int]) -> tuple[world.Override, ...]:
    fields = ("regions", "expires_at")
    return tuple(
        world.Override(*row)
        for row in chain(
            Override.objects.filter(part__in=parts).values_list("kind", "part", *fields),
            Override.objects.filter(repair__in=repairs).values_list("kind", "repair", *fields),
        )
    )
