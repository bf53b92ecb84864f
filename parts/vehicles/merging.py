"""One round of read lines into the tables: the new are added; the rest are found, judged against what is stored, and
written where they differ.

Always inside the caller's transaction and under the import lock: two imports at once could each make the same new car.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

from django.db import connection

from garagehub.lib.lock import LockKind, wait_for_lock
from parts.vehicles.adding import add, copy_rows, split
from parts.vehicles.defects import Category, Reported
from parts.vehicles.history import Judgement, judge
from parts.vehicles.makes import add_models
from parts.vehicles.models import MotTest
from parts.vehicles.records import Said, Test
from parts.vehicles.rows import NULL, defect_row, escaped, number_array, plain, test_row
from parts.vehicles.staging import Batch, Line, Round

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
FROM known k
CROSS JOIN LATERAL (SELECT * FROM parts_mottest t WHERE t.vehicle_id = k.vehicle_id OFFSET 0) t
WHERE NOT EXISTS (SELECT FROM mot_line_test o WHERE o.number = t.number AND o.line <> k.line)
"""
_DEFECTS_TO_JUDGE = f"""{_KNOWN_AS}
SELECT s.line, false, s.number, s.text, s.category, s.position
FROM mot_rejudge r JOIN mot_line_defect s ON s.line = r.line
UNION ALL
SELECT k.line, true, t.number, d.text, d.category, d.position
FROM known k
CROSS JOIN LATERAL (SELECT t.id, t.number FROM parts_mottest t WHERE t.vehicle_id = k.vehicle_id OFFSET 0) t
CROSS JOIN LATERAL (SELECT * FROM parts_defect d WHERE d.test_id = t.id OFFSET 0) d
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
        new, known = split(cursor, lines.lines)
        ids: dict[int, int] = {}
        if new:
            added = add(cursor, new)
            if wants_ids:
                ids.update(zip((number for number, _ in new), map(int, added), strict=True))
            merged.new += len(new)
            merged.defects += sum(len(line.defects) for _, line in new)
        if known:
            _merge_known(cursor, known, merged)
            if wants_ids:
                cursor.execute("SELECT line, vehicle_id FROM mot_match")
                ids.update(cursor.fetchall())
            cursor.execute(_FINISH)
        if wants_ids:
            merged.vehicle_ids += [ids[number] for number in sorted(ids)]


def _merge_known(cursor: Any, lines: Sequence[tuple[int, Line]], merged: Merged) -> None:
    cursor.execute(_STAGE)
    copy_rows(cursor, "COPY mot_line FROM STDIN", (_line_row(number, line) for number, line in lines))
    copy_rows(
        cursor,
        "COPY mot_line_test FROM STDIN",
        (f"{number}\t{test}" for number, line in lines for test in line.tests),
    )
    copy_rows(
        cursor,
        "COPY mot_line_defect FROM STDIN",
        (f"{number}\t{plain(line.decided_by)}\t{defect}" for number, line in lines for defect in line.defects),
    )
    cursor.execute(_MATCH)
    _add_missing_models(cursor)
    _judge_again(cursor)
    cursor.execute(_MERGE)
    cursor.execute(_COUNTS)
    new, updated, unchanged, left_out, defects = cursor.fetchone()
    merged.new += new
    merged.updated += updated
    merged.unchanged += unchanged
    merged.left_out += left_out
    merged.defects += defects


def _line_row(number: int, line: Line) -> str:
    make = escaped(line.make) if line.make else NULL
    return f"{number}\t{make}\t{escaped(line.model)}\t{number_array(line.numbers)}\t{line.vehicle}"


def _add_missing_models(cursor: Any) -> None:
    cursor.execute(
        "SELECT DISTINCT s.make, s.model FROM mot_line s JOIN mot_match m ON m.line = s.line"
        " LEFT JOIN dealers_make mk ON mk.name = s.make"
        " LEFT JOIN parts_vehiclemodel mo ON mo.make_id = mk.id AND mo.name = s.model"
        " WHERE s.make IS NOT NULL AND mo.id IS NULL ORDER BY 1, 2"
    )
    add_models(cursor.fetchall())


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
        line: judge([test for _, test in sorted(candidates, key=itemgetter(0))]) for line, candidates in tests.items()
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
    copy_rows(
        cursor,
        "COPY mot_line_test FROM STDIN",
        (f"{line}\t{test_row(test)}" for line, it in judged.items() for test in it.tests),
    )
    copy_rows(
        cursor,
        "COPY mot_line_defect FROM STDIN",
        (f"{line}\t{plain(one.number)}\t{defect_row(one)}" for line, it in judged.items() for one in it.defects),
    )
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
