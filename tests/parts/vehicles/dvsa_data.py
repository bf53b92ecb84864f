"""Builders of what DVSA sends, in each of its shapes. Plates are invented: age identifiers 80 to 99 are never issued."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from typing import Any

SPRING = "Nearside Front Coil spring fractured or broken (5.3.1 (b) (i))"
TYRE = "Offside Rear Tyre tread depth below requirements of 1.6mm (5.2.3 (e))"
DISC = "Front Brake disc worn, pitted or scored, but not seriously weakened (1.1.14 (a) (ii))"


def defect(text: str | None = SPRING, kind: str | None = "MAJOR", *, dangerous: bool | None = False) -> dict[str, Any]:
    return {"text": text, "type": kind, "dangerous": dangerous}


def mot(
    number: str | None,
    at: str,
    result: str = "PASSED",
    *defects: dict[str, Any],
    expires: str | None = None,
    source: str = "DVSA",
    **more: Any,
) -> dict[str, Any]:
    """A test as the API sends it; `at` like 2025-09-12T14:05:37."""
    return {
        "completedDate": f"{at}.000Z",
        "testResult": result,
        "expiryDate": expires,
        "odometerValue": "70110",
        "odometerUnit": "MI",
        "odometerResultType": "READ",
        "motTestNumber": number,
        "dataSource": source,
        "registrationAtTimeOfTest": "AB81CDE",
        "defects": list(defects),
        **more,
    }


def vehicle(registration: str | None = "AB81CDE", *tests: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A vehicle as the API sends it."""
    return {
        "registration": registration,
        "make": "LAND ROVER",
        "model": "RANGE ROVER EVOQUE",
        "firstUsedDate": "2019-08-28",
        "fuelType": "Diesel",
        "primaryColour": "Grey",
        "registrationDate": "2019-08-28",
        "manufactureDate": "2019-07-31",
        "engineSize": "1999",
        "hasOutstandingRecall": "No",
        "motTests": list(tests),
        **more,
    }


def as_bulk(car: dict[str, Any]) -> dict[str, Any]:
    """The same vehicle as a line of a bulk or delta file."""
    tests = []
    for test in car.get("motTests", []):
        line = dict(test)
        line["completedDate"] = line["completedDate"].replace("T", " ").removesuffix(".000Z")
        line["motTestNumber"] = int(line["motTestNumber"])
        line["dataSource"] = line["dataSource"].lower()
        line["odometerUnit"] = line["odometerUnit"] and line["odometerUnit"].lower()
        line["odometerResultType"] = "OK"
        line["regMarkTimeOfTest"] = line.pop("registrationAtTimeOfTest")
        tests.append(line)
    return {
        **car,
        "motTests": tests,
        "secondaryColour": "Not Stated",
        "lastMotTestDate": "2017-03-10 12:21:09",
        "dataSource": "dvsa",
        "last_update_date": "2025-10-01",
    }


def as_old(car: dict[str, Any]) -> dict[str, Any]:
    """The same vehicle as the old API sent it."""
    tests = []
    for test in car.get("motTests", []):
        line = dict(test)
        line["completedDate"] = line["completedDate"].replace("T", " ").replace("-", ".").removesuffix(".000Z")
        if line["expiryDate"]:
            line["expiryDate"] = line["expiryDate"].replace("-", ".")
        line["odometerUnit"] = "mi"
        line["rfrAndComments"] = line.pop("defects")
        tests.append(line)
    dates = ("firstUsedDate", "registrationDate", "manufactureDate")
    return {**car, **{name: car[name].replace("-", ".") for name in dates}, "motTests": tests, "vehicleId": "abc=="}


def encoded(*cars: dict[str, Any]) -> bytes:
    """One object per line."""
    return b"".join(json.dumps(car).encode() + b"\n" for car in cars)


def zipped(**members: bytes) -> bytes:
    """A zip like DVSA's: gzip members named `<name>.json.gz`."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in members.items():
            archive.writestr(f"{name}.json.gz", gzip.compress(lines))
    return target.getvalue()


FAILED_CAR = vehicle(
    "AB81CDE",
    mot(
        "604117382205",
        "2025-09-12T14:05:37",
        "FAILED",
        defect(SPRING, "MAJOR"),
        defect(TYRE, "DANGEROUS", dangerous=True),
        defect(DISC, "ADVISORY"),
    ),
    mot("018204763911", "2024-09-19T10:42:11", "PASSED", defect(DISC, "ADVISORY"), expires="2025-09-18"),
    mot("018204763000", "2023-09-19T10:42:11", "PASSED", expires="2024-09-18"),
)
