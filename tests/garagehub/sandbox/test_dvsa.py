"""DVSA and DVLA as the sandbox plays them."""

import gzip
import io
import json
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest

from garagehub.sandbox.archive import file_names
from garagehub.sandbox.messages import Request
from garagehub.sandbox.refusals import RefusalError
from garagehub.sandbox.world import STRANGERS, World
from garagehub.scenario.plates import registration_of
from tests.sandbox_process import VEHICLES

CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": "sandbox",
    "client_secret": "sandbox",
    "scope": "https://tapi.dvsa.gov.uk/.default",
}
VEHICLE = "/dvsa/v1/trade/vehicles/registration/"
MANIFEST = "/dvsa/v1/trade/vehicles/bulk-download"


@pytest.fixture
def headers(sandbox):
    token = sandbox.client.post("/dvsa/token", data=CREDENTIALS).json()
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 1_199)
    return {"Authorization": f"Bearer {token['access_token']}", "X-API-Key": "sandbox"}


@pytest.mark.parametrize(
    ("wrong", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "openid"}, 400, "invalid_scope"),
        ({"client_id": "nobody"}, 400, "unauthorized_client"),
        ({"client_secret": "guess"}, 401, "invalid_client"),
    ],
)
def test_wrong_credentials_get_the_errors_of_entra(sandbox, wrong, status, error):
    answer = sandbox.client.post("/dvsa/token", data=CREDENTIALS | wrong)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"].startswith("AADSTS")


def test_a_tested_vehicle_is_found_by_its_registration(sandbox, headers):
    found = sandbox.client.get(f"{VEHICLE}aa19 aaa", headers=headers).json()
    assert found["registration"] == "AA19AAA"
    assert [test["testResult"] for test in found["motTests"]] == ["FAILED", "PASSED"]


def test_a_vehicle_never_tested_has_the_other_shape(sandbox, headers):
    found = sandbox.client.get(f"{VEHICLE}AA19EEE", headers=headers).json()
    assert "motTests" not in found
    assert found["motTestDueDate"] > found["registrationDate"]


def test_the_fleet_ends_where_it_was_told_to(sandbox, headers):
    seed = sandbox.client.get("/").json()["seed"]
    last, stranger, beyond = (
        registration_of(index, seed=seed) for index in (VEHICLES - 1, VEHICLES, VEHICLES + STRANGERS)
    )
    for known in (last, stranger):
        assert sandbox.client.get(VEHICLE + known, headers=headers).json()["registration"] == known
    assert sandbox.client.get(VEHICLE + beyond, headers=headers).json()["errorCode"] == "MOTH-NF-01"


@pytest.mark.parametrize(
    ("path", "changed", "error"),
    [
        (f"{VEHICLE}AB12CDE", {}, (404, "MOTH-NF-01")),
        (VEHICLE, {}, (400, "MOTH-NP-02")),
        (f"{VEHICLE}AB12_CDE", {}, (400, "MOTH-IV-03")),
        ("/dvsa/v1/trade/vehicles/mot-tests?registration=AA19AAA", {}, (400, "MOTH-BR-01")),
        (f"{VEHICLE}AA19AAA", {"Authorization": ""}, (401, "MOTH-FB-04")),
        (f"{VEHICLE}AA19AAA", {"Authorization": "Bearer made.up"}, (401, "MOTH-UA-01")),
        (f"{VEHICLE}AA19AAA", {"X-API-Key": "guess"}, (403, "MOTH-FB-03")),
        (MANIFEST, {"X-API-Key": "guess"}, (403, "MOTH-FB-03")),
        ("/dvsa/v1/trade/nothing", {}, (404, "MOTH-NF-02")),
    ],
)
def test_each_mistake_gets_dvsas_code(sandbox, headers, path, changed, error):
    answer = sandbox.client.get(path, headers=headers | changed)
    assert (answer.status_code, answer.json()["errorCode"]) == error
    assert set(answer.json()) == {"requestId", "errorCode", "errorMessage"}


def lines_of(body: bytes) -> list[dict]:
    lines = []
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for name in archive.namelist():
            assert name.endswith(".json.gz")
            lines += [json.loads(line) for line in gzip.decompress(archive.read(name)).splitlines()]
    return lines


def test_the_bulk_file_has_every_vehicle_in_the_shape_of_bulk_files(sandbox, headers):
    listed = sandbox.client.get(MANIFEST, headers=headers).json()
    (bulk,) = listed["bulk"]
    body = sandbox.client.get(bulk["downloadUrl"]).content
    assert len(body) == bulk["fileSize"]
    lines = lines_of(body)
    assert len(lines) == VEHICLES
    test = next(line for line in lines if line["motTests"])["motTests"][0]
    assert isinstance(test["motTestNumber"], int)
    assert "regMarkTimeOfTest" in test
    assert date.fromisoformat(bulk["fileCreatedOn"]).isoweekday() == 7


