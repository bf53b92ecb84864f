"""Many part numbers at once: one row per input, in the order given, none ever dropped."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from dealers.models import Dealer
from garagehub.lib.prepared import prepared_cursor
from parts.catalogue.search import AMBIGUOUS, Candidate, Match, Successor, resolve_numbers
from parts.feeds.uploading import own_code
from parts.lookup.place import ANYWHERE, Place, place_of
from parts.lookup.supply import Seen, Supply, supplies_of
from parts.stock.models import Availability, Freshness, freshness_of

_SOURCES = """
SELECT s.name, s.code, s.confirmed_at, s.warn_after_s, s.error_after_s
FROM parts_supplier s
WHERE EXISTS (SELECT FROM parts_feed f WHERE f.supplier_id = s.id AND f.is_enabled)
    OR s.name = ANY(%(named)s::text[])
    OR (s.code = %(own)s::text AND s.confirmed_at IS NOT NULL)
ORDER BY s.name, s.code
"""
_UNKNOWN = Availability.UNKNOWN.value


def check_parts(
    numbers: list[str], *, postcode: str | None = None, asked_by: Dealer | None = None, at: datetime
) -> dict[str, Any]:
    """Each number's match, availability, best source and demand, seen from the postcode or from anywhere in the UK.

    The sources are all feeds, the own stock of `asked_by`, and of other dealers' stock what the answer names.
    DomainError `invalid_postcode`. Constant queries for any number of inputs.
    """
    rows = rows_of(resolve_numbers(numbers), place=place_of(postcode) or ANYWHERE, at=at)
    return {"results": rows, "sources": sources(asked_by=asked_by, named=_named(rows), at=at)}


def rows_of(matches: Sequence[Match], *, place: Place, at: datetime) -> list[dict[str, Any]]:
    """What is known of each match, seen from the place. One query for any number of them."""
    candidates = [candidate for match in matches for candidate in match.candidates]
    wanted = {candidate.part_id for candidate in candidates}
    wanted.update([successor.part_id for candidate in candidates for successor in candidate.successors])
    seen = supplies_of([Seen(part_id, place.region) for part_id in wanted], place=place, at=at)
    supplies = {part_id: supply for (part_id, _), supply in seen.items()}
    return [_row(match, supplies) for match in matches]


def sources(*, asked_by: Dealer | None = None, named: Collection[str] = (), at: datetime) -> list[dict[str, Any]]:
    """Every feed that is polled, how far it can be believed now, and when its stock was last confirmed.

    Also the dealer's own stock, once some was taken in, and the suppliers `named`: hundreds of dealers may upload theirs.
    """
    with prepared_cursor() as cursor:
        cursor.execute(_SOURCES, {"named": list(named), "own": own_code(asked_by) if asked_by else None})
        found = cursor.fetchall()
    return [
        {"supplier": name, "code": code, "state": freshness_of(checked_at, *limits, at=at), "checked_at": checked_at}
        for name, code, checked_at, *limits in found
    ]


def silent_sources(*, asked_by: Dealer | None = None, at: datetime) -> list[dict[str, Any]]:
    """The sources that are old or not answering, for a page's banner; `asked_by` is told of its own stock, too."""
    return [source for source in sources(asked_by=asked_by, at=at) if source["state"] != Freshness.FRESH]


def _named(rows: Iterable[dict[str, Any]]) -> set[str]:
    """The suppliers that stand in an answer."""
    shown = [row[name] for row in rows for name in ("best", "elsewhere")]
    shown += [other["best"] for row in rows for other in row["alternatives"]]
    return {offer["supplier"] for offer in shown if offer}


def _row(match: Match, supplies: dict[int, Supply]) -> dict[str, Any]:
    supply = supplies.get(match.part_id) if match.part_id is not None else None
    offers = supply.offers if supply else []
    part_number, brand, description, grade = match.part_number, match.brand, match.description, match.grade
    alternatives = [_alternative(other, supplies.get(other.part_id)) for other in _others(match)]
    alternatives += [
        {
            "part_number": part_number,
            "brand": brand,
            "description": description,
            "grade": grade,
            "relation": "other_source",
            "availability": offer["availability"],
            "best": offer,
        }
        for offer in offers[1:]
    ]
    return {
        "input": match.input,
        "matched": match.matched,
        "part_number": part_number,
        "brand": brand,
        "description": description,
        "grade": grade,
        "lifecycle": supply.lifecycle if supply else match.lifecycle,
        "availability": supply.availability if supply else _UNKNOWN,
        "quantity": supply.quantity if supply else None,
        "demand": supply.demand if supply else None,
        "best": offers[0] if offers else None,
        "elsewhere": supply.elsewhere if supply else None,
        "can_be_had": supply.is_ready if supply else None,
        "expected_on": supply.expected_on if supply else None,
        "checked_at": supply.cover.checked_at if supply else None,
        "alternatives": alternatives,
    }


def _others(match: Match) -> Sequence[Candidate | Successor]:
    """What replaces the part; of a number that several brands use, each of them."""
    return match.candidates if match.matched == AMBIGUOUS else match.successors


def _alternative(other: Candidate | Successor, supply: Supply | None) -> dict[str, Any]:
    return {
        "part_number": other.part_number,
        "brand": other.brand,
        "description": other.description,
        "grade": other.grade,
        "relation": "replaces" if isinstance(other, Successor) else "same_number",
        "availability": supply.availability if supply else _UNKNOWN,
        "best": supply.offers[0] if supply and supply.offers else None,
    }
