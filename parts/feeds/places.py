"""Brands and branches a feed names: found, or made when they are new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper
from django.utils.text import slugify

from dealers.models import Dealer
from garagehub.lib.geography import ALL_REGIONS, reach_of
from parts.catalogue.models import Brand
from parts.stock.models import Branch, Supplier

# Beyond these a file is not what it says it is.
MAX_PLACES = 100_000


class Place(NamedTuple):
    """A brand and a branch as a file names them, and how many good rows it has there."""

    brand: str
    branch: str
    good: int


def note_places(cursor: CursorWrapper, supplier: Supplier, places: Iterable[Place]) -> dict[str, int]:
    """Fill feed_brand and feed_branch with what the staged names mean; the ids of the brands by name as sent."""
    brand_names = sorted({place.brand for place in places})
    branch_names = sorted({place.branch for place in places})
    brands = dict(zip(brand_names, brand_ids(cursor, brand_names), strict=True))
    branches = branch_ids(cursor, supplier, [name.strip() for name in branch_names])
    for table, names, ids in (
        ("feed_brand (brand, brand_id)", brand_names, list(brands.values())),
        ("feed_branch (branch, branch_id)", branch_names, branches),
    ):
        cursor.execute(f"INSERT INTO {table} SELECT * FROM unnest(%s::text[], %s::bigint[])", [names, ids])
    cursor.execute("ANALYZE feed_brand, feed_branch")
    return brands


def brand_ids(cursor: CursorWrapper, names: Sequence[str]) -> list[int]:
    """The ids of these brands, in their order; unknown ones are made. Capitals and punctuation make no difference."""
    slugs = [slugify(name, allow_unicode=True)[:64] for name in names]
    found = _brands_by(slugs, names)
    missing = sorted((slug, name) for slug, name in zip(slugs, names, strict=True) if slug not in found)
    if missing:
        cursor.execute(
            """
            INSERT INTO parts_brand (slug, name) SELECT * FROM unnest(%s::text[], %s::text[])
            ON CONFLICT DO NOTHING
            """,
            [[slug for slug, _ in missing], [name for _, name in missing]],
        )
        found = _brands_by(slugs, names)
    return [found[slug] for slug in slugs]


def _brands_by(slugs: Sequence[str], names: Sequence[str]) -> dict[str, int]:
    """Brands by the slugs asked for; one whose slug is another is found by its name."""
    found = dict(Brand.objects.filter(slug__in=slugs).values_list("slug", "id"))
    by_name = dict(Brand.objects.filter(name__in=names).values_list("name", "id"))
    return {slug: by_name[name] for slug, name in zip(slugs, names, strict=True) if name in by_name} | found


def branch_ids(cursor: CursorWrapper, supplier: Supplier, codes: Sequence[str]) -> list[int]:
    """The ids of these branches of the supplier, in their order; unknown ones are made.

    A code that is a dealer's becomes a branch at that dealer, reaching its region and those around it; any other is a
    central store that reaches everywhere.
    """
    found = dict(Branch.objects.filter(supplier=supplier, code__in=codes).values_list("code", "id"))
    missing = sorted(set(codes) - set(found))
    if missing:
        dealers = {dealer.code: dealer for dealer in Dealer.objects.filter(code__in=missing)}
        Branch.objects.bulk_create(
            [_new_branch(supplier, code, dealers.get(code)) for code in missing], ignore_conflicts=True
        )
        found = dict(Branch.objects.filter(supplier=supplier, code__in=codes).values_list("code", "id"))
    return [found[code] for code in codes]


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
