"""Vehicles that no stored row knows: straight into the tables, since there is nothing to compare them with.

A first import is nothing else, and three times as quick as one that stages every row and merges it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from garagehub.lib.geography import UK
from parts.vehicles.makes import models_of
from parts.vehicles.rows import NULL, text_array
from parts.vehicles.staging import Line

# Looked up in a SELECT, the array is no constant: PostgreSQL neither weighs its thousands of texts one by one nor, with
# the statistics of a table that was smaller, takes reading all of the table for cheaper.
_STORED_NUMBERS = "SELECT number FROM parts_mottest WHERE number = ANY ((SELECT %s::text[])::text[])"
_STORED_REGISTRATIONS = "SELECT registration FROM parts_vehicle WHERE registration = ANY ((SELECT %s::text[])::text[])"
_VEHICLES = """
COPY parts_vehicle (id, public_id, model_id, region, vin_last8, is_sorn, is_demo, registration, first_used_on,
    registered_on, manufactured_on, manufacture_year, fuel_type, colour, engine_cc, has_recall, first_mot_due_on,
    mot_expires_on, open_fails, is_dangerous, last_tested_at, source_updated_at, fingerprint) FROM STDIN
"""
_TESTS = """
COPY parts_mottest (id, vehicle_id, number, completed_at, result, expires_on, odometer, odometer_unit, source,
    registration) FROM STDIN
"""
_DEFECTS = """
COPY parts_defect (vehicle_id, test_id, position, text, category, is_failing, manual_scheme, manual_ref, "lateral",
    longitudinal, vertical) FROM STDIN
"""
_MARKS = "COPY parts_dirty (kind, key) FROM STDIN"
_ROWS_AT_ONCE = 500
_TOLD_BY_NOBODY = f"{UK}\t\tf\tf"  # region, last 8 of VIN, SORN, demonstration
_Identified = tuple[str, Line]  # a vehicle's id and what is said of it


class Split(NamedTuple):
    """Lines by whether something stored may be about the same vehicle, each with its number in the round."""

    new: list[tuple[int, Line]]
    known: list[tuple[int, Line]]


def split(cursor: Any, lines: Sequence[Line]) -> Split:
    """Tell apart the lines of which no plate and no test, however old, is stored."""
    wanted = text_array([number for line in lines for number in line.numbers])
    cursor.execute(_STORED_NUMBERS, [wanted])
    numbers = {row[0] for row in cursor.fetchall()}
    wanted = text_array([line.registration for line in lines if line.registration])
    cursor.execute(_STORED_REGISTRATIONS, [wanted])
    registrations = {row[0] for row in cursor.fetchall()}
    pairs = list(enumerate(lines))
    if not numbers and not registrations:
        return Split(pairs, [])
    halves = Split([], [])
    for pair in pairs:
        line = pair[1]
        is_new = line.registration not in registrations and numbers.isdisjoint(line.numbers)
        halves[0 if is_new else 1].append(pair)
    return halves


def add(cursor: Any, lines: Sequence[tuple[int, Line]]) -> list[str]:
    """Write new vehicles with their tests and defects, and a mark for each that has any. Returns their ids, in order."""
    models = models_of(cursor, {(line.make, line.model) for _, line in lines if line.make})
    vehicle_ids = _take_ids(cursor, "parts_vehicle", len(lines))
    test_ids = _take_ids(cursor, "parts_mottest", sum([len(line.tests) for _, line in lines]))
    pairs = list(zip(vehicle_ids, (line for _, line in lines), strict=True))
    with _unchecked(cursor):
        copy_rows(cursor, _VEHICLES, _vehicle_rows(pairs, models))
        copy_rows(cursor, _TESTS, _test_rows(pairs, test_ids))
        copy_rows(cursor, _DEFECTS, _defect_rows(pairs, test_ids))
        copy_rows(cursor, _MARKS, (f"v\t{vehicle_id}\n" for vehicle_id, line in pairs if line.defects))
    return vehicle_ids


def _vehicle_rows(pairs: Sequence[_Identified], models: Mapping[tuple[str, str], int]) -> Iterator[str]:
    for (vehicle_id, line), public_id in zip(pairs, _public_ids(len(pairs)), strict=True):
        model_id = models[line.make, line.model] if line.make else NULL
        yield f"{vehicle_id}\t{public_id}\t{model_id}\t{_TOLD_BY_NOBODY}\t{line.vehicle}"


def _test_rows(pairs: Sequence[_Identified], test_ids: Sequence[str]) -> Iterator[str]:
    free = iter(test_ids)
    for vehicle_id, line in pairs:
        for test in line.tests:
            yield f"{next(free)}\t{vehicle_id}\t{test}"


def _defect_rows(pairs: Sequence[_Identified], test_ids: Sequence[str]) -> Iterator[str]:
    """`test_ids`: as `_test_rows` gives them out."""
    first = 0
    for vehicle_id, line in pairs:
        for defect in line.defects:
            yield f"{vehicle_id}\t{test_ids[first + line.deciding]}\t{defect}"
        first += len(line.tests)


def copy_rows(cursor: Any, statement: str, rows: Iterable[str]) -> None:
    """COPY rows of text, some at a time: PostgreSQL writes the last while the next are put together."""
    rows = iter(rows)
    with cursor.copy(statement) as copy:
        while some := "".join(islice(rows, _ROWS_AT_ONCE)):
            copy.write(some)


class _unchecked:  # noqa: N801 - a context manager, read as one
    """Without PostgreSQL's check of each row's foreign keys, where the database's user may leave it out.

    Every row copied here points at one copied before it in this transaction, or at a model that `models_of` locked
    just as the check would. The checks cost as much as the rows.
    """

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
        (self._is_allowed,) = cursor.fetchone()

    def __enter__(self) -> None:
        if self._is_allowed:
            self._cursor.execute("SET LOCAL session_replication_role = replica")

    def __exit__(self, kind: object, *_: object) -> None:
        if self._is_allowed and kind is None:  # a failed transaction takes the setting with it
            self._cursor.execute("SET LOCAL session_replication_role = origin")


def _take_ids(cursor: Any, table: str, count: int) -> list[str]:
    """Ids nobody else has, as one text: rows of one number each take three times as long."""
    cursor.execute(
        "SELECT string_agg(nextval(s.name)::text, ' ') FROM"
        " (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS name OFFSET 0) s, generate_series(1, %s)",
        [table, count],
    )
    (ids,) = cursor.fetchone()
    return ids.split() if ids else []


def _public_ids(count: int) -> Iterable[str]:
    """UUIDs of version 7 (RFC 9562, method 1): 60 random bits behind the time and, within a batch, a rising counter.

    So each comes behind the last in their index, which costs a third of a place at random there.
    """
    moment = f"{time.time_ns() // 1_000_000:012x}7"
    drawn = os.urandom(8 * count).hex()
    for number in range(count):
        yield f"{moment}{number * 4096 // count:03x}8{drawn[16 * number : 16 * number + 15]}"