def test_a_delta_has_the_vehicles_tested_the_day_before(sandbox, headers):
    now = datetime.now(UTC)
    sandbox.move_clock(days=(3 - now.isoweekday()) % 7)  # a Wednesday
    listed = sandbox.client.get(MANIFEST, headers=headers).json()
    assert len(listed["delta"]) == 4
    wednesday = listed["delta"][-1]
    created = date.fromisoformat(wednesday["fileCreatedOn"])
    tested_on = (created - timedelta(days=1)).isoformat()
    lines = lines_of(sandbox.client.get(wednesday["downloadUrl"]).content)
    assert lines
    newest = [max(test["completedDate"] for test in line["motTests"]) for line in lines]
    assert {day[:10] for day in newest} == {tested_on}


def test_on_a_sunday_there_is_one_bulk_and_one_delta():
    assert [(name.kind, name.day) for name in file_names(date(2026, 11, 22))] == [
        ("delta", date(2026, 11, 22)),
        ("bulk", date(2026, 11, 22)),
    ]


def test_links_die_after_five_minutes_and_tokens_when_they_said():
    times = [datetime(2026, 11, 22, 9, tzinfo=UTC)]
    world = World(seed=1, vehicles=20, started_on=date(2026, 11, 10), wall=lambda: times[-1])
    form = "&".join(f"{name}={value}" for name, value in CREDENTIALS.items())
    token = json.loads(world.answer(Request("POST", "/dvsa/token", body=form.encode())).body)["access_token"]
    sent = {"authorization": f"Bearer {token}", "x-api-key": "sandbox"}
    listed = json.loads(world.answer(Request("GET", MANIFEST, headers=sent, base_url="http://x")).body)
    path, _, query = listed["bulk"][0]["downloadUrl"].removeprefix("http://x").partition("?")
    link = Request("GET", path, query=dict(item.split("=") for item in query.split("&")))

    times.append(times[0] + timedelta(seconds=299))
    assert world.answer(link).status == 200
    times.append(times[0] + timedelta(seconds=300))
    assert (world.answer(link).status, b"expired" in world.answer(link).body) == (403, True)

    times.append(times[0] + timedelta(seconds=1_198))
    assert world.answer(Request("GET", MANIFEST, headers=sent)).status == 200
    times.append(times[0] + timedelta(seconds=1_199))
    with pytest.raises(RefusalError) as refused:
        world.answer(Request("GET", MANIFEST, headers=sent))
    assert refused.value.body["errorCode"] == "MOTH-FB-02"
    world.close()


def test_a_link_nobody_signed_opens_nothing(sandbox, headers):
    link = sandbox.client.get(MANIFEST, headers=headers).json()["bulk"][0]["downloadUrl"]
    assert sandbox.client.get(link.replace("X-Amz-Expires=300", "X-Amz-Expires=9999")).status_code == 403
    assert sandbox.client.get(link.partition("?")[0]).status_code == 403


def enquire(sandbox, plate, key="sandbox"):
    body = {"registrationNumber": plate}
    return sandbox.client.post("/dvla/vehicle-enquiry/v1/vehicles", json=body, headers={"x-api-key": key})


@pytest.mark.parametrize(
    ("plate", "expected"),
    [
        ("AA19AAA", {"taxStatus": "Taxed", "motStatus": "Valid", "make": "LAND ROVER", "colour": "GREY"}),
        ("AA19EEE", {"fuelType": "ELECTRICITY", "motStatus": "No details held by DVLA"}),
        ("L2WPS", {"make": "HILLMAN", "yearOfManufacture": 1973}),
        ("AA19SRN", {"taxStatus": "SORN", "motStatus": "Not valid"}),
        ("AA19DSL", {"motStatus": "Not valid", "fuelType": "DIESEL"}),
        ("AA19MOT", {"motStatus": "Not valid"}),
        ("AA19AMP", {"motStatus": "Valid"}),
    ],
)
def test_dvlas_mock_plates_have_their_answers(sandbox, plate, expected):
    answer = enquire(sandbox, plate)
    assert answer.status_code == 200
    assert expected | {"registrationNumber": plate} == {
        name: answer.json()[name] for name in (*expected, "registrationNumber")
    }


def test_the_artic_among_the_mock_plates_has_no_mot_status(sandbox):
    answer = enquire(sandbox, "AA19PPP").json()
    assert "motStatus" not in answer
    assert "ARTIC" in answer["wheelplan"]


@pytest.mark.parametrize(
    ("plate", "status"),
    [
        ("ER19BAD", 400),
        ("ER19NFD", 404),
        ("ER19THR", 429),
        ("ER19ERR", 500),
        ("ER19MNT", 503),
        ("aa19 aaa", 400),
        ("AB12CDE", 404),
    ],
)
def test_dvlas_errors_have_its_shape(sandbox, plate, status):
    answer = enquire(sandbox, plate)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["status"] == str(status)


def test_dvla_needs_its_key(sandbox):
    assert enquire(sandbox, "AA19AAA", key="guess").status_code == 403
