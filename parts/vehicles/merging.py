"""One round of read lines into the tables: found, judged against what is stored, and written where it differs.

Always inside the caller's transaction and under the import lock: two imports at once could each make the same new car.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils.text import slugify

from dealers.models import Make
from garagehub.lib.lock import LockKind, wait_for_lock
from parts.vehicles.defects import Category, Reported
from parts.vehicles.history import Judgement, judge
from parts.vehicles.models import MotTest, VehicleModel
from parts.vehicles.records import Said, Test
from parts.vehicles.staging import Batch, Round, defect_row, test_row

_SQL = Path(__file__).parent / "sql"
_STAGE = (_SQL / "stage.sql").read_text()
_MATCH = (_SQL / "match.sql").read_text()
_MERGE = (_SQL / "merge.sql").read_text()
_FINISH = (_SQL / "finish.sql").read_text()

_KNOWN_AS = """
WITH known AS (
    SELECT line, vehicle_id FROM mot_rejudge
    UNION ALL
    SELECT r.line, x.vehicle_id FROM mot_rejudge r JOIN mot_merged x ON x.into_id = r.vehicle_id
)
"""
_TESTS_TO_JUDGE = f"""{_KNOWN_AS}
SELECT s.line, false, s.number, s.completed_at, s.result, s.expires_on, s.odometer, s.odometer_unit, s.source,
       s.registration
FROM mot_rejudge r JOIN mot_line_test s ON s.line = r.line
UNION ALL
SELECT k.line, true, t.number, t.completed_at, t.result, t.expires_on, t.odometer, t.odometer_unit, t.source,
       t.registration
FROM known k JOIN parts_mottest t ON t.vehicle_id = k.vehicle_id
WHERE NOT EXISTS (SELECT FROM mot_line_test o WHERE o.number = t.number AND o.line <> k.line)
"""
_DEFECTS_TO_JUDGE = f"""{_KNOWN_AS}
SELECT s.line, false, s.number, s.text, s.category, s.position
FROM mot_rejudge r JOIN mot_line_defect s ON s.line = r.line
UNION ALL
SELECT k.line, true, t.number, d.text, d.category, d.position
FROM known k JOIN parts_mottest t ON t.vehicle_id = k.vehicle_id JOIN parts_defect d ON d.test_id = t.id
ORDER BY 1, 2, 3, 6
"""
_COUNTS = """
SELECT count(*) FILTER (WHERE m.is_new),
       count(*) FILTER (WHERE NOT m.is_new AND t.vehicle_id IS NOT NULL),
       count(*) FILTER (WHERE NOT m.is_new AND t.vehicle_id IS NULL),
       (SELECT count(*) FROM mot_left_out),
       (SELECT count(*) FROM mot_defect)
FROM mot_match m LEFT JOIN (SELECT DISTINCT vehicle_id FROM mot_touched) t USING (vehicle_id)
"""


@dataclass
class Merged:
    """What came of a batch: vehicles by what happened to them, and their ids in the order they were met."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    left_out: int = 0
    defects: int = 0
    vehicle_ids: list[int] = field(default_factory=list)


def merge(batch: Batch, *, wants_ids: bool = False) -> Merged:
    """Write a batch, round by round, in the caller's transaction, with a mark for each vehicle to decide again."""
    assert connection.in_atomic_block, "a batch is one transaction"
    wait_for_lock(LockKind.MOT_IMPORT)
    merged = Merged()
    for lines in batch.rounds:
        _merge_round(lines, merged, wants_ids=wants_ids)
    return merged


