"""Many parts and repairs at once, written set-based and in one transaction."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Iterable, Iterator, Mapping

from django.db import connection, transaction
from django.utils.text import slugify

from dealers.models import Make
from garagehub.lib.errors import DomainError
from parts.catalogue.loadable import CatalogueFacts, RequirementFacts
from parts.catalogue.mapping import kind_rows, load_kinds
from parts.catalogue.models import Brand, Repair, Requirement, RequirementPart, Supersession
from parts.catalogue.repair_file import (
    FitRow,
    LineError,
    PartKey,
    PartRow,
    RepairKey,
    RepairRow,
    RequirementRow,
    read_repairs,
)
from parts.catalogue.supersession import add_supersessions
from parts.marks.marks import Mark, mark

_MOST_ERRORS_SHOWN = 100

# A requirement as stored: its name, quantity, whether chosen by VIN, and its parts with their ranges.
_Stored = tuple[str, int, bool, frozenset[tuple[int, str, str]]]


class RepairFileError(DomainError):
    """The file has mistakes, and nothing of it was taken in."""

    def __init__(self, errors: list[LineError]) -> None:
        super().__init__(
            f"{len(errors)} mistakes in the file; nothing was loaded.",
            code="invalid_repair_file",
            fields={"file": [str(error) for error in errors[:_MOST_ERRORS_SHOWN]]},
        )
        self.errors = errors


@transaction.atomic
def load_catalogue(catalogue: CatalogueFacts, *, is_demo: bool) -> dict[str, int]:
    """Write a whole catalogue; what it does not name stays. Running it again changes nothing. Gives counts.

    Makes and models that are new are made. A repair named replaces the requirements stored for it, and its variants by
    year those stored for its kind, model and position.
    """
    load_kinds()
    rows = [PartRow(part.brand, part.number, part.description, part.grade) for part in catalogue.parts]
    keys = {row.number: row.key for row in rows}
    repairs = [
        RepairRow(
            RepairKey(repair.kind, repair.make, repair.model, repair.position, repair.year_from, repair.year_to),
            repair.needs_diagnostics,
            repair.needs_programming,
            frozenset(
                RequirementRow(need.name, need.quantity, need.by_vin, frozenset(_fits(need, keys)))
                for need in repair.requirements
            ),
        )
        for repair in catalogue.repairs
    ]
    _ensure_makes({repair.make for repair in catalogue.repairs})
    parts = _ensure_parts(rows, is_demo=is_demo)
    counts = _write_repairs(repairs, parts, is_demo=is_demo)
    refusals = add_supersessions(
        Supersession(
            old_id=parts[keys[edge.old]],
            new_id=parts[keys[edge.new]],
            kind=edge.kind,
            group=edge.group,
            ratio=edge.ratio,
            direction=edge.direction,
            source="catalogue",
        )
        for edge in catalogue.supersessions
    )
    return {"parts": len(parts), **counts, "supersessions_refused": len(refusals)}


def _fits(need: RequirementFacts, keys: Mapping[str, PartKey]) -> Iterator[FitRow]:
    ranges = need.ranges or [("", "")] * len(need.part_numbers)
    for number, serials in zip(need.part_numbers, ranges, strict=True):
        yield FitRow(keys[number], *serials)


@transaction.atomic
def load_repairs(lines: Iterable[str], *, partial: bool = False) -> tuple[dict[str, int], list[LineError]]:
    """Write the repairs of a CSV file (`repair_file` says its columns). Gives counts and the mistakes passed over.

    RepairFileError, and nothing written, if the file has a mistake; with `partial`, the repairs without one go in.
    """
    load_kinds()
    known_makes = set(Make.objects.values_list("name", flat=True))
    file = read_repairs(lines, kinds={kind.slug for kind in kind_rows()}, makes=known_makes)
    if file.errors and not partial:
        raise RepairFileError(file.errors)
    parts = _ensure_parts(file.parts, is_demo=False)
    counts = _write_repairs(file.repairs, parts, is_demo=False)
    return {"parts": len(parts), **counts, "errors": len(file.errors)}, file.errors


def ensure_brands(names: Iterable[str]) -> dict[str, int]:
    """The id of each brand by its name, made if new. Two names that give the same slug stay two brands."""
    wanted = sorted(set(names))
    known = set(Brand.objects.filter(name__in=wanted).values_list("name", flat=True))
    slugs = {name: slugify(name)[:50] or "brand" for name in wanted if name not in known}
    taken = set(Brand.objects.filter(slug__in=slugs.values()).values_list("slug", flat=True))
    new = []
    for name, slug in slugs.items():
        free = slug if slug not in taken else f"{slug}-{zlib.crc32(name.encode()):08x}"
        taken.add(free)
        new.append(Brand(name=name, slug=free))
    Brand.objects.bulk_create(new, ignore_conflicts=True)
    return dict(Brand.objects.filter(name__in=wanted).values_list("name", "id"))


def _ensure_makes(names: Iterable[str]) -> None:
    Make.objects.bulk_create((Make(name=name, slug=slugify(name)) for name in sorted(names)), ignore_conflicts=True)


def _ensure_parts(rows: list[PartRow], *, is_demo: bool) -> dict[PartKey, int]:
    """The part of each row, made if new; a description or grade that differs is brought up to date."""
    brands = ensure_brands({row.brand for row in rows})
    wanted = {row.key: row for row in rows}
    staged = [
        (brands[row.brand], key.norm, row.number, row.description, row.grade, uuid.uuid4())
        for key, row in sorted(wanted.items())
    ]
    columns = [list(column) for column in zip(*staged, strict=True)] or [[]] * 6
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_PARTS, [*columns, is_demo])
        # A feed may have made the same part meanwhile: then its number is taken, and ours is left without one.
        cursor.execute(
            "DELETE FROM parts_part WHERE public_id = ANY(%s) "
            "AND NOT EXISTS (SELECT FROM parts_partnumber WHERE part_id = parts_part.id)",
            [columns[5]],
        )
        cursor.execute(_UPDATE_PARTS, columns[:5])
        cursor.execute(
            "SELECT brand.name, number.norm, number.part_id "
            "FROM unnest(%s::bigint[], %s::text[]) AS wanted (brand_id, norm) "
            "JOIN parts_partnumber number ON number.norm = wanted.norm AND number.brand_id = wanted.brand_id "
            "JOIN parts_brand brand ON brand.id = number.brand_id",
            columns[:2],
        )
        return {PartKey(brand, norm): part_id for brand, norm, part_id in cursor.fetchall()}


def _write_repairs(rows: list[RepairRow], parts: dict[PartKey, int], *, is_demo: bool) -> dict[str, int]:
    """Write the repairs and what they need; mark those that changed."""
    if not rows:
        return {"repairs": 0, "repairs_changed": 0}
    _remove_other_variants(rows)
    repairs, changed = _ensure_repairs(rows, is_demo=is_demo)
    stored = _stored_requirements(repairs.values())
    outdated: list[tuple[int, RepairRow]] = []
    for row in rows:
        repair_id = repairs[row.key]
        wanted = {
            (need.name, need.quantity, need.by_vin, frozenset((parts[fit.part], *fit[1:]) for fit in need.fits))
            for need in row.requirements
        }
        if wanted != stored.get(repair_id, set()):
            outdated.append((repair_id, row))
    changed |= {repair_id for repair_id, _ in outdated}
    Requirement.objects.filter(repair__in=[repair_id for repair_id, _ in outdated]).delete()
    _insert_requirements(outdated, parts)
    mark(Mark.REPAIR, sorted(changed))
    return {"repairs": len(rows), "repairs_changed": len(changed)}


def _remove_other_variants(rows: list[RepairRow]) -> None:
    """Take away stored repairs of the same kind, model and position whose first year is none of those given."""
    keys = [row.key for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(_OTHER_VARIANTS, [list(column) for column in zip(*(key[:5] for key in keys), strict=True)])
        others = [row[0] for row in cursor.fetchall()]
    if others:
        mark(Mark.REPAIR, others)
        Repair.objects.filter(pk__in=others).delete()


def _ensure_repairs(rows: list[RepairRow], *, is_demo: bool) -> tuple[dict[RepairKey, int], set[int]]:
    """The id of each repair, made if new, and the ids of those made or changed."""
    columns = [list(column) for column in zip(*(row.key for row in rows), strict=True)]
    systems = [[row.needs_diagnostics for row in rows], [row.needs_programming for row in rows]]
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_MODELS, columns[1:3])
        cursor.execute(_UPSERT_REPAIRS, [is_demo, *columns, *systems])
        changed = {row[0] for row in cursor.fetchall()}
    found = Repair.objects.filter(kind__slug__in=set(columns[0]), model__make__name__in=set(columns[1])).values_list(
        "kind__slug", "model__make__name", "model__name", "position", "year_from", "year_to", "id"
    )
    return {RepairKey(*row[:6]): row[6] for row in found}, changed


def _stored_requirements(repair_ids: Iterable[int]) -> dict[int, set[_Stored]]:
    stored: dict[int, set[_Stored]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_STORED_REQUIREMENTS, [list(repair_ids)])
        for repair_id, name, quantity, by_vin, *fits in cursor.fetchall():
            own = frozenset(zip(*(column or () for column in fits), strict=True))
            stored.setdefault(repair_id, set()).add((name, quantity, by_vin, own))
    return stored


def _insert_requirements(repairs: list[tuple[int, RepairRow]], parts: dict[PartKey, int]) -> None:
    needs = [(repair_id, need) for repair_id, row in repairs for need in sorted(row.requirements, key=_in_order)]
    made = Requirement.objects.bulk_create(
        Requirement(repair_id=repair_id, name=need.name, quantity=need.quantity, by_vin=need.by_vin)
        for repair_id, need in needs
    )
    RequirementPart.objects.bulk_create(
        RequirementPart(requirement=requirement, part_id=part_id, serial_from=serial_from, serial_to=serial_to)
        for requirement, (_, need) in zip(made, needs, strict=True)
        for part_id, serial_from, serial_to in sorted({(parts[fit.part], *fit[1:]) for fit in need.fits})
    )


def _in_order(need: RequirementRow) -> tuple[str, int]:
    return need.name, need.quantity


_MAKE_PARTS = """
WITH wanted AS (
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::uuid[])
        AS wanted (brand_id, norm, raw, description, grade, public_id)
),
new AS (
    SELECT wanted.* FROM wanted
    WHERE NOT EXISTS (
        SELECT FROM parts_partnumber number
        WHERE number.norm = wanted.norm AND number.brand_id = wanted.brand_id
    )
),
made AS (
    INSERT INTO parts_part (public_id, brand_id, description, lifecycle, grade, is_demo)
    SELECT public_id, brand_id, description, 'listed', grade, %s FROM new
    RETURNING id, public_id
)
INSERT INTO parts_partnumber (part_id, brand_id, raw, norm, is_main)
SELECT made.id, new.brand_id, new.raw, new.norm, true
FROM new JOIN made USING (public_id)
ORDER BY new.norm, new.brand_id
ON CONFLICT (norm, brand_id) DO NOTHING
"""

_UPDATE_PARTS = """
UPDATE parts_part part
SET description = CASE WHEN wanted.description <> '' THEN wanted.description ELSE part.description END,
    grade = wanted.grade
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS wanted (brand_id, norm, raw, description, grade)
JOIN parts_partnumber number ON number.norm = wanted.norm AND number.brand_id = wanted.brand_id
WHERE part.id = number.part_id
    AND (part.grade <> wanted.grade OR (wanted.description <> '' AND part.description <> wanted.description))
