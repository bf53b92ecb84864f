"""The errors of DVSA's MOT History API: codes, messages and statuses.

The codes and what they mean are DVSA's; the statuses are those seen by its clients, the wording is our own.
"""

from __future__ import annotations

import uuid

from garagehub.sandbox.refusals import RefusalError

_ERRORS: dict[str, tuple[int, str]] = {
    "MOTH-BR-01": (400, "Bad request"),
    "MOTH-UA-01": (401, "Authorisation failed"),
    "MOTH-FB-01": (403, "No permission for this endpoint"),
    "MOTH-FB-02": (401, "The access token has expired"),
    "MOTH-FB-03": (403, "The API key is not recognised"),
    "MOTH-FB-04": (401, "The access token is missing"),
    "MOTH-RL-01": (429, "The daily allowance of requests is used up"),
    "MOTH-RL-02": (429, "Too many requests in a short time, wait a few minutes"),
    "MOTH-NP-02": (400, "The vehicle registration is missing"),
    "MOTH-IV-03": (400, "The vehicle registration is not valid"),
    "MOTH-NF-01": (404, "Vehicle not found"),
    "MOTH-NF-02": (404, "URL not found"),
    "MOTH-UN-01": (500, "Unknown error"),
}
CODES = tuple(_ERRORS)


def moth_error(code: str, *, headers: dict[str, str] | None = None) -> RefusalError:
    """The error DVSA gives under this code."""
    status, message = _ERRORS[code]
    body = {"requestId": str(uuid.uuid4()), "errorCode": code, "errorMessage": message}
    return RefusalError(status, body, headers=headers)
