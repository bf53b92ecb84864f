"""`csv`: a spreadsheet's text with the supplier's own columns, encoding and words, all of it data on the feed."""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

from garagehub.lib.errors import DomainError
from parts.feeds.adapters.base import Adapter, Config
from parts.feeds.adapters.cutting import Cutter
from parts.feeds.adapters.lines import Block, HugeLine, blocks
from parts.feeds.adapters.rows import Batch, BrokenFileError, Reject, Row, columns_of, shown
from parts.feeds.adapters.table import WRONG_WIDTH, Field, Table, TableConfig, positions_of, table_of

_DELIMITERS = (",", ";", "\t", "|")
_HEADER_WITHIN = 30
_BATCH_ROWS = 2_000


class CsvConfig(TableConfig):
    """How a supplier's file is written."""

    encoding: str = "auto"  # a byte-order mark wins; auto: UTF-8, and cp1252 for lines that are not
    delimiter: Literal["auto", ",", ";", "\t", "|"] = "auto"


@dataclass(slots=True)
class _Source:
    """What is known of the lines besides their text. `given`: the last line of the file that a reader was given."""

    cut_line: int = 0
    given: int = 0
    rejects: list[Reject] = field(default_factory=list)


@dataclass(frozen=True)
class _Run:
    """Some whole lines, each with its line feed but perhaps the last of the file."""

    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The lines, without their line feeds."""
        return self.text.removesuffix("\n").split("\n") if self.text else []


class CsvAdapter(Adapter):
    """Reads delimited text by the feed's mapping, or by its column names where there is none."""

    name: ClassVar[str] = "csv"
    label: ClassVar[str] = "CSV snapshot"
    file_name: ClassVar[str] = "offers.csv"
    config_type: ClassVar[type[Config]] = CsvConfig

    def config(self, raw: Mapping[str, Any]) -> CsvConfig:
        config: CsvConfig = super().config(raw)
        if config.encoding != "auto":
            try:
                codecs.lookup(config.encoding)
            except LookupError as error:
                message = f"There is no encoding “{config.encoding}”."
                raise DomainError(message, code="feed_config_invalid") from error
        if config.header_row == 0 and not isinstance(config.columns.get("part_number"), int):
            message = "Without a header row, columns are given by number, part_number at least."
            raise DomainError(message, code="feed_config_invalid")
        return config

    def read(self, chunks: Iterable[bytes], config: CsvConfig) -> Iterator[Batch]:
        source = _Source()
        runs = _runs(blocks(_as_utf8(chunks, config.encoding)), source, config.encoding)
        first: list[str] = []
        while len(first) < (config.header_row or _HEADER_WITHIN) and (run := next(runs, None)):
            first += run.lines
        if first:
            table = _table(first, config)
            source.given = table.header
            rest = _Run("".join(f"{line}\n" for line in first[table.header :]))
            yield from _batches(itertools.chain([rest], runs), table, source)
        if source.rejects:
            yield Batch(rejects=source.rejects)


def _table(first: Sequence[str], config: CsvConfig) -> Table:
    """The header row among the first lines, with the delimiter that makes sense of it. BrokenFileError if none does."""
    delimiters = _DELIMITERS if config.delimiter == "auto" else (config.delimiter,)
    if config.header_row == 0:
        delimiter = max(delimiters, key=first[0].count)
        positions: dict[Field, int] = {name: int(at) - 1 for name, at in config.columns.items()}
        return table_of((), positions, config, header=0, delimiter=delimiter)
    last = min(len(first), _HEADER_WITHIN if config.header_row is None else config.header_row)
    for number in range(0 if config.header_row is None else config.header_row - 1, last):
        for delimiter in delimiters:
            names = first[number].rstrip("\r\n")
            if delimiter in names or len(delimiters) == 1 or delimiter == _DELIMITERS[-1]:
                cells_of_line = _cells(names, delimiter)
                found = positions_of(cells_of_line, config)
                if found is not None:
                    return table_of(cells_of_line, found, config, header=number + 1, delimiter=delimiter)
    wanted = f"the columns {', '.join(map(str, config.columns.values()))}" if config.columns else "a part number column"
    raise BrokenFileError(f"No header row with {wanted} was found. The file begins: {shown(first[0])[:100]}")


