"""Makes, dealers, garages, and the checks of their systems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.utils.text import slugify

from dealers.models import Dealer, Make, Probe, System
from garagehub.scenario.dealers import FRANCHISED, DemoDealer
from garagehub.scenario.draws import fraction
from garagehub.scenario.models import MAKES

# Systems an independent garage has of its own.
_OF_INDEPENDENTS = (System.PARTS_CATALOGUE, System.PARTS_ORDERING, System.DIAGNOSTICS)
# Systems that some dealers cannot be asked about from outside; what is known of those comes from people.
_SELDOM_CHECKED = (System.VEHICLE_REGISTRATION, System.WARRANTY)
_UNCHECKED_SHARE = 0.15


def write_dealers(places: Sequence[DemoDealer]) -> dict[str, Dealer]:
    """Make the places and give them by code."""
    for name in MAKES:
        Make.objects.get_or_create(name=name, defaults={"slug": slugify(name)})
    Dealer.objects.bulk_create(
        [
            Dealer(
                code=place.code,
                slug=place.slug,
                name=place.name,
                kind=place.kind,
                region=place.region,
                group=place.group,
                town=place.town,
                postcode=place.postcode,
                latitude=place.latitude,
                longitude=place.longitude,
                phone=place.phone,
                is_demo=True,
            )
            for place in places
        ],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["slug", "name", "kind", "region", "group", "town", "postcode", "latitude", "longitude", "phone"],
    )
    dealers = {dealer.code: dealer for dealer in Dealer.objects.filter(code__in=[place.code for place in places])}
    makes = {make.name: make.pk for make in Make.objects.filter(name__in=MAKES)}
    serves = Dealer.makes.through
    serves.objects.bulk_create(
        [serves(dealer_id=dealers[place.code].pk, make_id=makes[name]) for place in places for name in place.makes],
        ignore_conflicts=True,
    )
    return dealers


def write_probes(places: Sequence[DemoDealer], dealers: dict[str, Dealer], *, sandbox_url: str, at: datetime) -> int:
    """Make the checks, at the sandbox's present address and due now; answers how many there are."""
    probes = [
        Probe(
            dealer=dealers[place.code],
            system=system,
            url=f"{sandbox_url}/dealers/{place.code}/systems/{system}",
            is_internal=True,
            next_at=at,
        )
        for place in places
        for system in checked_systems(place)
    ]
    Probe.objects.bulk_create(
        probes,
        update_conflicts=True,
        unique_fields=["dealer", "system"],
        update_fields=["url", "is_internal", "next_at"],
    )
    return len(probes)


def checked_systems(place: DemoDealer) -> Iterator[System]:
    """The systems of a place that can be checked from outside."""
    if place.kind != FRANCHISED:
        yield from _OF_INDEPENDENTS
        return
    for system in System:
        if system not in _SELDOM_CHECKED or fraction(0, "unchecked", place.code, system) >= _UNCHECKED_SHARE:
            yield system