def _merge_round(lines: Round, merged: Merged, *, wants_ids: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        _copy(cursor, "mot_line", lines.vehicles)
        _copy(cursor, "mot_line_test", lines.tests)
        _copy(cursor, "mot_line_defect", lines.defects)
        cursor.execute(_MATCH)
        _add_missing_models(cursor)
        _judge_again(cursor)
        cursor.execute(_MERGE)
        cursor.execute(_COUNTS)
        new, updated, unchanged, left_out, defects = cursor.fetchone()
        if wants_ids:
            cursor.execute("SELECT vehicle_id FROM mot_match ORDER BY line")
            merged.vehicle_ids += [row[0] for row in cursor.fetchall()]
        cursor.execute(_FINISH)
    merged.new += new
    merged.updated += updated
    merged.unchanged += unchanged
    merged.left_out += left_out
    merged.defects += defects


def _copy(cursor: Any, table: str, rows: Iterable[str]) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
        copy.write("".join(rows))


def _add_missing_models(cursor: Any) -> None:
    """Makes and models first seen in this round. There are few, so plain ORM does."""
    cursor.execute(
        "SELECT DISTINCT s.make, s.model FROM mot_line s JOIN mot_match m ON m.line = s.line"
        " LEFT JOIN dealers_make mk ON mk.name = s.make"
        " LEFT JOIN parts_vehiclemodel mo ON mo.make_id = mk.id AND mo.name = s.model"
        " WHERE s.make IS NOT NULL AND mo.id IS NULL ORDER BY 1, 2"
    )
    for make_name, model_name in cursor.fetchall():
        make = Make.objects.filter(name=make_name).first() or _add_make(make_name)
        VehicleModel.objects.get_or_create(make=make, name=model_name)


def _add_make(name: str) -> Make:
    """A make under a slug that nobody has: ROLLS ROYCE and ROLLS-ROYCE are two to DVSA."""
    slug = slugify(name)[:56] or "make"
    taken = set(Make.objects.filter(slug__startswith=slug).values_list("slug", flat=True))
    free = next(option for option in _slugs(slug) if option not in taken)
    return Make.objects.get_or_create(name=name, defaults={"slug": free})[0]


def _slugs(slug: str) -> Iterable[str]:
    yield slug
    yield from (f"{slug}-{number}" for number in itertools.count(2))


def _judge_again(cursor: Any) -> None:
    """Judge lines together with what is stored of their vehicles, where one knows tests that the other does not."""
    cursor.execute("SELECT line, is_outdated FROM mot_rejudge ORDER BY line")
    stored_first = dict(cursor.fetchall())
    if not stored_first:
        return
    cursor.execute(_DEFECTS_TO_JUDGE)
    defects: dict[tuple[int, bool, str], list[Reported]] = defaultdict(list)
    for line, is_stored, number, text, category, _ in cursor.fetchall():
        defects[line, is_stored, number].append(Reported(text, Category(category)))
    cursor.execute(_TESTS_TO_JUDGE)
    tests: dict[int, list[tuple[bool, Test]]] = defaultdict(list)
    for line, is_stored, *columns in cursor.fetchall():
        test = _test(columns, tuple(defects.get((line, is_stored, columns[0]), ())))
        tests[line].append((is_stored is not stored_first[line], test))
    judged = {
        line: judge(test for _, test in sorted(candidates, key=itemgetter(0))) for line, candidates in tests.items()
    }
    _restage(cursor, judged)


def _test(columns: Sequence[Any], defects: tuple[Reported, ...]) -> Test:
    number, completed_at, result, expires_on, odometer, odometer_unit, source, registration = columns
    return Test(
        number=number,
        completed_at=completed_at,
        has_passed=result == MotTest.Result.PASSED,
        expires_on=expires_on,
        said=Said(
            odometer_value=odometer,
            odometer_unit=odometer_unit,
            data_source=source,
            registration_at_time_of_test=registration,
        ),
        listed=defects,
    )


def _restage(cursor: Any, judged: Mapping[int, Judgement]) -> None:
    lines = list(judged)
    cursor.execute("DELETE FROM mot_line_test WHERE line = ANY (%s)", [lines])
    cursor.execute("DELETE FROM mot_line_defect WHERE line = ANY (%s)", [lines])
    _copy(cursor, "mot_line_test", (test_row(line, test) for line, it in judged.items() for test in it.tests))
    _copy(cursor, "mot_line_defect", (defect_row(line, one) for line, it in judged.items() for one in it.defects))
    cursor.execute(
        "UPDATE mot_line s SET mot_expires_on = j.mot_expires_on, open_fails = j.open_fails,"
        " is_dangerous = j.is_dangerous, last_tested_at = j.last_tested_at"
        " FROM unnest(%s::int[], %s::date[], %s::smallint[], %s::boolean[], %s::timestamptz[])"
        " AS j (line, mot_expires_on, open_fails, is_dangerous, last_tested_at) WHERE j.line = s.line",
        [
            lines,
            [it.mot_expires_on for it in judged.values()],
            [it.open_fails for it in judged.values()],
            [it.is_dangerous for it in judged.values()],
            [it.last_tested_at for it in judged.values()],
        ],
    )