"""

_MAKE_MODELS = """
INSERT INTO parts_vehiclemodel (make_id, name)
SELECT DISTINCT make.id, wanted.model
FROM unnest(%s::text[], %s::text[]) AS wanted (make, model)
JOIN dealers_make make ON make.name = wanted.make
ORDER BY 1, 2
ON CONFLICT (make_id, name) DO NOTHING
"""

_OTHER_VARIANTS = """
WITH wanted AS (
    SELECT kind.id AS kind_id, model.id AS model_id, named.position, named.year_from
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::smallint[])
        AS named (kind, make, model, position, year_from)
    JOIN parts_repairkind kind ON kind.slug = named.kind
    JOIN dealers_make make ON make.name = named.make
    JOIN parts_vehiclemodel model ON model.make_id = make.id AND model.name = named.model
)
SELECT DISTINCT repair.id
FROM parts_repair repair
JOIN wanted ON (wanted.kind_id, wanted.model_id, wanted.position) = (repair.kind_id, repair.model_id, repair.position)
WHERE NOT EXISTS (
    SELECT FROM wanted same
    WHERE (same.kind_id, same.model_id, same.position) = (repair.kind_id, repair.model_id, repair.position)
        AND coalesce(same.year_from, 0) = coalesce(repair.year_from, 0)
)
"""

# In the order of years: what grows into the next one's years does so after that one has moved on, or gone.
_UPSERT_REPAIRS = """
INSERT INTO parts_repair AS repair
    (kind_id, model_id, position, year_from, year_to, needs_diagnostics, needs_programming, is_demo)
