"""Our client against the sandbox's DVSA, and against answers the sandbox does not give."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache

from parts.vehicles import dvsa
from parts.vehicles.dvsa import AuthorityError
from parts.vehicles.importing import import_reply
from parts.vehicles.models import Vehicle
from parts.vehicles.records import parse
from parts.vehicles.sources import blocks_of
from tests.parts.vehicles.dvsa_data import FAILED_CAR
from tests.parts.vehicles.stored import AT

CAR = "/v1/trade/vehicles/registration/AB81CDE"
FILES = "/v1/trade/vehicles/bulk-download"


def refusal(**expected):
    """The error of asking for a car, with these attributes."""
    with pytest.raises(AuthorityError) as caught:
        dvsa.by_registration("AB81CDE", at=AT)
    assert {name: getattr(caught.value, name) for name in expected} == expected
    assert "AB81CDE" not in str(caught.value)
    return caught.value


@pytest.mark.django_db
def test_a_car_of_the_sandbox_is_found_by_its_plate_and_taken_in(dvsa_sandbox, tmp_path):
    file = min(dvsa.manifest(at=AT).delta, key=lambda one: one.size)
    dvsa.download(file.name, tmp_path / "delta.zip", at=AT)
    plate = next(
        parse(line).registration for block in blocks_of(tmp_path / "delta.zip") for line in block.lines if line
    )
    reply = dvsa.by_registration(plate, at=AT)
    [found] = import_reply(reply, at=AT)
    assert Vehicle.objects.get(registration=plate).pk == found


def test_an_unknown_plate_is_none_and_no_error(dvsa_sandbox):
    assert dvsa.by_registration("AB99ZZZ", at=AT) is None


def test_the_manifest_lists_the_oldest_first_and_a_file_has_its_size(dvsa_sandbox, tmp_path):
    offered = dvsa.manifest(at=AT)
    assert len(offered.bulk) == 1
    days = [file.created_on for file in offered.delta]
    assert days == sorted(days)
    dvsa.download(offered.delta[-1].name, tmp_path / "delta.zip", at=AT)
    assert (tmp_path / "delta.zip").stat().st_size == offered.delta[-1].size


def test_a_wrong_secret_is_permanent(dvsa_sandbox, settings):
    settings.DVSA_CLIENT_SECRET = "wrong"
    assert "DVSA_CLIENT_SECRET" in refusal(permanent=True).message


def test_a_wrong_key_is_permanent_and_never_no_data(dvsa_sandbox, settings):
    settings.DVSA_API_KEY = "wrong"
    refusal(permanent=True, code="MOTH-FB-03")


def test_a_token_is_asked_for_once_and_sent_with_the_key(stand_in):
    stand_in.answer(CAR, 200, FAILED_CAR)
    for _ in range(3):
        assert dvsa.by_registration("AB81CDE", at=AT)
    assert stand_in.times_asked("/token") == 1
    sent = stand_in.asked[-1][1]
    assert (sent["Authorization"], sent["X-API-Key"]) == ("Bearer t0p-secret", "sandbox")


@pytest.mark.parametrize(("expires_in", "kept"), [(1199, 1139), ("3599", 3539), (30, 1)])
def test_a_token_is_kept_for_as_long_as_its_reply_says(stand_in, expires_in, kept, monkeypatch):
    stand_in.answers["/token"] = [(200, {"access_token": "t", "expires_in": expires_in}, {})]
    stand_in.answer(CAR, 200, FAILED_CAR)
    told = []
    monkeypatch.setattr(cache, "set", lambda key, _value, timeout: told.append((key, timeout)))
    dvsa.by_registration("AB81CDE", at=AT)
    assert told == [("dvsa:token", kept)]


@pytest.mark.parametrize(("status", "code"), [(401, "MOTH-UA-01"), (401, "MOTH-FB-02"), (403, "MOTH-FB-02")])
def test_a_refused_token_is_dropped_and_asked_for_once_more(stand_in, status, code):
    stand_in.answer(CAR, status, {"errorCode": code})
    stand_in.answer(CAR, 200, FAILED_CAR)
    assert dvsa.by_registration("AB81CDE", at=AT)
    assert stand_in.times_asked("/token") == 2


def test_a_token_refused_twice_is_an_error_and_not_asked_for_a_third_time(stand_in):
    stand_in.answer(CAR, 401, {"errorCode": "MOTH-UA-01"})
    refusal(permanent=True, code="MOTH-UA-01")
    assert stand_in.times_asked(CAR) == 2


def test_the_end_of_the_daily_allowance_stops_all_calls_until_the_next_uk_day(stand_in):
    stand_in.answer(CAR, 429, {"errorCode": "MOTH-RL-01"})
    stand_in.answer(CAR, 200, FAILED_CAR)
    error = refusal(permanent=False, code="MOTH-RL-01")
    assert error.retry_after_s == 14 * 3600  # from 10:00 to midnight, British Summer Time
    refusal(permanent=False, code="MOTH-RL-01")
    assert stand_in.times_asked(CAR) == 1
    assert dvsa.by_registration("AB81CDE", at=datetime(2025, 10, 1, 23, 0, 1, tzinfo=UTC))


def test_a_short_throttle_says_when_to_try_again(stand_in):
    stand_in.answer(CAR, 429, {"errorCode": "MOTH-RL-02"}, Retry_After="30")
    refusal(permanent=False, code="MOTH-RL-02", retry_after_s=30)
    stand_in.answers[CAR] = [(200, FAILED_CAR, {})]
    assert dvsa.by_registration("AB81CDE", at=AT)


@pytest.mark.parametrize(
    ("status", "body", "permanent"),
    [
        (500, {"errorCode": "MOTH-UN-01"}, False),
        (502, b"<html>bad gateway</html>", False),
        (429, b"", False),
        (400, {"errorCode": "MOTH-IV-03"}, True),
        (400, {"errorCode": "MOTH-BR-01"}, True),
        (403, {"errorCode": "MOTH-FB-01"}, True),
        (404, {"errorCode": "MOTH-NF-02"}, True),
        (404, b"<html>", True),
    ],
)
def test_other_errors_say_whether_trying_again_may_help(stand_in, status, body, permanent):
    stand_in.answer(CAR, status, body)
    refusal(permanent=permanent)


def test_a_redirect_is_not_followed_with_our_key(stand_in):
    stand_in.answer(CAR, 302, b"", Location=f"{stand_in.url}/elsewhere")
    refusal(permanent=True)
    assert stand_in.times_asked("/elsewhere") == 0


def test_a_service_that_is_away_may_be_back(dvsa_sandbox):
    dvsa_sandbox.fault("dvsa", "refuse")
    refusal(permanent=False)


def test_without_an_address_nothing_is_asked(settings):
    settings.DVSA_API_URL = ""
    refusal(permanent=True)


def test_neither_plates_nor_secrets_are_logged(stand_in, caplog):
    caplog.set_level(logging.DEBUG)
    stand_in.answer(CAR, 500, {"errorCode": "MOTH-UN-01"})
    refusal()
    own = " ".join(
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    )
    assert "AB81CDE" not in own
    assert "t0p-secret" not in own


def listed(stand_in, name="v1/public/delta/year=2025/delta-light-vehicle_01-10-2025.zip", **more):
    link = {
        "filename": name,
        "downloadUrl": f"{stand_in.url}/file",
        "fileSize": 5,
        "fileCreatedOn": "2025-10-01",
        **more,
    }
    stand_in.answer(FILES, 200, {"bulk": [], "delta": [link]})
    return name


def test_each_download_asks_for_a_fresh_link_and_sends_it_no_key(stand_in, tmp_path):
    name = listed(stand_in)
    stand_in.answer("/file", 200, b"bytes")
    for _ in range(2):
        dvsa.download(name, tmp_path / "file", at=AT)
    assert stand_in.times_asked(FILES) == 2
    path, headers = stand_in.asked[-1]
    assert path == "/file"
    assert not {"authorization", "x-api-key"} & {one.lower() for one in headers}


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"byt"), (403, b"<Error><Code>AccessDenied</Code></Error>"), (404, b"")]
)
def test_an_incomplete_or_refused_download_may_be_tried_again(stand_in, tmp_path, status, body):
    name = listed(stand_in)
    stand_in.answer("/file", status, body)
    with pytest.raises(AuthorityError) as caught:
        dvsa.download(name, tmp_path / "file", at=AT)
    assert not caught.value.permanent


def test_a_file_that_is_gone_is_permanent(stand_in, tmp_path):
    listed(stand_in)
    with pytest.raises(AuthorityError) as caught:
        dvsa.download("another", tmp_path / "file", at=AT + timedelta(days=7))
    assert caught.value.permanent


def test_a_list_that_cannot_be_read_is_an_error(stand_in):
    stand_in.answer(FILES, 200, json.dumps([1, 2]).encode())
    with pytest.raises(AuthorityError):
        dvsa.manifest(at=AT)
