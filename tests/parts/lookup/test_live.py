"""Look-ups of plates we do not have, with DVSA and DVLA played by the sandbox."""

from __future__ import annotations

import logging

import pytest
from django.core.cache import cache
from django.utils import timezone

from parts import pipeline
from parts.vehicles.models import Enquiry, Vehicle
from tests import factories

LOOKUP, CARS = "/api/v1/vehicles/lookup", "/api/v1/vehicles/check"
UNKNOWN = "AB80ZZZ"


@pytest.fixture(autouse=True)
def _clean_cache():
    cache.clear()


@pytest.fixture
def stranger(authorities, db):
    return authorities.client.get("/").json()["strangers"][0]


@pytest.fixture
def ask(client):
    return lambda url, body, **headers: client.post(url, body, content_type="application/json", headers=headers)


def test_a_car_we_do_not_have_is_answered_from_dvsa_at_once(stranger, ask):
    first = ask(LOOKUP, {"registration": stranger})
    assert first.status_code == 200, first.content
    assert first.json()["registration"] == stranger
    assert first.json()["road"]["status"] != "unknown"
    assert Vehicle.objects.filter(registration=stranger).count() == 1


def test_a_blocked_car_we_do_not_have_is_decided_before_it_is_answered(authorities, db, ask):
    answer = ask(LOOKUP, {"registration": "AA19AAA"}).json()
    assert answer["decided_at"] is not None
    assert [repair["repair"] for repair in answer["repairs"]] != []
    assert answer["repair_status"] == "unknown"  # nobody listed any part in this empty house


def test_a_plate_known_to_nobody_is_not_found(authorities, db, ask):
    response = ask(LOOKUP, {"registration": UNKNOWN})
    assert (response.status_code, response.json()["code"]) == (404, "vehicle_not_found")


@pytest.mark.parametrize("fault", ["status_500", "status_429", "refuse", "truncated_body"])
def test_a_failed_authority_never_shows_as_no_data(authorities, stranger, ask, client, fault):
    authorities.fault("dvsa", fault)
    response = ask(LOOKUP, {"registration": stranger})
    assert (response.status_code, response.json()["code"]) == (503, "authority_unavailable")
    assert int(response["Retry-After"]) > 0
    page = client.post("/vehicle/", {"registration": stranger})
    assert page.status_code == 503
    assert "could not check this number plate" in page.content.decode()
    assert "do not know" not in page.content.decode()


def test_without_access_to_dvsa_an_unknown_plate_is_plainly_not_found(db, ask):
    assert ask(LOOKUP, {"registration": UNKNOWN}).status_code == 404
    assert not Enquiry.objects.exists()


def test_the_page_answers_about_a_car_we_do_not_have(stranger, client):
    page = client.post("/vehicle/", {"registration": stranger})
    assert page.status_code == 200
    assert Vehicle.objects.get(registration=stranger).model.make.name.title() in page.content.decode()


def test_a_list_says_which_cars_are_being_asked_for_and_has_them_soon(stranger, ask):
    sent = factories.bearer(factories.dealer(kind="independent"))
    body = {"registrations": [stranger, UNKNOWN, "not a plate"]}
    codes = [row["error"]["code"] for row in ask(CARS, body, **sent).json()["results"]]
    assert codes == ["vehicle_being_asked", "vehicle_being_asked", "invalid_registration"]
    work_off()
    known, unknown, _ = ask(CARS, body, **sent).json()["results"]
    assert known["registration"] == stranger
    assert unknown["error"]["code"] == "vehicle_not_found"


def test_a_car_whose_mot_has_run_out_is_asked_about_again_once_a_day(authorities, db, ask):
    ask(LOOKUP, {"registration": "AA19SRN"})
    before = Enquiry.objects.get().answered_at
    assert ask(LOOKUP, {"registration": "AA19SRN"}).json()["road"]["status"] == "off_road_by_choice"
    assert Enquiry.objects.get().answered_at == before
    assert Enquiry.objects.get().state == Enquiry.State.KNOWN


def test_neither_log_nor_error_holds_the_plate(authorities, stranger, ask, caplog):
    caplog.set_level(logging.DEBUG)
    ask(LOOKUP, {"registration": stranger})
    authorities.fault("dvsa", "status_500")
    ask(LOOKUP, {"registration": UNKNOWN})
    ours = [
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("django.db", "httpx", "httpcore"))
    ]
    assert not [line for line in ours if stranger in line or UNKNOWN in line]


def work_off():
    pipeline.work_off_enquiries(at=timezone.now(), clock=timezone.now)