SELECT
    kind.id, model.id, wanted.position, wanted.year_from, wanted.year_to, wanted.diagnostics, wanted.programming, %s
FROM unnest(
    %s::text[], %s::text[], %s::text[], %s::text[], %s::smallint[], %s::smallint[], %s::bool[], %s::bool[]
) AS wanted (kind, make, model, position, year_from, year_to, diagnostics, programming)
JOIN parts_repairkind kind ON kind.slug = wanted.kind
JOIN dealers_make make ON make.name = wanted.make
JOIN parts_vehiclemodel model ON model.make_id = make.id AND model.name = wanted.model
ORDER BY model.id, kind.id, wanted.position, wanted.year_from NULLS FIRST
ON CONFLICT (model_id, kind_id, position, year_from) DO UPDATE
SET year_to = excluded.year_to,
    needs_diagnostics = excluded.needs_diagnostics, needs_programming = excluded.needs_programming
WHERE (repair.year_to, repair.needs_diagnostics, repair.needs_programming)
    IS DISTINCT FROM (excluded.year_to, excluded.needs_diagnostics, excluded.needs_programming)
RETURNING id
"""

_STORED_REQUIREMENTS = """
SELECT
    requirement.repair_id, requirement.name, requirement.quantity, requirement.by_vin,
    array_agg(option.part_id) FILTER (WHERE option.id IS NOT NULL),
    array_agg(option.serial_from) FILTER (WHERE option.id IS NOT NULL),
    array_agg(option.serial_to) FILTER (WHERE option.id IS NOT NULL)
FROM parts_requirement requirement
LEFT JOIN parts_requirementpart option ON option.requirement_id = requirement.id
WHERE requirement.repair_id = ANY(%s)
GROUP BY requirement.id
"""
