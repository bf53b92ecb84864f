"""What the sources say of parts, seen from a place: one query for as many parts as are asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import connection

from parts.lookup.place import Place
from parts.stock.models import Availability
from parts.vehicles.road import uk_date

_SQL = (Path(__file__).parent / "sql" / "supply.sql").read_text()


@dataclass(frozen=True)
class Supply:
    """One part, seen from one place. `is_ready`: it can be had there; `is_possible`: it may be, nobody could check."""

    part_id: int
    lifecycle: str
    availability: str
    is_ready: bool
    is_possible: bool
    quantity: int | None
    expected_on: date | None
    checked_at: datetime | None
    oldest_at: datetime | None
    fresh_sources: int
    stale_sources: tuple[str, ...]
    offers: tuple[dict[str, Any], ...]


def supplies_of(part_ids: list[int], *, place: Place, at: datetime) -> dict[int, Supply]:
    """The supply of each part that exists, by part id. `place` decides the region and the distances."""
    if not part_ids:
        return {}
    parameters: dict[str, Any] = {
        "part_ids": part_ids,
        "region": place.region,
        "latitude": place.latitude,
        "longitude": place.longitude,
        "now": at,
        "today": uk_date(at),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SQL, parameters)
        return {row[0]: _supply(row, place) for row in cursor.fetchall()}


def _supply(row: tuple[Any, ...], place: Place) -> Supply:
    part_id, lifecycle, is_ready, is_possible, in_stock, limited, backorder, out = row[:8]
    quantity, expected_on, checked_at, oldest_at, fresh, stale, offers = row[8:]
    return Supply(
        part_id=part_id,
        lifecycle=lifecycle,
        availability=_availability(in_stock, limited, backorder, out, is_possible=is_possible),
        is_ready=is_ready,
        is_possible=is_possible,
        quantity=quantity,
        expected_on=expected_on,
        checked_at=checked_at,
        oldest_at=oldest_at,
        fresh_sources=fresh or 0,
        stale_sources=tuple(stale or ()),
        offers=tuple(_offer(offer, place) for offer in offers),
    )


def _availability(in_stock: bool, limited: bool, backorder: bool, out: bool, *, is_possible: bool) -> str:  # noqa: FBT001 - the query's own columns
    """The best that any fresh source says; unknown when only old or dead sources could have it."""
    if in_stock:
        return Availability.IN_STOCK
    if limited:
        return Availability.LIMITED
    if is_possible:
        return Availability.UNKNOWN
    if backorder:
        return Availability.ON_BACKORDER
    return Availability.OUT_OF_STOCK if out else Availability.NOT_LISTED


def _offer(offer: dict[str, Any], place: Place) -> dict[str, Any]:
    """An offer as the API shows it: `best` and `alternatives`."""
    return {
        "supplier": offer["supplier"],
        "dealer": offer["dealer"],
        "dealer_name": offer["dealer_name"] or offer["branch"] or None,
        "tier": offer["tier"],
        "quantity": offer["quantity"],
        "price_pence": offer["price_pence"],
        "lead_time_days": offer["lead_time_days"],
        "distance_miles": place.miles_to(offer["latitude"], offer["longitude"]),
    }
