from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from parts.vehicles.models import Defect, MotImport, Vehicle, VehicleModel
from tests import factories
from tests.parts.vehicles.dvsa_data import defect, mot, vehicle
from tests.parts.vehicles.stored import AT, marked, take
from tests.parts.vehicles.stored import vehicle as stored

pytestmark = pytest.mark.django_db

MODELS = ["vehiclemodel", "vehicle", "mottest", "defect", "motimport", "rejectedline"]


@pytest.fixture
def admin(client):
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    return client


def page(model, action="changelist", *args):
    return reverse(f"admin:parts_{model}_{action}", args=args)


def grow(first):
    for n in range(first, first + 5):
        test = mot(f"{n:012}", "2025-09-12T10:00:00", "FAILED", defect(), defect(kind="ADVISORY"))
        take(vehicle(f"AB8{n}CDE", test, model=f"MODEL {n}"), {"make": "no plate"})


@pytest.mark.parametrize("model", MODELS)
def test_a_list_takes_as_many_queries_for_many_rows_as_for_few(admin, model):
    grow(0)
    admin.get(page(model))
    with CaptureQueriesContext(connection) as few:
        assert admin.get(page(model)).status_code == 200
    grow(5)
    with CaptureQueriesContext(connection) as many:
        assert admin.get(page(model)).status_code == 200
    assert len(many) == len(few) <= 14


@pytest.mark.parametrize(("typed", "found"), [("ab80 cde", 1), ("AB8", 5), ("KH123456", 1), ("ZZ", 0)])
def test_vehicles_are_found_by_plate_or_its_beginning_or_vin(admin, typed, found):
    grow(0)
    Vehicle.objects.filter(registration="AB81CDE").update(vin_last8="KH123456")
    response = admin.get(page("vehicle"), {"q": typed})
    assert response.context["cl"].result_count == found


@pytest.mark.parametrize(("visit", "found"), [("failed", 5), ("dangerous", 0), ("passed", 0), ("never", 1)])
def test_vehicles_are_filtered_by_their_newest_visit(admin, visit, found):
    grow(0)
    take({"registration": "AB99CDE", "make": "LAND ROVER"})
    assert admin.get(page("vehicle"), {"visit": visit}).context["cl"].result_count == found


def test_what_people_told_us_can_be_changed_and_is_decided_again(admin):
    grow(0)
    car = stored("AB81CDE")
    marked()
    change = page("vehicle", "change", car.pk)
    assert admin.get(change).status_code == 200
    inlines = {f"{name}-{part}_FORMS": 0 for name in ("tests", "defects") for part in ("TOTAL", "INITIAL")}
    response = admin.post(change, {"region": 4, "vin_last8": "KH123456", "open_fails": 0, **inlines})
    assert response.status_code == 302
    car.refresh_from_db()
    assert (car.region, car.vin_last8, car.open_fails) == (4, "KH123456", 1)
    assert marked() == {car.pk}


@pytest.mark.parametrize("model", ["mottest", "defect", "motimport", "rejectedline"])
def test_what_an_import_wrote_is_only_shown(admin, model):
    grow(0)
    row = {"mottest": stored("AB80CDE").tests.first(), "defect": Defect.objects.first()}.get(model) or (
        MotImport.objects.first() if model == "motimport" else MotImport.objects.first().rejected.first()
    )
    change = page(model, "change", row.pk)
    assert admin.get(change).status_code == 200
    assert admin.post(change, {}).status_code == 403
    assert admin.get(page(model, "add")).status_code == 403
    assert admin.post(page(model, "delete", row.pk)).status_code == 403


def test_a_model_shows_how_many_vehicles_there_are_of_it(admin):
    grow(0)
    take(vehicle("AB99CDE", model="MODEL 1"), at=AT)
    assert b">2<" in admin.get(page("vehiclemodel")).content
    assert str(VehicleModel.objects.get(name="MODEL 1")) == "LAND ROVER MODEL 1"
