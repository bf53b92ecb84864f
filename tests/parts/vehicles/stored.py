"""What is stored, in a form that two imports can be compared by, and ways to import."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

from parts.marks.models import Dirty
from parts.vehicles.importing import Counts, import_stream
from parts.vehicles.models import Defect, MotTest, Vehicle
from tests.parts.vehicles.dvsa_data import encoded

AT = datetime(2025, 10, 1, 9, tzinfo=UTC)


def take(*cars: dict[str, Any], name: str = "cars.jsonl", at: datetime = AT, **options: Any) -> Counts:
    """Import these vehicles as lines of one file."""
    return import_stream(io.BytesIO(encoded(*cars)), name=name, at=at, **options)


def vehicle(registration: str) -> Vehicle:
    return Vehicle.objects.get(registration=registration)


def everything() -> tuple[list[Any], list[Any], list[Any]]:
    """All rows without their ids, nor when the data was current and in what words, which are the file's."""
    cars = Vehicle.objects.select_related("model__make").order_by("registration", "id")
    hidden = {"id", "public_id", "model_id", "source_updated_at", "fingerprint"}
    vehicles = [
        {
            "make": car.model.make.name if car.model else None,
            "model": car.model.name if car.model else None,
            **{
                field.attname: getattr(car, field.attname)
                for field in Vehicle._meta.fields
                if field.attname not in hidden
            },
        }
        for car in cars
    ]
    tests = MotTest.objects.order_by("number").values_list(
        "number", "vehicle__registration", "completed_at", "result", "expires_on", "odometer", "odometer_unit", "source",
        "registration",
    )  # fmt: skip
    defects = Defect.objects.order_by("test__number", "position").values_list(
        "test__number", "vehicle__registration", "position", "text", "category", "is_failing", "manual_scheme",
        "manual_ref", "lateral", "longitudinal", "vertical",
    )  # fmt: skip
    return vehicles, list(tests), list(defects)


def marked() -> set[int]:
    """The vehicles marked to be decided again; forgets them."""
    keys = set(Dirty.objects.filter(kind="v").values_list("key", flat=True))
    Dirty.objects.all().delete()
    return keys


def later(**delta: float) -> datetime:
    return AT + timedelta(**delta)
