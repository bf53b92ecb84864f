"""Streams typed rows into a temporary table by COPY, and keeps count of what was refused and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Protocol

from django.utils.text import slugify

from parts.catalogue.numbers import normalise
from parts.feeds.adapters.base import Config
from parts.feeds.adapters.rows import Batch, BrokenFileError, Key, Reject, Row, shown

SAMPLES = 250
DEFAULT_BRANCH = "main"
# Beyond these a file is not what it says it is.
MAX_BRANDS = 5_000
MAX_BRANCHES = 20_000
MAX_REPLACEMENTS = 100_000
_NUMBERS_CACHED = 100_000

# `None` is COPY's NULL here, so that a row is one formatting. No text of ours can be taken for it: numbers are in
# capitals, other words come from known sets, and a raw number that reads None is shown as NONE.
COPY = (
    "COPY feed_stage (kind, branch, brand, norm, raw, quantity, availability, lifecycle, price_pence, currency,"
    " lead_time_days, expected_on, grade, seq) FROM STDIN WITH (FORMAT text, NULL 'None')"
)
_LINE = "o\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s"
_REMOVED = "d\t%s\t%s\t%s" + "\tNone" * 8 + "\t%s"
_KEPT = "k\t%s\t%s\t%s" + "\tNone" * 9


class Sink(Protocol):
    """Where COPY's lines go."""

    def write(self, buffer: str) -> None:
        """Take some lines."""


@dataclass
class Staged:
    """What a file held: what the gates judge, and what the run records."""

    good: int = 0
    kept: int = 0
    removed: int = 0
    rejected: int = 0
    rejected_by_reason: Counter[str] = field(default_factory=Counter)
    samples: list[Reject] = field(default_factory=list)
    max_seq: int | None = None
    brand_names: list[str] = field(default_factory=list)
    branch_codes: list[str] = field(default_factory=list)
    brands_listed: set[int] = field(default_factory=set)
    replacements: set[tuple[int, str, str]] = field(default_factory=set)
    # The number of the branch that rows without one were put at; wrong if other rows turned out to name theirs.
    implied_branch: int | None = None
    is_implied_wrong: bool = False

    @property
    def records(self) -> int:
        """Rows that came, good or not."""
        return self.good + self.removed + self.rejected

    def count(self, reject: Reject) -> None:
        """Count a refused row, and keep it as a sample while there is room."""
        self.rejected += 1
        self.rejected_by_reason[reject.code] += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(reject)

    def refuse(self, code: str, count: int) -> None:
        """Count rows as refused that were staged, and turned out to be wrong in the light of others."""
        self.good -= count
        self.rejected += count
        self.rejected_by_reason[code] += count


