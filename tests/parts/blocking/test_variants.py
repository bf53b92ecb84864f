"""Repairs whose parts or systems differ by chassis number or by year."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from parts.blocking.decide import decide, drain
from parts.blocking.models import Readiness, RepairNeed, RepairStatus
from parts.catalogue.models import Part, PartNumber, Repair, Requirement, RequirementPart
from parts.marks.marks import Mark, mark
from parts.stock.models import Offer
from parts.vehicles.models import Vehicle
from tests.parts.blocking.builders import AT, restock, sell_out, set_status, town

pytestmark = pytest.mark.django_db


@pytest.fixture
def split():
    """A town whose spring fits cars up to EH499999; what fits later ones nobody has."""
    here = town()
    later = Part.objects.create(brand=here.part.brand)
    PartNumber.objects.create(part=later, brand=later.brand, raw="LR2", norm="LR2")
    RequirementPart.objects.update(serial_to="EH499999")
    RequirementPart.objects.create(requirement=here.requirement, part=later, serial_from="EH500000")
    here.later = later
    decide(at=AT)
    return here


def status(vehicle):
    stored = RepairStatus.objects.filter(vehicle=vehicle).first()
    return stored.status if stored else "repairable"


def enter(vehicle, **facts):
    Vehicle.objects.filter(pk=vehicle.pk).update(**facts)
    mark(Mark.VEHICLE, [vehicle.pk])
    drain(at=AT)


def test_without_the_vin_a_part_that_only_some_cars_need_is_neither_had_nor_missing(split):
    assert status(split.vehicle) == "unknown"


def test_the_vin_decides_and_no_catalogue_is_asked(split):
    set_status(split.dealer, "parts_catalogue", "down")

    for vin, expected in [("EH499999", "repairable"), ("EH500000", "blocked"), ("EH5", "unknown"), ("", "unknown")]:
        enter(split.vehicle, vin_last8=vin)
        assert status(split.vehicle) == expected, vin


def test_without_the_vin_a_car_is_ready_if_its_part_is_there_whichever_it_is(split):
    Offer.objects.create(branch=split.branch, part=split.later, quantity=2, availability="in_stock", changed_at=AT)
    mark(Mark.PART, [split.later.pk])
    drain(at=AT)
    assert status(split.vehicle) == "repairable"


def test_without_the_vin_a_car_is_blocked_if_nothing_is_there_whichever_it_is(split):
    sell_out(split.offer)
    drain(at=AT)
    assert status(split.vehicle) == "blocked"


def test_parts_that_are_there_for_different_cars_do_not_make_one_repair(split):
    """The nut of early cars is missing and of late ones there; the spring the other way about: blocked either way."""
    nut = Requirement.objects.create(repair=split.repair, name="nut")
    early, late = (Part.objects.create(brand=split.part.brand) for _ in range(2))
    RequirementPart.objects.create(requirement=nut, part=early, serial_to="EH499999")
    RequirementPart.objects.create(requirement=nut, part=late, serial_from="EH500000")
    Offer.objects.create(branch=split.branch, part=late, quantity=2, availability="in_stock", changed_at=AT)
    mark(Mark.REPAIR, [split.repair.pk])
    mark(Mark.PART, [late.pk])

    drain(at=AT)

    assert status(split.vehicle) == "blocked"


def test_stock_that_comes_and_goes_touches_the_cars_of_its_split_alone(split):
    enter(split.vehicle, vin_last8="EH500000")
    sell_out(split.offer)
    assert next(run.vehicles for run in drain(at=AT)) == 0
    restock(split.offer)
    enter(split.vehicle, vin_last8="EH000001")
    sell_out(split.offer)
    assert next(run.vehicles for run in drain(at=AT)) == 1
    assert status(split.vehicle) == "blocked"


def test_when_ranges_go_so_do_their_rows(split):
    enter(split.vehicle, vin_last8="EH000001")
    assert Readiness.objects.count() == 3
    assert RepairNeed.objects.get().split == 1

    RequirementPart.objects.update(serial_from="", serial_to="")
    mark(Mark.REPAIR, [split.repair.pk])
    drain(at=AT)

    assert Readiness.objects.get().split == RepairNeed.objects.get().split == 0


def test_a_cars_year_picks_the_repair_of_its_year():
    here = town()
    Repair.objects.filter(pk=here.repair.pk).update(year_to=2016)
    later = Repair.objects.create(
        kind=here.repair.kind, model=here.model, position="front", year_from=2017, needs_diagnostics=True
    )
    set_status(here.dealer, "diagnostics", "down")
    decide(at=AT)
    assert RepairStatus.objects.get().reasons == 128  # the year is not known, and no repair is that of all years

    enter(here.vehicle, first_used_on="2017-01-02")
    assert (RepairNeed.objects.get().repair_id, status(here.vehicle)) == (later.pk, "blocked")

    enter(here.vehicle, manufacture_year=2016)  # built the year before it was first used
    assert (RepairNeed.objects.get().repair_id, status(here.vehicle)) == (here.repair.pk, "repairable")


def test_years_of_two_repairs_never_overlap():
    here = town()
    again = Repair(kind=here.repair.kind, model=here.model, position="front", year_from=2017)

    with pytest.raises(ValidationError, match="for all years"):
        again.clean()
    with pytest.raises(IntegrityError, match="parts_repair_years_apart"), transaction.atomic():
        again.save()

    Repair.objects.filter(pk=here.repair.pk).update(year_to=2016)
    again.clean()
    again.save()
    assert str(again) == "Coil spring front, from 2017"
