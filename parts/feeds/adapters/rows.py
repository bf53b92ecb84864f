"""What every adapter makes of a supplier's file: rows in one order, and refusals with line, raw text and reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, TypeAlias

# Tuples or columns of plain values, since a feed has half a million of them: part number, brand, branch, quantity,
# availability, lifecycle, price in pence, currency, lead time in days, expected on, grade, sequence, numbers it replaces,
# whether it was removed.
Row: TypeAlias = tuple[
    str,
    str | None,
    str | None,
    int | None,
    str | None,
    str | None,
    int | None,
    str | None,
    int | None,
    date | None,
    str | None,
    int | None,
    Sequence[str] | None,
    bool,
]

# The same turned on its side: for each place in a row the values of all rows; none of no rows.
Columns: TypeAlias = list[Sequence[Any]]

RAW_LIMIT = 2_000


class Key(NamedTuple):
    """Which offer a row speaks of, as sent."""

    part_number: str
    brand: str | None
    branch: str | None


class Reject(NamedTuple):
    """A row that was refused. `key`, where it could be read, keeps the offer stored before from being taken as gone."""

    line: int
    code: str
    reason: str
    raw: str
    key: Key | None = None


@dataclass(slots=True)
class Batch:
    """Some rows of a file, column by column, with their line numbers, and the refused ones among them."""

    columns: Columns = field(default_factory=list)
    lines: Sequence[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """The same row by row."""
        return list(zip(*self.columns, strict=True))


def columns_of(rows: Sequence[Row]) -> Columns:
    """Rows turned on their side."""
    return list(zip(*rows, strict=True))


class BrokenFileError(Exception):
    """The file as a whole cannot be believed: cut off, not what it says it is, or without the columns it needs."""


def shown(raw: bytes | str) -> str:
    """A row as kept for people to look at: text, without NUL (PostgreSQL stores none), at most 2,000 characters."""
    text = raw[: RAW_LIMIT * 4].decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return text[:RAW_LIMIT].replace("\x00", "\N{REPLACEMENT CHARACTER}")
