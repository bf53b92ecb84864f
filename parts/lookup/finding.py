"""One box for all that a garage knows of a job: a part number or its beginning, words, a plate, or the end of a VIN."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q

from garagehub.lib.errors import DomainError
from parts.catalogue.models import Part
from parts.catalogue.search import EXACT, Candidate, match_of, search_parts
from parts.lookup.answer import look_up_many
from parts.lookup.checking import rows_of
from parts.lookup.place import ANYWHERE, place_of
from parts.vehicles.models import Vehicle
from parts.vehicles.registration import cleaned

PER_PAGE = 25
_MOST_CARS = 10
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{8}(?:[A-HJ-NPR-Z0-9]{9})?")  # its last eight, or all of it; never I, O or Q
_VIN_END = 8


@dataclass(frozen=True)
class Found:
    """One page of parts, with what `check_parts` says of each, and the cars. `page` has the counts."""

    page: Page[Part]
    parts: list[dict[str, Any]]
    cars: list[dict[str, Any]]


def find(text: str, *, page: int = 1, postcode: str | None = None, at: datetime) -> Found:
    """What the text may mean, of what we have; nobody else is asked. DomainError `invalid_postcode`.

    Constant queries. A page beyond the last is the last.
    """
    place = place_of(postcode) or ANYWHERE
    found = Paginator(search_parts(text).with_number(), PER_PAGE).get_page(page)
    matches = [match_of(_candidate(part), EXACT) for part in found]
    cars = [one for one in look_up_many(_plates(text), postcode=postcode, at=at) if not isinstance(one, DomainError)]
    return Found(found, rows_of(matches, place=place, at=at), cars)


def _candidate(part: Part) -> Candidate:
    return Candidate(part.pk, vars(part)["number"], part.brand.name, part.description, part.lifecycle, part.grade, ())


def _plates(text: str) -> list[str]:
    """The plates of cars that we have with this plate, or with this VIN or the end of it."""
    asked = cleaned(text)
    wanted = Q(registration=asked)
    if _VIN.fullmatch(asked):
        wanted |= Q(vin_last8=asked[-_VIN_END:])
    cars = Vehicle.objects.filter(wanted, registration__isnull=False) if asked else Vehicle.objects.none()
    return [
        plate for plate in cars.values_list("registration", flat=True).order_by("registration")[:_MOST_CARS] if plate
    ]
