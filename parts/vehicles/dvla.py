"""DVLA's Vehicle Enquiry Service: tax and MOT status of one vehicle, asked by POST, so that no plate is in an address.

developer-portal.driver-vehicle-licensing.api.gov.uk. Only `registrationNumber` is promised of a reply; it holds no
model, no VIN and nothing about a keeper.
"""

from __future__ import annotations

from datetime import date
from http import HTTPStatus

import msgspec
from django.conf import settings

from garagehub.lib.http import OutboundError, open_url, retry_after_seconds
from parts.vehicles.dvsa import AuthorityError

_SORN = "SORN"
_REPLY_BYTES = 100_000


class Enquiry(msgspec.Struct, rename="camel"):
    """What DVLA says of a vehicle, as far as we use it."""

    tax_status: str = ""
    mot_expiry_date: date | None = None
    make: str = ""
    colour: str = ""
    fuel_type: str = ""
    year_of_manufacture: int | None = None

    @property
    def is_sorn(self) -> bool:
        """Declared off the road. Untaxed alone is not."""
        return self.tax_status.upper() == _SORN


def is_set_up() -> bool:
    """Whether DVLA can be asked at all."""
    return bool(settings.DVLA_API_URL)


def by_registration(registration: str, *, patience_s: float = 30) -> Enquiry | None:
    """DVLA's word about a normalised plate; None if it knows no such vehicle.

    Raises AuthorityError for everything else: no access is not "no data".
    """
    try:
        with open_url(
            "POST",
            settings.DVLA_API_URL.rstrip("/") + "/v1/vehicles",
            headers={"x-api-key": settings.DVLA_API_KEY, "Content-Type": "application/json"},
            content=msgspec.json.encode({"registrationNumber": registration}),
            is_internal=settings.DVLA_INTERNAL,
            connect_s=min(5, patience_s),
            read_s=patience_s,
            total_s=patience_s,
            max_bytes=_REPLY_BYTES,
            max_redirects=0,
        ) as body:
            content = body.read()
            status, wait_s = body.status, retry_after_seconds(body.headers)
    except OutboundError as error:
        raise AuthorityError(
            f"DVLA cannot be reached: {error}", permanent=error.permanent, retry_after_s=error.retry_after_s
        ) from error
    if status == HTTPStatus.NOT_FOUND:
        return None
    if status != HTTPStatus.OK:
        is_passing = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        raise AuthorityError(f"DVLA answered {status}.", permanent=not is_passing, retry_after_s=wait_s)
    try:
        return msgspec.json.decode(content, type=Enquiry)
    except msgspec.MsgspecError as error:
        raise AuthorityError("DVLA's reply cannot be read.") from error
