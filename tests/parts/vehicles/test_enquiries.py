"""Asking DVSA and DVLA about one plate, against the sandbox's and its faults."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connections

from parts.marks.models import Dirty
from parts.vehicles import dvla, enquiries, turns
from parts.vehicles.dvsa import AuthorityError
from parts.vehicles.models import Authority, Enquiry, Vehicle
from tests.parts.vehicles.dvsa_data import FAILED_CAR, mot
from tests.parts.vehicles.dvsa_data import vehicle as sent

NOW = datetime.now(UTC)
UNKNOWN = "AB80ZZZ"


@pytest.fixture(autouse=True)
def _clean_cache():
    cache.clear()


@pytest.fixture
def stranger(authorities):
    """A plate that only the authorities know."""
    return authorities.client.get("/").json()["strangers"][0]


def wait_out(name, at):
    """As if time had passed and the breaker let people through again."""
    Authority.objects.filter(name=name).update(closed_until=None, failures=0, next_at=at)


@pytest.mark.django_db
def test_a_plate_only_the_authorities_know_is_taken_in_with_a_mark_to_decide_it(stranger):
    assert enquiries.enquire(stranger, at=NOW)
    car = Vehicle.objects.get(registration=stranger)
    assert car.dvla_checked_at == NOW
    assert Enquiry.objects.get(registration=stranger).state == Enquiry.State.KNOWN
    assert car.open_fails == 0 or Dirty.objects.filter(kind="v", key=car.pk).exists()


@pytest.mark.django_db
def test_a_plate_known_to_nobody_is_remembered_for_a_day_and_asked_again_after_it(authorities):
    assert not enquiries.enquire(UNKNOWN, at=NOW)
    asked = Authority.objects.get(name="dvsa").next_at
    assert not enquiries.enquire(UNKNOWN, at=NOW + timedelta(hours=23))
    assert Authority.objects.get(name="dvsa").next_at == asked
    assert not enquiries.enquire(UNKNOWN, at=NOW + timedelta(hours=25))
    assert Authority.objects.get(name="dvsa").next_at > asked


@pytest.mark.django_db
def test_a_car_off_the_road_by_choice_is_known_by_dvlas_word_and_decided_again(authorities):
    assert enquiries.enquire("AA19SRN", at=NOW)
    car = Vehicle.objects.get(registration="AA19SRN")
    assert car.is_sorn
    assert Dirty.objects.filter(kind="v", key=car.pk).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["status_500", "status_429", "refuse"])
def test_dvsas_silence_is_an_error_and_never_no_such_vehicle(authorities, stranger, fault):
    authorities.fault("dvsa", fault)
    with pytest.raises(AuthorityError):
        enquiries.enquire(stranger, at=NOW)
    assert not Enquiry.objects.exclude(state="waiting").exists()
    authorities.client.delete("/faults")
    wait_out("dvsa", NOW)
    assert enquiries.enquire(stranger, at=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["status_500", "refuse"])
def test_dvlas_silence_costs_its_part_of_the_answer_only(authorities, stranger, fault):
    authorities.fault("dvla", fault)
    assert enquiries.enquire(stranger, at=NOW)
    assert Vehicle.objects.get(registration=stranger).dvla_checked_at is None
    assert Authority.objects.get(name="dvla").failures == 1


@pytest.mark.django_db
def test_a_hanging_authority_takes_no_longer_than_people_wait(authorities, stranger, monkeypatch):
    monkeypatch.setattr(enquiries, "PATIENCE_S", 0.5)
    authorities.fault("dvsa", "hang")
    started = time.monotonic()
    with pytest.raises(AuthorityError):
        enquiries.enquire(stranger, at=NOW)
    assert time.monotonic() - started < 5


@pytest.mark.django_db
@pytest.mark.parametrize(("plate", "status"), [("ER19THR", 429), ("ER19ERR", 500), ("ER19MNT", 503), ("ER19BAD", 400)])
def test_dvlas_errors_are_errors(authorities, plate, status):
    with pytest.raises(AuthorityError, match=str(status)) as caught:
        dvla.by_registration(plate)
    assert caught.value.permanent is (status == 400)
    assert plate not in str(caught.value)


def test_a_vehicle_dvla_does_not_know_is_none(authorities):
    assert dvla.by_registration("ER19NFD") is None


@pytest.mark.django_db
def test_a_vehicle_that_dvla_alone_knows_is_taken_in_without_tests(stand_in, settings, authorities):
    settings.DVSA_API_URL, settings.DVSA_TOKEN_URL = stand_in.url, f"{stand_in.url}/token"
    stand_in.answer("/v1/trade/vehicles/registration/AA19AAA", 404, {"errorCode": "MOTH-NF-01"})
    assert enquiries.enquire("AA19AAA", at=NOW)
    car = Vehicle.objects.get(registration="AA19AAA")
    assert (car.model.make.name, car.model.name, car.tests.count()) == ("LAND ROVER", "", 0)
    assert car.dvla_expires_on is not None


@pytest.mark.django_db
def test_a_later_expiry_at_dvla_is_kept_beside_dvsas_and_survives_an_import(stand_in, settings, authorities):
    settings.DVSA_API_URL, settings.DVSA_TOKEN_URL = stand_in.url, f"{stand_in.url}/token"
    lagging = sent("AA19AAA", mot("1", "2020-05-05T10:00:00", expires="2021-05-04"))
    stand_in.answer("/v1/trade/vehicles/registration/AA19AAA", 200, lagging)
    for _ in range(2):
        assert enquiries.enquire("AA19AAA", at=NOW)
        car = Vehicle.objects.get(registration="AA19AAA")
        assert car.mot_expires_on == date(2021, 5, 4)
        assert car.dvla_expires_on > NOW.date()


@pytest.mark.django_db
def test_what_waits_is_worked_off_once(authorities, stranger):
    enquiries.ask_later([stranger, UNKNOWN, UNKNOWN], at=NOW)
    enquiries.ask_later([stranger], at=NOW)
    assert enquiries.work_off(at=NOW) == 2
    assert enquiries.work_off(at=NOW) == 0
    assert enquiries.answered([stranger, UNKNOWN], at=NOW) == {UNKNOWN}


@pytest.mark.django_db
def test_those_nobody_waits_for_leave_part_of_the_budget_to_those_who_wait(authorities):
    plates = [f"AB8{number // 10}ZZ{'ABCDEFGHJK'[number % 10]}" for number in range(15)]
    enquiries.ask_later(plates, at=NOW)
    assert enquiries.work_off(at=NOW) == turns.BURST - turns.RESERVED
    for plate in ("AB89ZZA", "AB89ZZB"):
        assert not enquiries.enquire(plate, at=NOW)
    later = NOW + timedelta(minutes=3)
    assert enquiries.work_off(at=later, clock=lambda: datetime.now(UTC) + timedelta(minutes=3)) >= 5


@pytest.mark.django_db
def test_a_dead_workers_handful_comes_back(authorities, stranger):
    enquiries.ask_later([stranger], at=NOW)
    with connections["default"].cursor() as cursor:  # claimed, and then nothing more
        cursor.execute(enquiries._CLAIM, {"at": NOW, "until": NOW + timedelta(minutes=2), "limit": 40})
    assert enquiries.work_off(at=NOW + timedelta(minutes=1)) == 0
    assert enquiries.work_off(at=NOW + timedelta(minutes=2)) == 1


@pytest.mark.django_db
def test_what_is_never_answered_waits_longer_each_time_and_is_given_up(authorities, stranger):
    authorities.fault("dvsa", "status_500")
    enquiries.ask_later([stranger], at=NOW)
    at, waits = NOW, []
    for _ in range(enquiries.MOST_TRIES):
        wait_out("dvsa", at)
        assert enquiries.work_off(at=at) == 0
        row = Enquiry.objects.get()
        waits.append(row.due_at - at)
        at = row.due_at
    assert waits == sorted(waits)
    assert row.state == Enquiry.State.FAILED
    assert stranger not in row.error


@pytest.mark.django_db
def test_plates_asked_about_are_forgotten_after_a_day(authorities):
    enquiries.enquire(UNKNOWN, at=NOW)
    enquiries.ask_later(["AB80ZZY"], at=NOW)
    assert enquiries.sweep(at=NOW + timedelta(hours=23)) == 0
    assert enquiries.sweep(at=NOW + timedelta(hours=24)) == 1
    assert Enquiry.objects.get().registration == "AB80ZZY"  # still to be asked


@pytest.mark.django_db
def test_a_burst_is_allowed_and_then_fifteen_a_second():
    for _ in range(turns.BURST):
        turns.take_turn(Authority.Name.DVSA, at=NOW)
    with pytest.raises(AuthorityError) as caught:
        turns.take_turn(Authority.Name.DVSA, at=NOW)
    assert caught.value.retry_after_s == 1
    granted = 0
    for step in range(200):  # two seconds, asked a hundred times each
        try:
            turns.take_turn(Authority.Name.DVSA, at=NOW + timedelta(seconds=step / 100))
            granted += 1
        except AuthorityError:
            pass
    assert granted in (29, 30)


@pytest.mark.django_db
def test_after_five_failures_in_a_row_nobody_asks_and_then_one_tries_for_all():
    def fail(at):
        turns.take_turn(Authority.Name.DVSA, at=at)
        turns.note_failure(Authority.Name.DVSA, AuthorityError("no"), at=at)

    for second in range(turns.FAILURES_TO_OPEN):
        fail(NOW + timedelta(seconds=second))
    last = NOW + timedelta(seconds=turns.FAILURES_TO_OPEN - 1)
    with pytest.raises(AuthorityError, match="not answering"):
        turns.take_turn(Authority.Name.DVSA, at=last + timedelta(seconds=turns.SHORTEST_PAUSE_S - 1))
    reopened = last + timedelta(seconds=turns.SHORTEST_PAUSE_S)
    turns.take_turn(Authority.Name.DVSA, at=reopened)
    with pytest.raises(AuthorityError):
        turns.take_turn(Authority.Name.DVSA, at=reopened + timedelta(seconds=1))
    turns.note_answer(Authority.Name.DVSA)
    turns.take_turn(Authority.Name.DVSA, at=reopened + timedelta(seconds=2))


@pytest.mark.django_db
def test_an_authority_that_says_how_long_to_wait_is_left_alone_for_as_long():
    turns.take_turn(Authority.Name.DVSA, at=NOW)
    turns.note_failure(Authority.Name.DVSA, AuthorityError("slow down", retry_after_s=90), at=NOW)
    with pytest.raises(AuthorityError) as caught:
        turns.take_turn(Authority.Name.DVSA, at=NOW + timedelta(seconds=30))
    assert caught.value.retry_after_s in (60, 61)


@pytest.mark.django_db
def test_a_failed_car_is_found_with_its_defects(stand_in):
    stand_in.answer("/v1/trade/vehicles/registration/AB81CDE", 200, FAILED_CAR)
    assert enquiries.enquire("AB81CDE", at=NOW)
    assert Vehicle.objects.get(registration="AB81CDE").open_fails == 2
