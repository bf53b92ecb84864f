"""Builders of catalogue rows."""

from __future__ import annotations

from collections import Counter

import pytest

from dealers.models import Make
from parts.catalogue.models import Brand, Part, PartNumber, Repair, RepairKind, Requirement, RequirementPart
from parts.catalogue.numbers import normalise
from parts.marks.models import Dirty
from parts.vehicles.models import VehicleModel


def make_part(number: str, *, brand: str = "Land Rover", description: str = "Coil spring") -> Part:
    """A part with its shown number; the brand is made if new."""
    owner, _ = Brand.objects.get_or_create(name=brand, defaults={"slug": brand.lower().replace(" ", "-")})
    part = Part.objects.create(brand=owner, description=description)
    PartNumber.objects.create(part=part, brand=owner, raw=number, norm=normalise(number))
    return part


def make_repair(*requirements: tuple[int, list[Part]], kind: str = "coil-spring", position: str = "front") -> Repair:
    """A repair of the Evoque with a requirement per (quantity, parts)."""
    made, _ = RepairKind.objects.get_or_create(slug=kind, defaults={"name": kind})
    make, _ = Make.objects.get_or_create(name="LAND ROVER", defaults={"slug": "land-rover"})
    model, _ = VehicleModel.objects.get_or_create(make=make, name="RANGE ROVER EVOQUE")
    repair = Repair.objects.create(kind=made, model=model, position=position)
    for quantity, parts in requirements:
        requirement = Requirement.objects.create(repair=repair, name="a part", quantity=quantity)
        RequirementPart.objects.bulk_create(RequirementPart(requirement=requirement, part=part) for part in parts)
    return repair


@pytest.fixture
def take_marks():
    """A function giving the marks since it was last called, as a count of (kind, key)."""

    def take() -> Counter[tuple[str, int]]:
        marks = Counter(Dirty.objects.values_list("kind", "key"))
        Dirty.objects.all().delete()
        return marks

    return take
