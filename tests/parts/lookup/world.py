"""A world of one model, one repair and two sources, built with the real importer and decided by the real engine."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from parts.blocking.decide import decide
from parts.catalogue.mapping import kind_for, sync_reference_data
from parts.catalogue.models import Brand, Part, PartNumber, Repair, RepairKind, Requirement, RequirementPart
from parts.catalogue.numbers import normalise
from parts.stock.models import Branch, Offer, Supplier
from parts.vehicles.importing import import_reply
from parts.vehicles.models import VehicleModel
from tests import factories

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SPRING = "Nearside Front Coil spring fractured or broken (5.3.1 (b) (i))"


class World:
    """An Evoque model whose front coil spring is LR123456, genuine, and what sources say of it."""

    def __init__(self) -> None:
        sync_reference_data()
        self.dealer = factories.dealer("LAND ROVER", region=4, latitude=52.63, longitude=-1.13, name="Leicester Test")
        self.model = VehicleModel.objects.create(make=factories.make("LAND ROVER"), name="RANGE ROVER EVOQUE")
        self.brand = Brand.objects.create(name="LAND ROVER", slug="land-rover")
        self.part = self.new_part("LR123456", "Coil spring, front")
        kind = RepairKind.objects.get(slug=kind_for("current", "5.3.1 (b) (i)"))
        self.repair = Repair.objects.create(
            kind=kind, model=self.model, position="front" if kind.position_by == "axle" else ""
        )
        requirement = Requirement.objects.create(repair=self.repair, name="Coil spring")
        RequirementPart.objects.create(requirement=requirement, part=self.part)
        self.supplier = self.new_supplier("acme", "Acme Parts")

    def new_part(self, number: str, description: str, *, brand: Brand | None = None, **fields: Any) -> Part:
        part = Part.objects.create(brand=brand or self.brand, description=description, **fields)
        PartNumber.objects.create(part=part, brand=part.brand, raw=number, norm=normalise(number))
        return part

    def new_supplier(self, code: str, name: str, *, age: timedelta = timedelta(0)) -> Supplier:
        supplier = Supplier.objects.create(code=code, name=name, confirmed_at=NOW - age)
        supplier.brands.add(self.brand)
        return supplier

    def offer(self, part: Part | None = None, *, supplier: Supplier | None = None, **fields: Any) -> Offer:
        """An offer at a branch of its own; `dealer`, `tier` and `reach` are the branch's."""
        place = {name: fields.pop(name) for name in ("dealer", "tier", "reach") if name in fields}
        source = supplier or self.supplier
        branch = Branch.objects.create(supplier=source, code=f"b{Branch.objects.count()}", **place)
        values = {"quantity": 3, "availability": "in_stock", "changed_at": NOW, "price_pence": 9_900} | fields
        return Offer.objects.create(branch=branch, part=part or self.part, **values)

    def vehicle(self, registration: str = "AA91AAA", *defects: str | dict[str, Any], passed_until: str = "") -> None:
        """A car that failed yesterday on these defects (a text is a major one), or passed if there are none."""
        tests = [
            {
                "completedDate": "2026-11-21T10:00:00.000Z",
                "testResult": "FAILED" if defects else "PASSED",
                "expiryDate": None if defects else "2027-11-20",
                "motTestNumber": f"1{abs(hash(registration)) % 10**11:011}",
                "dataSource": "DVSA",
                "defects": [
                    d if isinstance(d, dict) else {"text": d, "type": "MAJOR", "dangerous": False} for d in defects
                ],
            }
        ]
        if passed_until:
            tests.append(
                {
                    "completedDate": "2025-12-01T10:00:00.000Z",
                    "testResult": "PASSED",
                    "expiryDate": passed_until,
                    "motTestNumber": f"2{abs(hash(registration)) % 10**11:011}",
                    "dataSource": "DVSA",
                    "defects": [],
                }
            )
        reply = {
            "registration": registration,
            "make": "LAND ROVER",
            "model": "RANGE ROVER EVOQUE",
            "firstUsedDate": "2019-03-29",
            "registrationDate": "2019-03-29",
            "motTests": tests,
        }
        import_reply(json.dumps(reply).encode(), at=NOW)

    def decide(self) -> None:
        decide(at=NOW, full=True)