def _cells(line: str, delimiter: str) -> list[str]:
    """The cells of one line; none of one that is not CSV."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _batches(runs: Iterator[_Run], table: Table, source: _Source) -> Iterator[Batch]:
    """Runs of lines as batches of typed rows; a row that cannot be read with certainty is refused.

    A run of lines without a quote is read at once, as no cell of theirs can reach into the next. From the first quote on
    one reader goes through the rest of the file.
    """
    cutter = Cutter(table)
    for run in runs:
        if '"' in run.text:
            lines = itertools.chain.from_iterable(later.lines for later in itertools.chain([run], runs))
            yield from _quoted_batches(lines, table, source)
            return
        cut = cutter.columns(run.text)
        if cut and (columns := table.read(cut[0], is_typed=cut[1])) is not None:
            first = source.given + 1
            source.given += len(columns[0])
            yield Batch(columns, range(first, source.given + 1))
            continue
        for at in range(0, len(run.lines), _BATCH_ROWS):
            some = run.lines[at : at + _BATCH_ROWS]
            try:
                records = list(csv.reader(some, delimiter=table.delimiter))
            except csv.Error:
                yield from _quoted_batches(iter(some), table, source)
                continue
            yield _batch(records, some, table, source)


def _quoted_batches(lines: Iterator[str], table: Table, source: _Source) -> Iterator[Batch]:
    taken: list[str] = []
    reader = csv.reader(_noted(lines, taken), delimiter=table.delimiter)
    is_more = True
    while is_more:
        records: list[list[str]] = []
        broken: csv.Error | None = None
        try:
            for record in itertools.islice(reader, _BATCH_ROWS):
                records.append(record)  # noqa: PERF402 - what was read before an error is kept
        except csv.Error as error:
            broken = error
        is_more = bool(records or broken)
        at = source.given + len(taken)
        whole = taken[:-1] if broken else taken
        batch = _batch(records, whole, table, source)
        if broken:
            if "field larger" in str(broken):
                raise BrokenFileError(f"A quoted field that ends on line {at:,} was never closed.") from broken
            batch.rejects.append(Reject(at, "not_csv", f"Not CSV: {broken}.", shown(taken[-1])))
        source.given = at
        taken.clear()
        yield batch


def _batch(records: list[list[str]], lines: list[str], table: Table, source: _Source) -> Batch:
    """The records that were made of these lines, all at once if all are in order."""
    first = source.given + 1
    source.given += len(lines)
    columns = table.read_records(records) if records and len(records) == len(lines) else None
    if columns is not None:
        return Batch(columns, range(first, source.given + 1))
    return _one_by_one(records, lines, first, table, source)


def _one_by_one(records: list[list[str]], taken: list[str], first: int, table: Table, source: _Source) -> Batch:
    rows: list[Row] = []
    lines: list[int] = []
    rejects: list[Reject] = []
    line = first - 1
    for record in records:
        line += 1 + sum(cell.count("\n") for cell in record)
        if not record:
            continue
        found = table.row(record, line, taken[min(line - first, len(taken) - 1)])
        if isinstance(found, Reject):
            _check_whole(record, found, source)
            rejects.append(found)
        else:
            rows.append(found)
            lines.append(line)
    return Batch(columns_of(rows), lines, rejects)


def _check_whole(record: list[str], refused: Reject, source: _Source) -> None:
    """A row of the wrong width may mean that others were lost with it; then so is the file."""
    if refused.code == WRONG_WIDTH and refused.line == source.cut_line:
        raise BrokenFileError(f"The file ends in the middle of line {refused.line:,}.")
    if refused.code == WRONG_WIDTH and any("\n" in cell for cell in record):
        raise BrokenFileError(f"A quoted field that ends on line {refused.line:,} swallows other lines.")


def _noted(lines: Iterable[str], taken: list[str]) -> Generator[str]:
    """The lines, each kept as it is handed on; with the line feed that a quoted cell may hold."""
    for line in lines:
        taken.append(line)
        yield line + "\n"


def _runs(found: Iterator[Block | HugeLine], source: _Source, encoding: str) -> Generator[_Run]:
    """Lines of text by the block; one that is too long is refused, and an empty one takes its place."""
    for item in found:
        if isinstance(item, HugeLine):
            reason = "The line is longer than 64 KiB."
            source.rejects.append(Reject(item.line, "line_too_long", reason, shown(item.start)))
            yield _Run("\n")
            continue
        if item.is_cut:
            source.cut_line = item.first_line + item.lines - 1
        yield _Run(_decoded(item.data, encoding))


def _decoded(data: bytes, encoding: str) -> str:
    if encoding != "auto":
        return data.decode("utf-8" if encoding.lower().startswith("utf") else encoding, "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "\n".join(map(_guessed, data.split(b"\n")))


def _guessed(line: bytes) -> str:
    """Text that is not UTF-8 comes from an old Windows program; its unused codes become U+FFFD."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _as_utf8(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The file's bytes, as UTF-8 if it says or was said to be UTF-16, and without a byte-order mark."""
    stream = iter(chunks)
    start = next(stream, b"")
    while 0 < len(start) < len(codecs.BOM_UTF8):
        more = next(stream, b"")
        if not more:
            break
        start += more
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or encoding.lower().startswith("utf-16"):
        marked = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        decoder = codecs.getincrementaldecoder("utf-16" if marked else encoding)("replace")
        for chunk in itertools.chain([start], stream):
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=True).encode()
        return
    yield start.removeprefix(codecs.BOM_UTF8)
    yield from stream
