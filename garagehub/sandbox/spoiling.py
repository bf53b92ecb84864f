"""How faults spoil the rows of a feed. Everything here is repeatable: the same rows are spoilt the same way."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from garagehub.sandbox.faults import Fault

Row = dict[str, Any]
T = TypeVar("T")

_HUNDRED = 100
_SCATTER = 7_919  # has no factor in common with 100, so each hundred rows lose the same number, well spread

_BAD_VALUES: tuple[Row, ...] = (
    {"part_number": None},
    {"part_number": ""},
    {"part_number": "9" * 300},
    {"part_number": "NUL\x00INSIDE"},
    {"quantity": "lots"},
    {"quantity": -2},
    {"quantity": 10**30},
    {"availability": "perhaps"},
    {"price_pence": "twelve pounds"},
    {"price_pence": -100},
    {"expected_on": "soon"},
    {"expected_on": "2026-02-31"},
    {"branch": None},
    {"brand": ""},
    {"lead_time_days": "later"},
    {"seq": "first"},
)
BAD_NDJSON = (b'{"part_number": "CUT-SHO\n', b"null\n", b"[1, 2]\n", b'"text"\n', b"\xff\xfe\x00{}\n")
BAD_CSV = (b"one,two\r\n", b",,,,,,,,,,\r\n", b"\x81\x8d\x8f\r\n", b'"a","b"c,d\r\n')
BAD_CHANGES: tuple[Any, ...] = (None, [1, 2], "text", {})


def spoil_rows(rows: Sequence[Row], faults: Mapping[str, Fault]) -> list[Row]:
    """The rows with the faults that act on rows: fewer, none, doubled, or too late."""
    spoilt = list(rows)
    if "zero_rows" in faults:
        return []
    if fewer := faults.get("fewer_rows"):
        percent = int(fewer.options["percent"])
        spoilt = [row for index, row in enumerate(spoilt) if index * _SCATTER % _HUNDRED >= percent]
    if double := faults.get("duplicate_keys"):
        spoilt = _doubled(spoilt, count=int(double.options["count"]))
    return spoilt


def bad_rows(rows: Sequence[Row], fault: Fault) -> list[Row]:
    """So many rows that make no sense, each like a good one but for one value."""
    patterns = rows or ({"part_number": "ANY", "brand": "Any", "branch": "ANY", "quantity": 1, "seq": 1},)
    pairs = zip(itertools.cycle(patterns), itertools.cycle(_BAD_VALUES), strict=False)
    return [row | wrong for row, wrong in itertools.islice(pairs, int(fault.options["count"]))]


def huge_row(rows: Sequence[Row], fault: Fault) -> Row:
    """One row whose part number alone has so many bytes."""
    pattern = rows[0] if rows else {"brand": "Any", "branch": "ANY", "quantity": 1}
    return {**pattern, "part_number": "X" * int(fault.options["bytes"])}


def late_changes(rows: Sequence[Row], fault: Fault) -> list[Row]:
    """Changes that were overtaken: values from before the oldest row's last change, and an offer nobody has any more."""
    seq = min((row["seq"] for row in rows), default=2) - 1
    late = [
        row | {"quantity": 999, "availability": "in_stock", "seq": seq} for row in rows[: int(fault.options["count"])]
    ]
    return [*late, *(row | {"part_number": f"{row['part_number']} LATE"} for row in late[:1])]


def scattered(items: Sequence[T], extra: Iterable[T]) -> list[T]:
    """The items with the extra ones spread evenly among them."""
    inserted = list(extra)
    every = len(items) // (len(inserted) + 1)
    mixed = list(items)
    for index in reversed(range(len(inserted))):
        mixed.insert(every * (index + 1), inserted[index])
    return mixed


def _doubled(rows: list[Row], *, count: int) -> list[Row]:
    """Rows said twice, the older saying another quantity; now the older comes first, now the newer."""
    every = max(1, len(rows) // max(1, count))
    doubled: list[Row] = []
    for index, row in enumerate(rows):
        number, rest = divmod(index, every)
        if rest or number >= count:
            doubled.append(row)
            continue
        older = row | {"quantity": (row.get("quantity") or 0) + 7, "availability": "in_stock", "seq": row["seq"] - 1}
        doubled.extend((older, row) if number % 2 else (row, older))
    return doubled