class Stager:
    """Turns batches into COPY lines. Brands and branches are numbered as they come, from 1, and resolved afterwards."""

    def __init__(self, config: Config, *, named_branches: bool) -> None:
        self.staged = Staged()
        self._config = config
        # Once a branch was named, now or in an earlier file, a row without one is a fault and no matter of course.
        self._branches_named = named_branches and config.default_branch is None
        self._brands: dict[str | None, int] = {}
        self._brand_slugs: dict[str, int] = {}
        self._branches: dict[str | None, int] = {}
        self._branch_numbers: dict[str, int] = {}
        self._numbers: dict[str, str] = {}

    def write(self, batches: Iterable[Batch], sink: Sink, progress: Callable[[int], None]) -> None:
        """Write every batch to the sink; BrokenFileError as the adapter raises it. `progress` hears of rows so far."""
        for batch in batches:
            lines = self._lines(batch)
            for reject in batch.rejects:
                self._refuse(reject, lines)
            if lines:
                lines.append("")
                sink.write("\n".join(lines))
            progress(self.staged.records)

    def _lines(self, batch: Batch) -> list[str]:
        """The batch's rows as COPY text: the inner loop of every ingest, so it is written out flat."""
        staged, numbers, brands, branches = self.staged, self._numbers, self._brands, self._branches
        currency_default = self._config.default_currency
        lines: list[str] = []
        append = lines.append
        listed, max_seq = staged.brands_listed, staged.max_seq or 0
        for at, row in enumerate(batch.rows):
            raw, brand, branch, quantity, said, life, price, currency, lead, day, grade, seq, replaces, removed = row
            try:
                number = numbers[raw]
                brand_no = brands[brand]
                branch_no = branches[branch]
            except KeyError:
                found = self._resolve(row, batch.lines[at])
                if found is None:
                    continue
                number, brand_no, branch_no = found
            if seq is not None and seq > max_seq:
                max_seq = seq
            if removed or said == "not_listed":
                staged.removed += 1
                append(_REMOVED % (branch_no, brand_no, number, seq))
                continue
            if said is None:
                said = "unknown" if quantity is None else "in_stock" if quantity else "out_of_stock"
            listed.add(brand_no)
            if replaces:
                self._note(brand_no, number, replaces)
            append(
                _LINE
                % (
                    branch_no,
                    brand_no,
                    number,
                    quantity,
                    said,
                    life or "active",
                    price,
                    currency or currency_default,
                    lead,
                    day,
                    grade or "genuine",
                    seq,
                )
            )
            staged.good += 1
        staged.max_seq = max_seq or staged.max_seq
        return lines

    def _resolve(self, row: Row, line: int) -> tuple[str, int, int] | None:
        """The row's number as COPY text, its brand and branch by number, for a combination not met before."""
        try:
            number = self._number(row[0])
            return number, self._brand(row[1]), self._branch(row[2])
        except _RefusedError as refusal:
            text = " ".join(str(cell.isoformat() if isinstance(cell, date) else cell) for cell in row if cell)
            self.staged.count(Reject(line, refusal.code, str(refusal), shown(text)))
            return None

    def _number(self, raw: str) -> str:
        if raw in self._numbers:
            return self._numbers[raw]
        norm = normalise(raw)
        if not norm or len(norm) > 64 or "\x00" in raw:  # noqa: PLR2004 - the length of PartNumber.norm
            raise _RefusedError("bad_part_number", "part_number: nothing in it that could be a number")
        text = f"{_escaped(norm)}\t{'None' if raw == norm else _escaped(raw)}"
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise _RefusedError("bad_part_number", "part_number: not text") from error
        if len(self._numbers) >= _NUMBERS_CACHED:
            self._numbers.clear()
        self._numbers[raw] = text
        return text

    def _brand(self, name: str | None) -> int:
        if name in self._brands:
            return self._brands[name]
        shown = (name or self._config.default_brand or "").strip()
        slug = slugify(shown, allow_unicode=True)
        if not slug or "\x00" in shown:
            raise _RefusedError("bad_brand", "brand: missing, and the feed has no default")
        if slug not in self._brand_slugs:
            if len(self._brand_slugs) >= MAX_BRANDS:
                raise BrokenFileError(f"The file names more than {MAX_BRANDS:,} brands.")
            self.staged.brand_names.append(shown)
            self._brand_slugs[slug] = len(self.staged.brand_names)
        if len(self._brands) < MAX_BRANDS * 4:
            self._brands[name] = self._brand_slugs[slug]
        return self._brand_slugs[slug]

    def _branch(self, code: str | None) -> int:
        if code in self._branches:
            return self._branches[code]
        shown = (code or "").strip()
        if not shown or "\x00" in shown:
            return self._implied(code)
        if shown not in self._branch_numbers:
            self._branch_numbers[shown] = self._new_branch(shown)
        if self._config.default_branch is None and not self._branches_named:
            self._branches_named = True
            self._branches.clear()
            self.staged.is_implied_wrong = self.staged.implied_branch is not None
        self._branches[code] = self._branch_numbers[shown]
        return self._branches[code]

    def _implied(self, code: str | None) -> int:
        shown = self._config.default_branch or DEFAULT_BRANCH
        if self._branches_named:
            raise _RefusedError("bad_branch", "branch: missing, though other rows name one")
        if shown not in self._branch_numbers:
            self._branch_numbers[shown] = self._new_branch(shown)
        if self._config.default_branch is None:
            self.staged.implied_branch = self._branch_numbers.pop(shown)
            self._branches[code] = self.staged.implied_branch
        else:
            self._branches[code] = self._branch_numbers[shown]
        return self._branches[code]

    def _new_branch(self, code: str) -> int:
        if len(self.staged.branch_codes) >= MAX_BRANCHES:
            raise BrokenFileError(f"The file names more than {MAX_BRANCHES:,} branches.")
        self.staged.branch_codes.append(code)
        return len(self.staged.branch_codes)

    def _note(self, brand_no: int, number: str, replaces: Iterable[str]) -> None:
        notes = self.staged.replacements
        norm = number.partition("\t")[0]
        for raw in islice(replaces, 20):
            old = normalise(raw)
            if old and old != norm and len(notes) < MAX_REPLACEMENTS:
                notes.add((brand_no, old, norm))

    def _refuse(self, reject: Reject, lines: list[str]) -> None:
        self.staged.count(reject)
        if reject.key is None:
            return
        kept = self._keep(reject.key)
        if kept is not None:
            self.staged.kept += 1
            lines.append(_KEPT % kept)

    def _keep(self, key: Key) -> tuple[int, int, str] | None:
        """The refused row's offer, so that it is not taken as gone; None if it cannot be told."""
        try:
            number = self._number(key.part_number)
            return self._branch(key.branch), self._brand(key.brand), number
        except _RefusedError:
            return None


class _RefusedError(Exception):
    """A row that cannot be placed: why, by code and in words."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


def _escaped(text: str) -> str:
    """Text for COPY's text format."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
