"""DVLA's Vehicle Enquiry Service: tax and MOT status by registration, asked by POST so that no plate is in an address."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from garagehub.sandbox.clock import Clock
from garagehub.sandbox.messages import Request, Response, json_response
from garagehub.sandbox.refusals import RefusalError
from garagehub.sandbox.routing import Route

# What the sandbox's DVLA takes. It opens nothing else.
API_KEY = "sandbox"

# The plates DVLA's own test host answers with an error.
_MOCK_ERRORS = {
    "ER19BAD": (400, "Bad Request", "Invalid format for field - vehicle registration number"),
    "ER19NFD": (404, "Vehicle Not Found", "Record for vehicle not found"),
    "ER19THR": (429, "Too Many Requests", "Too many requests were made"),
    "ER19ERR": (500, "Internal Server Error", "System error occurred"),
    "ER19MNT": (503, "Service Unavailable", "The service is down for maintenance"),
}
# What its other test plates stand for, as far as the vehicle does not say it. None takes a field away.
_MOCK_DIFFERENCES: dict[str, dict[str, Any]] = {
    "AA19EEE": {"fuelType": "ELECTRICITY", "engineCapacity": None, "co2Emissions": 0},
    "AA19PPP": {"motStatus": None, "motExpiryDate": None, "wheelplan": "3 AXLE ARTIC", "revenueWeight": 44_000},
    "AA19SRN": {"taxStatus": "SORN", "taxDueDate": None},
}
_FUELS = {"Electric": "ELECTRICITY", "Hybrid Electric (Clean)": "HYBRID ELECTRIC"}
_REGISTRATION = re.compile(r"[A-Z0-9]{2,7}", re.ASCII)
# A car whose MOT ran out this long ago is taken to be declared off the road.
_OFF_ROAD_AFTER = timedelta(days=365)


class Dvla:
    """Answers for DVLA. `find` gives a vehicle in DVSA's shape as of a day."""

    def __init__(self, *, find: Callable[[str, date], dict[str, Any] | None], clock: Clock) -> None:
        self._find = find
        self._clock = clock

    def routes(self) -> list[Route]:
        """The one address there is."""
        note = '{"registrationNumber": "AA19AAA"}; x-api-key.'
        return [Route("POST", "/dvla/vehicle-enquiry/v1/vehicles", self.vehicle, note)]

    def vehicle(self, request: Request) -> Response:
        """Tax and MOT status of one vehicle."""
        if request.headers.get("x-api-key") != API_KEY:
            raise RefusalError(403, {"message": "Forbidden"})
        plate = request.json_object().get("registrationNumber")
        if not isinstance(plate, str) or not _REGISTRATION.fullmatch(plate):
            raise _error(*_MOCK_ERRORS["ER19BAD"])
        if plate in _MOCK_ERRORS:
            raise _error(*_MOCK_ERRORS[plate])
        today = self._clock.now().date()
        found = self._find(plate, today)
        if found is None:
            raise _error(*_MOCK_ERRORS["ER19NFD"])
        answer = enquiry_answer(found, today=today) | _MOCK_DIFFERENCES.get(plate, {})
        return json_response({name: value for name, value in answer.items() if value is not None})


def enquiry_answer(vehicle: dict[str, Any], *, today: date) -> dict[str, Any]:
    """What the service says of a vehicle in DVSA's shape. Fields without a value are None."""
    expires_on = max(
        (test["expiryDate"] for test in vehicle.get("motTests", ()) if test.get("expiryDate")), default=None
    )
    due_on = expires_on or vehicle.get("motTestDueDate")
    is_off_road = due_on is not None and date.fromisoformat(due_on) + _OFF_ROAD_AFTER < today
    registered = vehicle.get("registrationDate") or vehicle.get("firstUsedDate")
    capacity = vehicle.get("engineSize")
    fuel = vehicle.get("fuelType")
    return {
        "registrationNumber": vehicle["registration"],
        "taxStatus": "SORN" if is_off_road else "Taxed",
        "taxDueDate": None if is_off_road else _end_of_month(today + timedelta(days=100)).isoformat(),
        "motStatus": _mot_status(due_on, has_tests=expires_on is not None, today=today),
        "motExpiryDate": expires_on,
        "make": vehicle.get("make"),
        "monthOfFirstRegistration": registered and registered[:7],
        "yearOfManufacture": int(registered[:4]) if registered else None,
        "engineCapacity": int(capacity) if capacity and capacity.isdecimal() and int(capacity) else None,
        "fuelType": fuel and _FUELS.get(fuel, fuel.upper()),
        "markedForExport": False,
        "colour": (vehicle.get("primaryColour") or "").upper() or None,
        "wheelplan": "2 AXLE RIGID BODY",
    }


def _mot_status(due_on: str | None, *, has_tests: bool, today: date) -> str:
    if due_on is None:
        return "No details held by DVLA"
    if date.fromisoformat(due_on) >= today:
        return "Valid" if has_tests else "No details held by DVLA"
    return "Not valid"


def _end_of_month(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _error(status: int, title: str, detail: str) -> RefusalError:
    error = {"status": str(status), "code": str(status), "title": title, "detail": detail}
    return RefusalError(status, {"errors": [error]})
