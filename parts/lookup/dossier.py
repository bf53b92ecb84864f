"""All that is known of one part: who has it and how old their word is, its past, what does instead, and who waits for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, IntegerField, Value, When

from parts.blocking.models import RequirementOption
from parts.blocking.scarcity import Scarcity, scarcity
from parts.catalogue.models import Grade, Part
from parts.catalogue.search import known_part
from parts.lookup.checking import rows_of
from parts.lookup.place import ANYWHERE, Place, place_of
from parts.lookup.supply import Seen, supplies_of
from parts.stock.history import PartHistory, StockDay, part_histories, stock_by_day
from parts.stock.models import Availability, Offer

DAYS = 90
WIDTH, HEIGHT = 300, 48
_MOST_OFFERS = 60
_MOST_ALTERNATIVES = 30
_RANKS = (Availability.IN_STOCK, Availability.LIMITED, Availability.ON_BACKORDER)


@dataclass(frozen=True)
class Source:
    """What one branch says of the part, and since when it has said so. `freshness`: how far its supplier is believed."""

    supplier: str
    place: str
    tier: str
    availability: str
    quantity: int | None
    price_pence: int | None
    lead_time_days: int | None
    expected_on: date | None
    grade: str
    miles: int | None
    said_since: datetime
    confirmed_at: datetime | None
    freshness: str


@dataclass(frozen=True)
class Alternative:
    """Another part that meets the same needs of the same repairs. `fits_all`: of every repair that takes this one."""

    part_number: str
    brand: str
    description: str
    availability: str
    is_ready: bool
    best: dict[str, Any] | None
    fits_all: bool


@dataclass(frozen=True)
class Chart:
    """Stock by day as a line in a box of `WIDTH` × `HEIGHT`, and its ends in figures."""

    points: str
    most: int
    first: StockDay
    last: StockDay


@dataclass(frozen=True)
class Dossier:
    """`row` is the part as `check_parts` has it. `past` None: nothing was heard of it within `DAYS` days.

    `having`: who says that there is some or more to come; `without`: who says that there is none, or says nothing.
    """

    row: dict[str, Any]
    having: list[Source]
    without: list[Source]
    past: PartHistory | None
    chart: Chart | None
    alternatives: dict[str, list[Alternative]]
    scarcity: Scarcity


def dossier(part_number: str, *, brand: str, postcode: str | None = None, at: datetime) -> Dossier:
    """All that is known of the brand's part, seen from the postcode or from anywhere in the UK.

    NotFoundError `part_not_found`, DomainError `invalid_postcode`. Constant queries.
    """
    place = place_of(postcode) or ANYWHERE
    match = known_part(part_number, brand=brand)
    assert match.part_id is not None
    [row] = rows_of([match], place=place, at=at)
    since = at - timedelta(days=DAYS)
    sources = _sources(match.part_id, place=place, at=at)
    return Dossier(
        row=row,
        having=[source for source in sources if source.availability in _RANKS],
        without=[source for source in sources if source.availability not in _RANKS],
        past=part_histories([match.part_id], since=since).get(match.part_id),
        chart=_chart(stock_by_day(match.part_id, days=DAYS, at=at)),
        alternatives=_alternatives(match.part_id, place=place, at=at),
        scarcity=scarcity(match.part_id, at=at),
    )


def _sources(part_id: int, *, place: Place, at: datetime) -> list[Source]:
    """Best word first: stock, then what is to come, then nothing; of equals the nearest."""
    ranks = [When(availability=one, then=Value(rank)) for rank, one in enumerate(_RANKS)]
    offers = (
        Offer.objects.filter(part=part_id)
        .select_related("branch__supplier", "branch__dealer")
        .annotate(rank=Case(*ranks, default=Value(len(_RANKS)), output_field=IntegerField()))
        .order_by("rank", "lead_time_days", "price_pence", "pk")[:_MOST_OFFERS]
    )
    found = [(vars(offer)["rank"], _source(offer, place=place, at=at)) for offer in offers]
    return [source for _, source in sorted(found, key=lambda one: (one[0], _far(one[1])))]


def _far(source: Source) -> float:
    return math.inf if source.miles is None else source.miles


def _source(offer: Offer, *, place: Place, at: datetime) -> Source:
    branch, dealer = offer.branch, offer.branch.dealer
    north = branch.latitude if branch.latitude is not None or dealer is None else dealer.latitude
    east = branch.longitude if branch.longitude is not None or dealer is None else dealer.longitude
    return Source(
        supplier=branch.supplier.name,
        place=dealer.name if dealer else branch.name,
        tier=branch.tier,
        availability=offer.availability,
        quantity=offer.quantity,
        price_pence=offer.price_pence,
        lead_time_days=offer.lead_time_days,
        expected_on=offer.expected_on,
        grade=offer.get_grade_display(),
        miles=place.miles_to(north, east),
        said_since=offer.changed_at,
        confirmed_at=branch.supplier.confirmed_at,
        freshness=branch.supplier.freshness(at=at),
    )


def _alternatives(part_id: int, *, place: Place, at: datetime) -> dict[str, list[Alternative]]:
    """By grade, in the order of `Grade`; within one, what can be had first."""
    taking = set(RequirementOption.objects.filter(part=part_id).values_list("requirement", flat=True))
    needs: dict[int, set[int]] = {}
    same = RequirementOption.objects.filter(requirement__in=taking, bundle__isnull=True).exclude(part=part_id)
    for other, requirement in same.values_list("part", "requirement"):
        needs.setdefault(other, set()).add(requirement)
    chosen = sorted(needs, key=lambda other: (-len(needs[other]), other))[:_MOST_ALTERNATIVES]
    parts = Part.objects.filter(pk__in=chosen).with_number().select_related("brand")
    supplies = supplies_of([Seen(part, place.region) for part in chosen], place=place, at=at)
    found: dict[str, list[Alternative]] = {grade: [] for grade in Grade.values}
    for part in parts:
        supply = supplies.get(Seen(part.pk, place.region))
        one = Alternative(
            part_number=vars(part)["number"],
            brand=part.brand.name,
            description=part.description,
            availability=supply.availability if supply else Availability.UNKNOWN.value,
            is_ready=bool(supply and supply.is_ready),
            best=supply.offers[0] if supply and supply.offers else None,
            fits_all=needs[part.pk] == taking,
        )
        found[part.grade].append(one)
    ordered = {grade: sorted(those, key=_had_first) for grade, those in found.items() if those}
    return {str(Grade(grade).label): those for grade, those in ordered.items()}


def _had_first(one: Alternative) -> tuple[bool, bool, str]:
    return (not one.is_ready, not one.fits_all, one.part_number)


def _chart(days: Sequence[StockDay]) -> Chart | None:
    """None where there is no past to draw a line of."""
    if len(days) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    most = max(day.pieces for day in days)
    step = WIDTH / (len(days) - 1)
    points = " ".join(
        f"{index * step:.1f},{HEIGHT - day.pieces / (most or 1) * HEIGHT:.1f}" for index, day in enumerate(days)
    )
    return Chart(points, most, days[0], days[-1])
