"""Streams typed rows into a temporary table by COPY, and keeps count of what was refused and why.

Rows go from tuples to COPY's text without a step of Python each: `msgspec` writes each as a JSON array, and a JSON array
without its brackets is a line of CSV. What repeats goes as a number. Only rows out of the ordinary are looked at one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

import msgspec

from parts.catalogue.numbers import normalise
from parts.feeds.adapters.base import Config
from parts.feeds.adapters.rows import Batch, Columns, Key, Reject, Row, columns_of, shown
from parts.feeds.coding import KEPT, Codes

SAMPLES = 250
DEFAULT_BRANCH = "main"
MAX_REPLACEMENTS = 100_000
_REPLACEMENTS_PER_ROW = 20
_LONGEST_NUMBER = 64
_NUMBERS_CACHED = 100_000

COPY = (
    "COPY feed_stage (raw, place_id, word_id, number, quantity, price_pence, lead_time_days, expected_on, seq)"
    " FROM STDIN WITH (FORMAT csv, NULL 'null', ESCAPE '\\')"
)
_RAW = 12  # in a row: what it replaces, until that is noted; then the number as sent, if that is not its normal form
_CONTROLS = dict.fromkeys([*range(0x20), 0x7F], " ")
_encode = msgspec.json.Encoder().encode_lines


class Sink(Protocol):
    """Where COPY's lines go."""

    def write(self, buffer: bytes) -> None:
        """Take some lines."""


@dataclass
class Staged:
    """What a file held: what the gates judge, and what the run records. `good` and `removed` follow from `counts`."""

    sent: int = 0
    good: int = 0
    kept: int = 0
    removed: int = 0
    rejected: int = 0
    rejected_by_reason: Counter[str] = field(default_factory=Counter)
    samples: list[Reject] = field(default_factory=list)
    max_seq: int = 0
    # (brand as sent, number replaced, number that replaces it)
    replacements: set[tuple[str, str, str]] = field(default_factory=set)
    names_branches: bool = False
    has_unplaced: bool = False
    # (brand, branch) as sent, and what a row says of its offer: as numbers they are in the stage.
    places: Codes = field(default_factory=lambda: Codes(what="pairs of brand and branch"))
    words: Codes = field(default_factory=lambda: Codes(KEPT, what="combinations of words"))
    counts: Counter[tuple[int, int]] = field(default_factory=Counter)

    @property
    def records(self) -> int:
        """Rows that came, good or not."""
        return self.sent + self.rejected

    def count(self, reject: Reject) -> None:
        """Count a refused row, and keep it as a sample while there is room."""
        self.rejected += 1
        self.rejected_by_reason[reject.code] += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(reject)

    def refuse(self, code: str, count: int) -> None:
        """Count rows as refused that were staged, and turned out to be wrong in the light of others."""
        self.sent -= count
        self.rejected += count
        self.rejected_by_reason[code] += count


