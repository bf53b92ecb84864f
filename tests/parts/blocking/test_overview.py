"""In the admin: blocked vehicles by day, and what was decided beside vehicles and parts."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from parts.blocking import history
from parts.blocking.decide import decide
from parts.blocking.models import BlockedDay
from parts.blocking.scarcity import scarcity
from parts.catalogue.models import RequirementPart
from parts.vehicles.models import Vehicle
from tests.parts.blocking.builders import AT, failed_vehicle, sell_out, town

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin_client(client, django_user_model):
    """Not pytest-django's, which asks for a user name."""
    client.force_login(django_user_model.objects.create_superuser(email="admin@example.org", password="correct horse"))
    return client


@pytest.fixture
def blocked():
    """A town whose car is blocked now."""
    here = town()
    now = timezone.now()
    here.supplier.confirmed_at = now
    here.supplier.save()
    sell_out(here.offer)
    decide(at=now)
    return here


def test_blocked_days_are_charted_and_downloaded(admin_client, blocked):
    history.count_days(at=timezone.now())

    page = admin_client.get(reverse("admin:parts_blockedday_changelist"))
    assert page.status_code == 200
    assert b"1 blocked, 0 not known, 1 became blocked, 0 no longer" in page.content

    as_csv = admin_client.get(reverse("admin:parts_blockedday_csv")).content.decode()
    assert "LAND ROVER,RANGE ROVER EVOQUE,London,part_unavailable,1,0,1,0" in as_csv
    rows = json.loads(b"".join(admin_client.get(reverse("admin:parts_blockedday_json")).streaming_content))
    assert {row["reason"]: row["blocked"] for row in rows} == {"any": 1, "part_unavailable": 1}


def test_without_counts_there_is_no_chart_and_an_empty_download(admin_client):
    assert b"<rect" not in admin_client.get(reverse("admin:parts_blockedday_changelist")).content
    assert json.loads(b"".join(admin_client.get(reverse("admin:parts_blockedday_json")).streaming_content)) == []
    assert not BlockedDay.objects.exists()


@pytest.mark.parametrize("name", ["csv", "json"])
def test_downloads_are_for_staff_who_may_look(client, django_user_model, name):
    address = reverse(f"admin:parts_blockedday_{name}")
    assert client.get(address).status_code == 302  # to the sign-in page

    client.force_login(
        django_user_model.objects.create_user(email="staff@example.org", password="correct horse", is_staff=True)
    )
    assert client.get(address).status_code == 403


def test_a_vehicles_page_tells_how_it_stood_and_why(admin_client, blocked):
    page = admin_client.get(reverse("admin:parts_vehicle_change", args=[blocked.vehicle.pk])).content.decode()

    assert "How it stood" in page
    assert "part_unavailable" in page
    assert "Any one of these would free it" in page


@pytest.mark.parametrize(("entered", "kept"), [("eh500001", "EH500001"), (" EH500001", "EH500001"), ("", "")])
def test_a_vin_is_kept_in_capitals(admin_client, blocked, entered, kept):
    assert enter_vin(admin_client, blocked.vehicle, entered).status_code == 302
    assert Vehicle.objects.get().vin_last8 == kept


@pytest.mark.parametrize("entered", ["EH5", "EH-50000"])
def test_half_a_vin_is_refused(admin_client, blocked, entered):
    page = enter_vin(admin_client, blocked.vehicle, entered)

    assert page.status_code == 200
    assert b"Enter the last 8 characters of the VIN" in page.content


def enter_vin(admin_client, vehicle, text):
    management = {
        f"{prefix}-{name}": number
        for prefix in ("tests", "defects")
        for name, number in {"TOTAL_FORMS": 0, "INITIAL_FORMS": 0}.items()
    }
    form = {"region": vehicle.region, "vin_last8": text, **management}
    return admin_client.post(reverse("admin:parts_vehicle_change", args=[vehicle.pk]), form)


def test_a_parts_page_holds_demand_against_stock(admin_client, blocked):
    page = admin_client.get(reverse("admin:parts_part_change", args=[blocked.part.pk])).content.decode()

    assert "1 failed cars need it or could use it, 1 of them are blocked" in page
    assert reverse("admin:parts_vehicle_change", args=[blocked.vehicle.pk]) in page


def test_scarcity_counts_cars_once_and_only_those_the_part_fits(django_assert_num_queries):
    here = town()
    other, _ = failed_vehicle(here.model, registration="AB92CDE", region=0)
    failed_vehicle(here.model, registration="AB93CDE", is_failing=False)
    Vehicle.objects.filter(pk=other.pk).update(vin_last8="EH000001")
    decide(at=AT)

    with django_assert_num_queries(3):
        found = scarcity(here.part.pk, at=AT)

    assert (found.needing, found.blocked, found.pieces, found.waiting) == (2, 0, 3, [])
    assert [(row.region, row.needing, row.pieces) for row in found.regions] == [("Scotland", 1, 0), ("London", 1, 3)]

    RequirementPart.objects.update(serial_from="EH500000")
    decide(at=AT, full=True, rebuild=True)
    assert scarcity(here.part.pk, at=AT).needing == 1
