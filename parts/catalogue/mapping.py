"""What a tester's manual reference means as a repair: the reviewed data files, and the rows made from them.

`docs/defect-mapping.md` says how a reference is mapped. A reference names an item of the manual, never a component, so
a kind of repair is as fine as the references are.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.db import connection, transaction

from parts.catalogue.models import ManualReference, RepairKind
from parts.marks.marks import Mark, mark

_DATA = Path(__file__).parent / "data"
_TOKEN = re.compile(r"[0-9]+|[a-z]+")


class Changes(NamedTuple):
    """What an update did: rows made, rows whose kind changed, and rows that no entry of the data file covers."""

    created: int
    changed: int
    unmapped: int


class KindRow(NamedTuple):
    """A line of repair_kinds.csv."""

    slug: str
    name: str
    position_by: str
    needs_nothing: bool


@lru_cache(maxsize=1)
def kind_rows() -> tuple[KindRow, ...]:
    """Every repair kind of the data file."""
    with (_DATA / "repair_kinds.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            KindRow(row["slug"], row["name"], row["position_by"], row["needs_nothing"] == "yes")
            for row in csv.DictReader(file)
        )


@lru_cache(maxsize=1)
def _prefixes() -> dict[tuple[str, ...], str]:
    with (_DATA / "manual_references.csv").open(encoding="utf-8", newline="") as file:
        return {(row["scheme"], *_tokens(row["prefix"])): row["kind"] for row in csv.DictReader(file)}


def _tokens(ref: str) -> tuple[str, ...]:
    """`5.3.1 (b) (i)` and `5.3.1(b)(i)` both give 5 3 1 b i; so 1.1.1 is no prefix of 1.1.13."""
    return tuple(_TOKEN.findall(ref.lower()))


def kind_for(scheme: str, ref: str) -> str | None:
    """The slug of the repair kind a reference means in a scheme (`current`, `old`), or None if nobody has mapped it.

    The longest mapped prefix wins. Spacing, brackets, bars and capitals make no difference.
    """
    key = (scheme, *_tokens(ref))
    for end in range(len(key), 1, -1):
        if kind := _prefixes().get(key[:end]):
            return kind
    return None


@transaction.atomic
def sync_reference_data() -> Changes:
    """Bring kinds and references into line with the data files. Running it again changes nothing.

    References an admin has reviewed keep their kind. Each reference whose repair changes is marked.
    """
    altered_kinds = load_kinds()
    wanted = [
        (id_, kind_for(scheme, ref))
        for id_, scheme, ref in ManualReference.objects.filter(is_reviewed=False).values_list("id", "scheme", "ref")
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE parts_manualreference AS reference SET kind_id = kind.id
            FROM unnest(%s::bigint[], %s::text[]) AS wanted (id, slug)
            LEFT JOIN parts_repairkind kind ON kind.slug = wanted.slug
            WHERE reference.id = wanted.id AND reference.kind_id IS DISTINCT FROM kind.id
            RETURNING reference.id
            """,
            [[id_ for id_, _ in wanted], [slug for _, slug in wanted]],
        )
        changed = [row[0] for row in cursor.fetchall()]
    of_altered_kinds = ManualReference.objects.filter(kind__in=altered_kinds).values_list("id", flat=True)
    mark(Mark.MANUAL_REFERENCE, {*changed, *of_altered_kinds})
    return Changes(created=0, changed=len(changed), unmapped=sum(slug is None for _, slug in wanted))


@transaction.atomic
def ensure_references(pairs: Iterable[tuple[str, str]]) -> Changes:
    """Have a row for each (scheme, reference), its kind from the data file. Rows that exist are left alone."""
    wanted = sorted({(scheme, ref) for scheme, ref in pairs if scheme and ref})
    if not wanted:
        return Changes(0, 0, 0)
    load_kinds()
    slugs = [kind_for(scheme, ref) for scheme, ref in wanted]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO parts_manualreference (scheme, ref, kind_id, is_reviewed)
            SELECT wanted.scheme, wanted.ref, kind.id, false
            FROM unnest(%s::text[], %s::text[], %s::text[]) AS wanted (scheme, ref, slug)
            LEFT JOIN parts_repairkind kind ON kind.slug = wanted.slug
            ON CONFLICT (scheme, ref) DO NOTHING
            RETURNING id, kind_id
            """,
            [[scheme for scheme, _ in wanted], [ref for _, ref in wanted], slugs],
        )
        created = cursor.fetchall()
    mark(Mark.MANUAL_REFERENCE, [id_ for id_, _ in created])
    return Changes(created=len(created), changed=0, unmapped=sum(kind is None for _, kind in created))


@transaction.atomic
def ensure_new_references() -> Changes:
    """Follow the data files, and have a row for each reference met in defects: for after an import, or a full decision."""
    followed = sync_reference_data()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT met.manual_scheme, met.manual_ref
            FROM (SELECT DISTINCT manual_scheme, manual_ref FROM parts_defect WHERE manual_ref <> '') met
            LEFT JOIN parts_manualreference known ON known.scheme = met.manual_scheme AND known.ref = met.manual_ref
            WHERE known.id IS NULL
            """
        )
        pairs = cursor.fetchall()
    met = ensure_references(pairs)
    return Changes(met.created, followed.changed, followed.unmapped + met.unmapped)


def open_fails_by_reference() -> dict[int, int]:
    """How many failed defects carry each reference, by its id. One pass over the defects."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT reference.id, failing.count
            FROM (
                SELECT manual_scheme, manual_ref, count(*) FROM parts_defect WHERE is_failing GROUP BY 1, 2
            ) failing
            JOIN parts_manualreference reference
                ON reference.scheme = failing.manual_scheme AND reference.ref = failing.manual_ref
            """
        )
        return dict(cursor.fetchall())


@transaction.atomic
def map_reference(reference: ManualReference, kind: RepairKind | None) -> None:
    """Say by hand what a reference means; the data file no longer changes it. Marks it if that is news."""
    stored = ManualReference.objects.select_for_update().filter(pk=reference.pk).first()
    is_news = stored is None or stored.kind_id != (kind.pk if kind else None)
    reference.kind = kind
    reference.is_reviewed = True
    reference.save()
    if is_news:
        mark(Mark.MANUAL_REFERENCE, [reference.pk])


@transaction.atomic
def follow_data_file(references: Iterable[ManualReference]) -> Changes:
    """Take back what was said by hand: these references follow the data file again."""
    ids = [reference.pk for reference in references]
    ManualReference.objects.filter(pk__in=ids).update(is_reviewed=False)
    return sync_reference_data()


@transaction.atomic
def mark_kinds(kinds: Iterable[RepairKind]) -> None:
    """Mark the references of kinds whose meaning an admin changed."""
    ids = ManualReference.objects.filter(kind__in=[kind.pk for kind in kinds]).values_list("id", flat=True)
    mark(Mark.MANUAL_REFERENCE, ids)


def load_kinds() -> list[int]:
    """Write the kinds of the data file; give the ids of those that were there and meant something else. One statement."""
    rows = kind_rows()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO parts_repairkind AS kind (slug, name, position_by, needs_nothing)
            SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bool[])
            ON CONFLICT (slug) DO UPDATE
            SET name = excluded.name, position_by = excluded.position_by, needs_nothing = excluded.needs_nothing
            WHERE (kind.name, kind.position_by, kind.needs_nothing)
                IS DISTINCT FROM (excluded.name, excluded.position_by, excluded.needs_nothing)
            RETURNING id, xmax <> 0 AS was_there
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )
        return [id_ for id_, was_there in cursor.fetchall() if was_there]
