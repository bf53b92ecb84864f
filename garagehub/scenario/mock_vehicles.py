"""The vehicles behind DVLA's mock plates: one for each kind of answer, with dates that follow today."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from garagehub.scenario.plates import MOCK_PLATES

Json = dict[str, Any]


def mock_vehicle(index: int, *, today: date) -> Json:
    """The vehicle behind the mock plate of that index, in the shape of DVSA's API."""
    return _MAKERS[index](MOCK_PLATES[index], today)


def _car(plate: str, tests: list[Json], *, name: tuple[str, str], first_used: str, engine: tuple[str, str]) -> Json:
    return {
        "registration": plate, "make": name[0], "model": name[1], "firstUsedDate": first_used, "fuelType": engine[0],
        "primaryColour": "Grey", "registrationDate": first_used, "manufactureDate": first_used, "engineSize": engine[1],
        "hasOutstandingRecall": "No", "motTests": tests,
    }  # fmt: skip


def _test(
    plate: str, number: int, day: date, *, expires: date | None = None, miles: int, defects: list[Json] | None = None
) -> Json:
    return {
        "completedDate": f"{day}T08:{number % 60:02}:44.000Z",
        "testResult": "PASSED" if expires else "FAILED",
        "expiryDate": expires and expires.isoformat(),
        "odometerValue": str(miles),
        "odometerUnit": "MI",
        "odometerResultType": "READ",
        "motTestNumber": str(999_999_999_000 + number),
        "dataSource": "DVSA",
        "registrationAtTimeOfTest": plate,
        "defects": defects or [],
    }


def _defect(text: str, kind: str) -> Json:
    return {"text": text, "type": kind, "dangerous": kind == "DANGEROUS"}


def _waiting_for_a_spring(plate: str, today: date) -> Json:
    failed = _defect("Nearside Front Coil spring fractured or broken (5.3.1 (b) (i))", "MAJOR")
    worn = _defect("Nearside Front Tyre worn close to legal limit/worn on edge (5.2.3 (e))", "ADVISORY")
    expires = today + timedelta(days=10)
    tests = [
        _test(plate, 12, today - timedelta(days=3), miles=70_110, defects=[failed, worn]),
        _test(plate, 11, today - timedelta(days=355), expires=expires, miles=61_234),
    ]
    return _car(
        plate, tests, name=("LAND ROVER", "RANGE ROVER EVOQUE"), first_used="2019-03-29", engine=("Diesel", "1999")
    )


def _never_tested(plate: str, today: date) -> Json:
    registered = today - timedelta(days=800)
    due = registered.replace(year=registered.year + 3, day=min(registered.day, 28)) - timedelta(days=1)
    return {
        "registration": plate, "make": "JAGUAR", "model": "F-PACE", "manufactureYear": registered.year,
        "fuelType": "Petrol", "primaryColour": "White", "registrationDate": registered.isoformat(),
        "manufactureDate": registered.isoformat(), "motTestDueDate": due.isoformat(), "hasOutstandingRecall": "Unknown",
    }  # fmt: skip


def _failed_in_northern_ireland(plate: str, today: date) -> Json:
    tests = [
        _test(plate, 32, today - timedelta(days=5), miles=48_900),
        _test(plate, 31, today - timedelta(days=369), expires=today - timedelta(days=5), miles=41_020),
    ]
    for test in tests:
        test["dataSource"] = "DVA NI"
        del test["defects"]
    return _car(
        plate, tests, name=("LAND ROVER", "DISCOVERY SPORT"), first_used="2018-06-11", engine=("Diesel", "1999")
    )


def _from_before_computers(plate: str, _today: date) -> Json:
    return {
        "registration": plate, "make": "HILLMAN", "model": "AVENGER", "fuelType": "Petrol", "primaryColour": "Beige",
        "registrationDate": "1973-09-21", "hasOutstandingRecall": "Unavailable", "motTests": [],
    }  # fmt: skip


def _off_the_road(plate: str, today: date) -> Json:
    expired = today - timedelta(days=600)
    tests = [_test(plate, 51, expired - timedelta(days=364), expires=expired, miles=112_400)]
    return _car(plate, tests, name=("LAND ROVER", "DEFENDER 110"), first_used="2009-05-14", engine=("Diesel", "2402"))


def _dangerous(plate: str, today: date) -> Json:
    defects = [
        _defect("Front Brake pad(s) less than 1.5 mm thick (1.1.13 (a) (ii))", "DANGEROUS"),
        _defect("Offside Rear Tyre tread depth below requirements of 1.6mm (5.2.3 (e))", "DANGEROUS"),
        _defect("Offside Headlamp aim too low (4.1.2 (a))", "MAJOR"),
    ]
    tests = [
        _test(plate, 62, today - timedelta(days=7), miles=96_310, defects=defects),
        _test(plate, 61, today - timedelta(days=371), expires=today - timedelta(days=7), miles=87_950),
    ]
    return _car(
        plate, tests, name=("LAND ROVER", "RANGE ROVER SPORT"), first_used="2015-10-02", engine=("Diesel", "2993")
    )


def _run_out(plate: str, today: date) -> Json:
    expired = today - timedelta(days=40)
    tests = [_test(plate, 71, expired - timedelta(days=364), expires=expired, miles=83_707)]
    return _car(plate, tests, name=("JAGUAR", "XF"), first_used="2014-03-20", engine=("Diesel", "2179"))


def _needs_programming(plate: str, today: date) -> Json:
    failed = _defect("Electronic parking brake warning lamp indicates a malfunction (1.1.6 (e))", "MAJOR")
    expires = today + timedelta(days=16)
    tests = [
        _test(plate, 82, today - timedelta(days=8), miles=38_240, defects=[failed]),
        _test(plate, 81, today - timedelta(days=349), expires=expires, miles=31_006),
    ]
    return _car(plate, tests, name=("JAGUAR", "I-PACE"), first_used="2021-06-09", engine=("Electric", "0"))


_MAKERS: tuple[Callable[[str, date], Json], ...] = (
    _waiting_for_a_spring,
    _never_tested,
    _failed_in_northern_ireland,
    _from_before_computers,
    _off_the_road,
    _dangerous,
    _run_out,
    _needs_programming,
)
