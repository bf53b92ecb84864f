"""Brands and branches a feed names: found, or made when they are new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper
from django.utils.text import slugify

from dealers.models import Dealer
from garagehub.lib.geography import ALL_REGIONS, reach_of
from parts.catalogue.models import Brand
from parts.stock.models import Branch, Supplier


class Place(NamedTuple):
    """A brand and a branch as a file names them, and how many rows it has there: good ones, and others that were read."""

    id: int
    brand: str
    branch: str
    good: int
    removed: int


def note_places(cursor: CursorWrapper, supplier: Supplier, places: Iterable[Place]) -> dict[str, int]:
    """Fill feed_place with what the staged names mean; the ids of the brands by name as sent.

    Unknown brands and branches are made, but not for refused rows' sake.
    """
    named = list(places)
    sure = [place for place in named if place.good or place.removed]
    brands = brand_ids(cursor, {place.brand for place in named}, make={place.brand for place in sure})
    branches = branch_ids(supplier, {place.branch for place in named}, make={place.branch for place in sure})
    known = [place for place in named if place.brand in brands and place.branch in branches]
    cursor.execute(
        "INSERT INTO feed_place SELECT * FROM unnest(%s::int[], %s::bigint[], %s::bigint[])",
        [
            [place.id for place in known],
            [brands[place.brand] for place in known],
            [branches[place.branch] for place in known],
        ],
    )
    cursor.execute("ANALYZE feed_place")
    return brands


def brand_ids(cursor: CursorWrapper, names: AbstractSet[str], *, make: AbstractSet[str]) -> dict[str, int]:
    """The ids of these brands by name; unknown ones among `make` are made. Capitals and punctuation make no difference."""
    slugs = {name: slugify(name, allow_unicode=True)[:64] for name in sorted(names)}
    found = _brands_by(slugs)
    missing = {slugs[name]: name.strip() for name in sorted(make) if name not in found}
    if missing:
        cursor.execute(
            """
            INSERT INTO parts_brand (slug, name) SELECT * FROM unnest(%s::text[], %s::text[])
            ON CONFLICT DO NOTHING
            """,
            [sorted(missing), [missing[slug] for slug in sorted(missing)]],
        )
        found = _brands_by(slugs)
    return found


def _brands_by(slugs: Mapping[str, str]) -> dict[str, int]:
    """Known brands, by the names asked for; one whose slug is another is found by its name."""
    by_slug = dict(Brand.objects.filter(slug__in=slugs.values()).values_list("slug", "id"))
    by_name = dict(Brand.objects.filter(name__in=slugs).values_list("name", "id"))
    known = {name: by_slug.get(slug) or by_name.get(name) for name, slug in slugs.items()}
    return {name: brand for name, brand in known.items() if brand is not None}


def branch_ids(supplier: Supplier, codes: AbstractSet[str], *, make: AbstractSet[str]) -> dict[str, int]:
    """The ids of these branches of the supplier by code as sent; unknown ones among `make` are made.

    A code that is a dealer's becomes a branch at that dealer, reaching its region and those around it; any other is a
    central store that reaches everywhere.
    """
    own = Branch.objects.filter(supplier=supplier, code__in={code.strip() for code in codes})
    found = dict(own.values_list("code", "id"))
    missing = sorted({code.strip() for code in make} - set(found))
    if missing:
        dealers = {dealer.code: dealer for dealer in Dealer.objects.filter(code__in=missing)}
        Branch.objects.bulk_create(
            [_new_branch(supplier, code, dealers.get(code)) for code in missing], ignore_conflicts=True
        )
        found = dict(own.all().values_list("code", "id"))
    return {code: found[code.strip()] for code in sorted(codes) if code.strip() in found}


def _new_branch(supplier: Supplier, code: str, dealer: Dealer | None) -> Branch:
    if dealer is None:
        return Branch(supplier=supplier, code=code, tier=Branch.Tier.CENTRAL, reach=ALL_REGIONS)
    return Branch(
        supplier=supplier,
        code=code,
        name=dealer.name,
        dealer=dealer,
        tier=Branch.Tier.BRANCH,
        reach=reach_of(dealer.region),
        latitude=dealer.latitude,
        longitude=dealer.longitude,
    )


def note_brands(cursor: CursorWrapper, supplier: Supplier, brands: Sequence[int], *, is_all: bool) -> None:
    """Keep which brands the supplier's good data lists; after a whole snapshot, those it no longer lists go."""
    if is_all:
        cursor.execute(
            "DELETE FROM parts_supplier_brands WHERE supplier_id = %s AND brand_id <> ALL (%s::bigint[])",
            [supplier.pk, list(brands)],
        )
    cursor.execute(
        """
        INSERT INTO parts_supplier_brands (supplier_id, brand_id) SELECT %s, unnest(%s::bigint[])
        ON CONFLICT DO NOTHING
        """,
        [supplier.pk, sorted(brands)],
    )
