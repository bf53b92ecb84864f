"""The scenario's vehicles and their MOT histories, in the shapes of DVSA's API and of its bulk files.

A vehicle follows from its index, the seed and the day alone, so any one can be made without the others. As days pass
within a calendar year, a vehicle's past stays as it was and tests are added. Only the newest two visits of each are
made: older ones decide nothing.

Rates follow DVSA's publications: initial fails by age (2020), defects per initial fail and their categories (see
`reasons`), a quarter of initial fails put right at the station (PRS, about 13 % of failing items), and 2.6 advisories
and minors for each failing item. That Land Rovers older than twelve fail a tenth more often is a judgement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from hashlib import blake2b
from struct import Struct
from typing import Any, NamedTuple

import msgspec

from garagehub.lib.geography import UK
from garagehub.scenario import chances, plates
from garagehub.scenario.draws import key_of
from garagehub.scenario.mock_vehicles import mock_vehicle
from garagehub.scenario.models import MODELS
from garagehub.scenario.plates import MOCK_PLATES

Json = dict[str, Any]

# Indexes of the numbers drawn for a life.
_MODEL, _YEAR, _DAY, _FUEL, _COLOUR, _REGION, _MILES, _RECALL, _RETIRED, _RETIRED_ON, _KNOWN = range(11)
# Indexes of the numbers drawn for a visit; the last two are the first of many.
_EARLY, _FAILS, _PRS, _FAIL_COUNT, _NOTE_COUNT, _RETEST, _TIME, _MILES_MORE, _FAIL_PICK, _NOTE_PICK = (*range(9), 20)

_NAME = Struct("<QQ")
_LIFE_DRAWS = Struct("<16H")
_VISIT_DRAWS = Struct("<32H")

# A test's number is a bijection of vehicle, visit and test: the two numbers are coprime. Those above are the mocks'.
_NUMBERS = 899_999_999_000
_NUMBER_MULTIPLIER = 387_420_489_031
_VISITS, _TESTS = 64, 4
_FIRST, _RETESTED, _PUT_RIGHT = range(3)

_OLD_REFERENCE = re.compile(r" \(([0-9.A-Za-z]+)\)$")


class _Life(NamedTuple):
    """What of a vehicle does not change."""

    number: int
    seed: int
    registration: str
    make: str
    model: str
    fuel: str
    engine_cc: int
    first_used: date
    first_due: int  # ordinal of the last day without an MOT
    is_northern_irish: bool
    retired: int  # ordinal of the day it left the road, far ahead if it has not
    miles_factor: float
    colour: str
    recall: str


class _Visit(NamedTuple):
    """A visit to a test station: when, and what was found."""

    number: int
    day: int
    age: int
    draws: tuple[int, ...]
    is_failed: bool
    is_put_right: bool
    retested: int  # ordinal of the day of the retest, if it failed


def vehicle(index: int, *, seed: int, today: date) -> Json:
    """The vehicle of that index as DVSA's API shows it on a day, its tests newest first, as far as they have happened.

    The first few indexes are DVLA's mock plates, one for each kind of answer.
    """
    if index < len(MOCK_PLATES):
        return mock_vehicle(index, today=today)
    life = _life(index, seed=seed, newest_year=today.year - 1)
    now = min(today.toordinal(), life.retired)
    used = life.first_used
    visits = _visits(life, now=now)
    if not visits:
        return _never_tested(life)
    tests: list[Json] = []
    for visit in visits:
        tests += _tests(life, visit, now=now)
    used_on = chances.DAYS[used.toordinal() - chances.DAY_0]
    return {
        "registration": life.registration,
        "make": life.make,
        "model": life.model,
        "firstUsedDate": used_on,
        "fuelType": life.fuel,
        "primaryColour": life.colour,
        "registrationDate": used_on,
        "manufactureDate": used_on,
        "engineSize": str(life.engine_cc),
        "hasOutstandingRecall": life.recall,
        "motTests": tests,
    }


def index_of(registration: str, *, seed: int) -> int | None:
    """The index of the vehicle with this plate (capitals, no spaces), or None for a plate that is not of any fleet."""
    return plates.index_of(registration, seed=seed)


def region_of(index: int, *, seed: int) -> int:
    """The region where the vehicle is kept, if anybody said so: seven in ten; `UK` for the others."""
    draws = _LIFE_DRAWS.unpack(_digest(index, 0, seed=seed, size=32))
    return chances.REGION_PICKS[draws[_REGION]] if draws[_KNOWN] < chances.REGION_KNOWN else UK


def bulk_line(vehicle: Json) -> Json:
    """The same vehicle as a line of a bulk file: other dates, numbers and letter cases, and a few more fields."""
    line = {**vehicle, "secondaryColour": "Not Stated"}
    tests = vehicle.get("motTests")
    line["dataSource"] = "dvsa" if tests else "dvla"
    if tests:
        line["motTests"] = [_bulk_test(test) for test in tests]
        line["lastMotTestDate"] = line["motTests"][0]["completedDate"]
        line["last_update_date"] = tests[0]["completedDate"][:10]
    else:
        line["motTests"] = []
        line["last_update_date"] = vehicle["registrationDate"]
    return line


def bulk_lines(n: int, *, seed: int, today: date) -> Iterator[bytes]:
    """The first n vehicles as lines of a bulk file, one JSON object each, with its line end."""
    encode = msgspec.json.encode
    for index in range(n):
        yield encode(bulk_line(vehicle(index, seed=seed, today=today))) + b"\n"


def _digest(index: int, part: int, *, seed: int, size: int) -> bytes:
    return blake2b(_NAME.pack(index, part), digest_size=size, key=key_of(seed)).digest()


def _life(index: int, *, seed: int, newest_year: int) -> _Life:
    draws = _LIFE_DRAWS.unpack(_digest(index, 0, seed=seed, size=32))
    pick = chances.MODEL_PICKS[draws[_MODEL]]
    model = MODELS[pick]
    fuel, engine_cc = chances.FUELS[pick][draws[_FUEL] & 255]
    year = chances.year_picks(newest_year)[pick][draws[_YEAR] & 1_023]
    month, day = divmod(draws[_DAY] % 336, 28)
    is_northern_irish = chances.REGION_PICKS[draws[_REGION]] == chances.NORTHERN_IRELAND
    first_used = date(year, month + 1, day + 1)
    retired = chances.NEW_MANUAL * 2
    if draws[_RETIRED] < chances.RETIRED_SHARE and newest_year - year > chances.RETIRED_AGE:
        retired = chances.NEW_MANUAL - 1 - draws[_RETIRED_ON] % 600
    return _Life(
        number=index,
        seed=seed,
        registration=plates.registration_of(index, seed=seed),
        make=model.make,
        model=model.name,
        fuel=fuel,
        engine_cc=engine_cc,
        first_used=first_used,
        first_due=date(year + (4 if is_northern_irish else 3), month + 1, day + 1).toordinal() - 1,
        is_northern_irish=is_northern_irish,
        retired=retired,
        miles_factor=chances.MILES_FACTORS[draws[_MILES] & 4_095],
        colour=chances.COLOURS[draws[_COLOUR] & 4_095],
        recall=chances.RECALLS[draws[_RECALL] & 4_095],
    )


def _visits(life: _Life, *, now: int) -> list[_Visit]:
    """The newest two visits up to now, newest first, and older ones back to the newest pass."""
    number = max(0, (now + 28 - life.first_due) // 365)
    visits: list[_Visit] = []
    has_pass = False
    while number >= 0 and not (has_pass and len(visits) > 1):
        visit = _visit(life, number)
        if visit.day <= now:
            visits.append(visit)
            has_pass = has_pass or not visit.is_failed or visit.is_put_right or visit.retested <= now
        number -= 1
    return visits


def _visit(life: _Life, number: int) -> _Visit:
    draws = _VISIT_DRAWS.unpack(_digest(life.number, number + 1, seed=life.seed, size=64))
    day = _due(life, number) - chances.DAYS_EARLY[draws[_EARLY] & 4_095]
    age = min(chances.OLDEST, number + 3 + life.is_northern_irish)
    is_failed = draws[_FAILS] < chances.FAIL_CHANCES[life.make][age]
    return _Visit(
        number=number,
        day=day,
        age=age,
        draws=draws,
        is_failed=is_failed,
        is_put_right=is_failed and draws[_PRS] < chances.PRS_SHARE,
        retested=day + chances.RETEST_DAYS[draws[_RETEST] & 4_095],
    )


def _due(life: _Life, number: int) -> int:
    """The last day of the certificate that a visit renews, if nobody was ever late."""
    used = life.first_used
    return date(used.year + 3 + life.is_northern_irish + number, used.month, used.day).toordinal() - 1


def _tests(life: _Life, visit: _Visit, *, now: int) -> list[Json]:
    """The tests of a visit that have happened, newest first: a retest belongs to its visit."""
    draws = visit.draws
    time = chances.TIMES[draws[_TIME] & 4_095]
    notes = _notes(life, visit)
    if not visit.is_failed:
        return [_test(life, visit, _FIRST, day=visit.day, time=time, is_pass=True, defects=notes)]
    fails = _fails(life, visit)
    first = _test(life, visit, _FIRST, day=visit.day, time=time, is_pass=False, defects=fails + notes)
    if visit.is_put_right:
        return [_test(life, visit, _PUT_RIGHT, day=visit.day, time=time, is_pass=True, defects=notes), first]
    if visit.retested > now:
        return [first]
    later = chances.LATER_TIMES[draws[_TIME] & 4_095]
    return [_test(life, visit, _RETESTED, day=visit.retested, time=later, is_pass=True, defects=notes), first]


def _test(life: _Life, visit: _Visit, which: int, *, day: int, time: str, is_pass: bool, defects: list[Json]) -> Json:
    number = ((life.number * _VISITS + visit.number) * _TESTS + which) * _NUMBER_MULTIPLIER % _NUMBERS
    miles = chances.MILES_IN_LIFE[visit.age] * life.miles_factor + (visit.draws[_MILES_MORE] & 1_023)
    test: Json = {
        "completedDate": chances.DAYS[day - chances.DAY_0] + time,
        "testResult": "PASSED" if is_pass else "FAILED",
        "expiryDate": chances.DAYS[_expiry(life, visit, day) - chances.DAY_0] if is_pass else None,
        "odometerValue": str(int(miles)),
        "odometerUnit": "MI",
        "odometerResultType": "READ",
        "motTestNumber": str(number + 100_000_000_000),
        "dataSource": "DVA NI" if life.is_northern_irish else "DVSA",
        "registrationAtTimeOfTest": life.registration,
    }
    if not life.is_northern_irish:
        test["defects"] = defects
    return test


def _expiry(life: _Life, visit: _Visit, day: int) -> int:
    """A pass in the last month of the old certificate keeps the anniversary; any other lasts a year less a day."""
    due = _due(life, visit.number)
    return _due(life, visit.number + 1) if due - 30 < day <= due else day + 364


def _fails(life: _Life, visit: _Visit) -> list[Json]:
    draws = visit.draws
    counts = chances.PRS_COUNTS if visit.is_put_right else chances.FAIL_COUNTS
    picks = chances.OLD_FAIL_PICKS if visit.day < chances.NEW_MANUAL else chances.FAIL_PICKS[life.fuel]
    wanted = counts[draws[_FAIL_COUNT] & 4_095]
    found = [picks[draw] for draw in draws[_FAIL_PICK : _FAIL_PICK + wanted]]
    if visit.is_put_right:
        return [{**defect, "type": "PRS"} for defect in _distinct(found)]
    return _distinct(found)


def _notes(life: _Life, visit: _Visit) -> list[Json]:
    draws = visit.draws
    wanted = chances.NOTE_COUNTS[visit.age][draws[_NOTE_COUNT] & 4_095]
    picks = chances.NOTE_PICKS[life.fuel]
    return _distinct([picks[draw] for draw in draws[_NOTE_PICK : _NOTE_PICK + wanted]]) if wanted else []


def _distinct(defects: list[Json]) -> list[Json]:
    return list({id(defect): defect for defect in defects}.values())


def _never_tested(life: _Life) -> Json:
    used_on = life.first_used.isoformat()
    return {
        "registration": life.registration,
        "make": life.make,
        "model": life.model,
        "manufactureYear": life.first_used.year,
        "fuelType": life.fuel,
        "primaryColour": life.colour,
        "registrationDate": used_on,
        "manufactureDate": used_on,
        "motTestDueDate": chances.DAYS[life.first_due - chances.DAY_0],
        "hasOutstandingRecall": life.recall,
    }


def _bulk_test(test: Json) -> Json:
    line = test.copy()
    completed = test["completedDate"]
    line["completedDate"] = f"{completed[:10]} {completed[11:19]}"
    line["odometerUnit"] = "mi"
    line["odometerResultType"] = "OK"
    line["motTestNumber"] = int(test["motTestNumber"])
    line["dataSource"] = test["dataSource"].lower()
    line["regMarkTimeOfTest"] = line.pop("registrationAtTimeOfTest")
    if test.get("defects"):
        line["defects"] = [_bulk_defect(defect) if defect["type"] == "FAIL" else defect for defect in test["defects"]]
    return line


def _bulk_defect(defect: Json) -> Json:
    """References of the manual before May 2018 stand between bars in bulk files."""
    return {**defect, "text": _OLD_REFERENCE.sub(r" |\1|", defect["text"])}
