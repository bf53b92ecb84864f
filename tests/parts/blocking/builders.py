"""One car with one failed spring, one part that mends it, and one supplier who has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from dealers.models import Dealer, Make, Status
from parts.catalogue.models import (
    Brand,
    ManualReference,
    Part,
    PartNumber,
    Repair,
    RepairKind,
    Requirement,
    RequirementPart,
)
from parts.marks.marks import Mark, mark
from parts.stock.models import Branch, Offer, Supplier
from parts.vehicles.models import Defect, MotTest, Vehicle, VehicleModel

AT = datetime(2026, 9, 1, 8, tzinfo=UTC)
LONDON = 7


@dataclass
class Town:
    """What `town` made."""

    make: Make
    model: VehicleModel
    dealer: Dealer
    supplier: Supplier
    branch: Branch
    part: Part
    offer: Offer
    repair: Repair
    requirement: Requirement
    vehicle: Vehicle
    defect: Defect


def town(*, registration: str = "AB91CDE") -> Town:
    """A world in which the one car is repairable, once it is decided."""
    make = Make.objects.create(name="LAND ROVER", slug="land-rover")
    model = VehicleModel.objects.create(make=make, name="RANGE ROVER EVOQUE")
    dealer = Dealer.objects.create(code="R4T02", slug="thames", name="Thames Cars", region=LONDON)
    dealer.makes.add(make)
    brand = Brand.objects.create(name="Land Rover", slug="land-rover")
    supplier = Supplier.objects.create(code="central", name="Central Parts", confirmed_at=AT)
    supplier.brands.add(brand)
    branch = Branch.objects.create(supplier=supplier, code="b1", name="Depot", dealer=dealer, tier="branch")
    part = Part.objects.create(brand=brand, description="Coil spring, front")
    PartNumber.objects.create(part=part, brand=brand, raw="LR 012345", norm="LR012345")
    offer = Offer.objects.create(branch=branch, part=part, quantity=3, availability="in_stock", changed_at=AT)
    kind = RepairKind.objects.create(slug="coil-spring", name="Coil spring", position_by="axle")
    ManualReference.objects.create(scheme="current", ref="5.3.1 (b) (i)", kind=kind)
    repair = Repair.objects.create(kind=kind, model=model, position="front")
    requirement = Requirement.objects.create(repair=repair, name="coil spring", quantity=2)
    RequirementPart.objects.create(requirement=requirement, part=part)
    vehicle, defect = failed_vehicle(model, registration=registration)
    return Town(
        make=make, model=model, dealer=dealer, supplier=supplier, branch=branch, part=part, offer=offer, repair=repair,
        requirement=requirement, vehicle=vehicle, defect=defect,
    )  # fmt: skip


def failed_vehicle(
    model: VehicleModel, *, registration: str, region: int = LONDON, ref: str = "5.3.1 (b) (i)", is_failing: bool = True
) -> tuple[Vehicle, Defect]:
    """A car of this model whose newest test found a front spring broken."""
    vehicle = Vehicle.objects.create(
        registration=registration, model=model, region=region, open_fails=1 if is_failing else 0
    )
    test = MotTest.objects.create(vehicle=vehicle, number=registration, completed_at=AT, result="failed")
    defect = Defect.objects.create(
        vehicle=vehicle,
        test=test,
        position=0,
        text="Nearside Front Coil spring fractured or broken",
        category="major" if is_failing else "advisory",
        is_failing=is_failing,
        manual_scheme="current",
        manual_ref=ref,
        longitudinal="front",
    )
    return vehicle, defect


def set_status(dealer: Dealer, system: str, state: str) -> None:
    """What we say of a system at a dealer from now on."""
    Status.objects.update_or_create(
        dealer=dealer, system=system, defaults={"state": state, "since": AT, "decided_at": AT}
    )


def sell_out(offer: Offer) -> None:
    """The supplier's next snapshot says there is none left."""
    Offer.objects.filter(pk=offer.pk).update(quantity=0, availability="out_of_stock")
    mark(Mark.PART, [offer.part_id])


def restock(offer: Offer, quantity: int = 3) -> None:
    """The supplier's next snapshot says there are some again."""
    Offer.objects.filter(pk=offer.pk).update(quantity=quantity, availability="in_stock")
    mark(Mark.PART, [offer.part_id])


def mend(vehicle: Vehicle) -> None:
    """The vehicle passes its next test."""
    Defect.objects.filter(vehicle=vehicle).delete()
    Vehicle.objects.filter(pk=vehicle.pk).update(open_fails=0)
    mark(Mark.VEHICLE, [vehicle.pk])
