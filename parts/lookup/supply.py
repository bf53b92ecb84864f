"""What the sources say of parts, seen from a place: one query for as many parts and places as are asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from garagehub.lib.prepared import prepared_cursor
from parts.lookup.place import Place
from parts.stock.models import Availability
from parts.vehicles.road import uk_date

_SQL = (Path(__file__).parent / "sql" / "supply.sql").read_text(encoding="utf-8")
_OF_FEW, _OF_MANY = (_SQL.replace("{kept}", kept) for kept in ("NOT MATERIALIZED", "MATERIALIZED"))
_FEW = 3  # parts; with more, reading every branch once is cheaper than finding those of each offer
# Read once: a member of an enum costs more than a row of the answer.
_IN_STOCK, _LIMITED = Availability.IN_STOCK.value, Availability.LIMITED.value
IN_STOCK = {_IN_STOCK, _LIMITED}


class Seen(NamedTuple):
    """A part, and the region it is looked at from."""

    part_id: int
    region: int


class Cover(msgspec.Struct, frozen=True, array_like=True):
    """What the sources of a part's brand amount to: when they were last confirmed, how many are fresh, which are not."""

    checked_at: datetime | None = None
    oldest_at: datetime | None = None
    fresh_sources: int = 0
    stale_sources: tuple[str, ...] = ()


class Supply(msgspec.Struct, frozen=True):
    """One part, seen from one place. `is_ready`: it can be had there; `is_possible`: it may be, nobody could check.

    `quantity`: the pieces that can be got there, where sources count them; `demand`: the vehicles in the country that
    failed on something whose repair could use one, as last decided. `offers`: the best that can be got there, at most
    three. `elsewhere`: if none can, the nearest stock that nobody sends there.
    """

    lifecycle: str
    availability: str
    is_ready: bool
    is_possible: bool
    quantity: int | None
    demand: int
    expected_on: date | None
    offers: list[dict[str, Any]]
    elsewhere: dict[str, Any] | None
    cover: Cover


class Offer(msgspec.Struct, array_like=True):
    """An offer as the query gives it."""

    supplier: str
    dealer: str | None
    dealer_name: str | None
    tier: str
    latitude: float | None
    longitude: float | None
    quantity: int | None
    price_pence: int | None
    lead_time_days: int | None
    is_limited: bool
    can_get: bool
    is_here: bool


_NO_COVER = Cover()
_OFFERS = msgspec.json.Decoder(list[Offer])
_COVER = msgspec.json.Decoder(Cover)


def supplies_of(seen: Collection[Seen], *, place: Place | None, at: datetime) -> dict[Seen, Supply]:
    """The supply of each part that exists, from each region asked. Distances are from `place`, if it is known.

    One query even for no parts: what is not known costs what is known.
    """
    parameters = {
        "part_ids": _array(one.part_id for one in seen),
        "regions": _array(one.region for one in seen),
        "latitude": place.latitude if place else None,
        "longitude": place.longitude if place else None,
        "now": at,
        "today": uk_date(at),
    }
    with prepared_cursor() as cursor:
        cursor.execute(_OF_FEW if len(seen) <= _FEW else _OF_MANY, parameters)
        rows = cursor.fetchall()
    covers = {words: _COVER.decode(words) for words in {row[-1] for row in rows} if words}
    supplies = {}
    for part_id, region, lifecycle, is_ready, is_possible, *stock, quantity, expected_on, offers, demand, words in rows:
        in_stock, limited, in_stock_elsewhere, on_backorder, is_listed = stock
        supplies[Seen(part_id, region)] = supply_of(
            lifecycle=lifecycle,
            is_ready=is_ready,
            is_possible=is_possible,
            in_stock=in_stock,
            limited=limited,
            in_stock_elsewhere=in_stock_elsewhere,
            on_backorder=on_backorder,
            is_listed=is_listed,
            quantity=quantity,
            demand=demand,
            expected_on=expected_on,
            offers=_OFFERS.decode(offers) if offers else [],
            cover=covers.get(words, _NO_COVER),
            place=place,
        )
    return supplies


def _array(numbers: Iterable[int]) -> str:
    """A PostgreSQL array literal: as one text, the driver sends many ten times as quickly as one by one."""
    return "{" + ",".join(map(str, numbers)) + "}"


def supply_of(
    *,
    lifecycle: str,
    is_ready: bool,
    is_possible: bool,
    in_stock: bool,
    limited: bool,
    in_stock_elsewhere: bool | None,
    on_backorder: bool,
    is_listed: bool,
    quantity: int | None,
    demand: int,
    expected_on: date | None,
    offers: list[Offer],
    cover: Cover,
    place: Place | None,
) -> Supply:
    """The supply that follows from what was found; `offers` best first."""
    availability = _availability(
        in_stock=in_stock,
        limited=limited,
        in_stock_elsewhere=in_stock_elsewhere,
        on_backorder=on_backorder,
        is_listed=is_listed,
        is_possible=is_possible,
    )
    return Supply(
        lifecycle=lifecycle,
        availability=availability,
        is_ready=is_ready,
        is_possible=is_possible,
        quantity=quantity,
        demand=demand,
        expected_on=None if availability in IN_STOCK else expected_on,
        offers=[_shown(offer, place) for offer in offers if offer.can_get],
        elsewhere=_shown(offers[0], place) if offers and not offers[0].can_get and not offers[0].is_here else None,
        cover=cover,
    )


def _availability(
    *,
    in_stock: bool,
    limited: bool,
    in_stock_elsewhere: bool | None,
    on_backorder: bool,
    is_listed: bool,
    is_possible: bool,
) -> str:
    """The best that a fresh source says, first of those that deliver here; unknown when an old or dead one could have it.

    Stock that nobody sends here is still stock: whether it can be got is another question (`is_ready`).
    `in_stock_elsewhere`: None, there is no stock elsewhere; False, only a few.
    """
    if in_stock:
        return _IN_STOCK
    if limited:
        return _LIMITED
    if is_possible:
        return Availability.UNKNOWN.value
    if in_stock_elsewhere is not None:
        return _IN_STOCK if in_stock_elsewhere else _LIMITED
    if on_backorder:
        return Availability.ON_BACKORDER.value
    return Availability.OUT_OF_STOCK.value if is_listed else Availability.NOT_LISTED.value


def _shown(offer: Offer, place: Place | None) -> dict[str, Any]:
    """An offer as the API shows it: `best` and `elsewhere`."""
    return {
        "supplier": offer.supplier,
        "dealer": offer.dealer,
        "dealer_name": offer.dealer_name,
        "tier": offer.tier,
        "availability": _LIMITED if offer.is_limited else _IN_STOCK,
        "quantity": offer.quantity,
        "price_pence": offer.price_pence,
        "lead_time_days": offer.lead_time_days,
        "distance_miles": place.miles_to(offer.latitude, offer.longitude) if place else None,
    }