class Stager:
    """Writes batches to the stage. `named_branches`: the supplier has named branches before."""

    def __init__(self, config: Config, *, named_branches: bool) -> None:
        self.staged = Staged(names_branches=named_branches)
        self._config = config
        self._norms: dict[str, str] = {}

    def write(self, batches: Iterable[Batch], sink: Sink, progress: Callable[[int], None]) -> None:
        """Write every batch to the sink; BrokenFileError as the adapter raises it. `progress` hears of rows so far."""
        for batch in batches:
            columns = batch.columns
            if not _are_plain(columns):
                columns = columns_of(self._mended(batch.rows, batch.lines))
            elif columns:
                columns = [*columns[:_RAW], (None,) * len(columns[_RAW]), *columns[_RAW + 1 :]]
                self.staged.names_branches = True
            self.staged.sent += self._send(columns, sink)
            for reject in batch.rejects:
                self.staged.count(reject)
            kept = [found for reject in batch.rejects if reject.key and (found := self._kept(reject.key))]
            self._send(columns_of(kept), sink)
            progress(self.staged.records)

    def _send(self, columns: Columns, sink: Sink) -> int:
        """Write the rows of these columns; how many they are."""
        if not columns:
            return 0
        number, brand, branch, quantity, said, lifecycle, price, currency, lead, expected, grade, seq, raw, removed = (
            columns
        )
        staged = self.staged
        places = list(map(staged.places.__getitem__, zip(brand, branch, strict=True)))
        words = list(map(staged.words.__getitem__, zip(said, lifecycle, currency, grade, removed, strict=True)))
        staged.counts.update(zip(places, words, strict=True))
        staged.max_seq = max(staged.max_seq, max(filter(None, seq), default=0))
        rows = list(zip(raw, places, words, number, quantity, price, lead, expected, seq, strict=True))
        data = _encode(rows)
        if b"\\" in data:
            # Control characters, which CSV has no escape for. Quotes and backslashes pass either way.
            data = _encode([(sent and printable(sent), *rest) for sent, *rest in rows])
        # No text holds a line feed here, so this ends a row.
        sink.write(data[1:-2].replace(b"]\n[", b"\n") + b"\n")
        return len(rows)

    def _mended(self, rows: Sequence[Row], lines: Sequence[int]) -> list[Row]:
        """The rows with numbers normalised and defaults filled in; those that cannot be placed are refused."""
        mended: list[Row] = []
        for row, line in zip(rows, lines, strict=True):
            try:
                mended.append(self._mend(row))
            except _RefusedError as refusal:
                text = " ".join(str(cell) for cell in row if cell)
                self.staged.count(Reject(line, refusal.code, str(refusal), shown(text)))
        return mended

    def _mend(self, row: Row) -> Row:
        number, brand, branch, *rest, replaces, removed = row
        norm = self._norms.get(number) or self._norm(number)
        brand = self._brand(brand)
        branch = self._branch(branch)
        if replaces and not removed:
            self._note(brand, norm, replaces)
        # The place of what it replaces (_RAW) takes the number as sent.
        return (norm, brand, branch, *rest, number, removed)  # type: ignore[return-value] # a tuple of this shape, which mypy cannot count

    def _norm(self, number: str) -> str:
        norm = normalise(number)
        if not norm or len(norm) > _LONGEST_NUMBER or "\x00" in number:
            raise _RefusedError("bad_part_number", "part_number: nothing in it that could be a number")
        if len(self._norms) >= _NUMBERS_CACHED:
            self._norms.clear()
        self._norms[number] = norm
        return norm

    def _brand(self, brand: str | None) -> str:
        found = (brand or "").strip() or self._config.default_brand
        if not found or not any(map(str.isalnum, found)) or "\x00" in found:
            raise _RefusedError("bad_brand", "brand: missing, and the feed has no default")
        return found

    def _branch(self, branch: str | None) -> str | None:
        """None stays for the implied branch: whether that is right is known when the whole file was read."""
        found = (branch or "").strip() or self._config.default_branch
        if found:
            if "\x00" in found:
                raise _RefusedError("bad_branch", "branch: not text")
            self.staged.names_branches = True
            return found
        if self.staged.names_branches:
            raise _RefusedError("bad_branch", "branch: missing, though other rows name one")
        self.staged.has_unplaced = True
        return None

    def _note(self, brand: str, norm: str, replaces: Iterable[str]) -> None:
        notes = self.staged.replacements
        for raw in islice(replaces, _REPLACEMENTS_PER_ROW):
            old = normalise(raw)
            if old and old != norm and len(notes) < MAX_REPLACEMENTS:
                notes.add((brand, old, norm))

    def _kept(self, key: Key) -> tuple[Any, ...] | None:
        """A row that keeps the refused one's offer from being taken as gone; None if it cannot be told which."""
        try:
            mended = self._mend((*key, *([None] * 10), False))  # type: ignore[arg-type] # as above
        except _RefusedError:
            return None
        self.staged.kept += 1
        return (*mended[:-1], None)


class _RefusedError(Exception):
    """A row that cannot be placed: why, by code and in words."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


def _are_plain(columns: Columns) -> bool:
    """Whether nothing is left to do with any row: brands and branches named, nothing replaced, numbers in normal form."""
    if not columns:
        return True
    numbers = "".join(columns[0])
    return (
        numbers.isascii()
        and numbers.isalnum()
        and numbers == numbers.upper()
        and all(columns[1])
        and all(columns[2])
        and not any(columns[_RAW])
    )


def printable(text: str) -> str:
    """Text without control characters: nobody sees them, and COPY's CSV cannot carry them."""
    return text.translate(_CONTROLS)
