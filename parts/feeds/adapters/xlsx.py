"""`xlsx`: an Excel workbook's sheet by the same mapping as `csv`, with each cell's text as its author saw it, or refused.

A number in a column of names is taken only if it shows as plain digits: Excel has forgotten whether 5E+10 was a part
number and whether 12.50 ended in a nought. Formulas are never worked out: what Excel last stored for them is read, and
one it stored nothing for is an empty cell. Rows are numbered as Excel shows them.
"""

from __future__ import annotations

import itertools
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import IO, Any, ClassVar

from openpyxl import load_workbook
from openpyxl.cell.read_only import EMPTY_CELL

from parts.feeds.adapters.base import Adapter, Config
from parts.feeds.adapters.rows import Batch, BrokenFileError, Key, Reject, Row, columns_of, shown
from parts.feeds.adapters.table import Field, Table, TableConfig, positions_of, table_of

# A workbook is for people; whoever has more sends CSV. Blank rows are free up to as many as Excel has.
MAX_ROWS = 100_000
MAX_UNPACKED = 256 * 1024 * 1024
MAX_STRINGS = 48 * 1024 * 1024
_EXCEL_ROWS = 1_048_576
_MAX_ENTRIES = 2_000
_MAX_COLUMNS = 100  # those to the right of it are not looked at
_HEADER_WITHIN = 30
_BATCH_ROWS = 1_000
_MOST_DIGITS = 15  # more, and Excel has rounded them
_NAMES: tuple[Field, ...] = ("part_number", "brand", "branch", "replaces")
_PLAIN_FORMATS = frozenset({"General", "@"})
_DIGITS_FORMAT = re.compile(r"0+")

Line = tuple[int, Sequence[Any]]


class XlsxConfig(TableConfig):
    """Which sheet, besides what the columns mean."""

    sheet: str | None = None  # by name; None: the first


class XlsxAdapter(Adapter):
    """Reads one sheet of an Excel workbook."""

    name: ClassVar[str] = "xlsx"
    label: ClassVar[str] = "Excel snapshot"
    file_name: ClassVar[str] = "offers.xlsx"
    config_type: ClassVar[type[Config]] = XlsxConfig

    def read(self, chunks: Iterable[bytes], config: XlsxConfig) -> Iterator[Batch]:
        with tempfile.TemporaryFile() as file:
            for chunk in chunks:
                file.write(chunk)
            _check_size(file)
            lines = _lines(file, config)
            first = list(itertools.islice(lines, config.header_row or _HEADER_WITHIN))
            if not first:
                return
            table = _table(first, config)
            yield from _batches((line for line in itertools.chain(first, lines) if line[0] > table.header), table)


def sheet_texts(file: IO[bytes]) -> Iterator[list[str]]:
    """The texts of each row of the first sheet, numbers as the digits they show. BrokenFileError if it is no workbook."""
    _check_size(file)
    for _, cells in _lines(file, XlsxConfig()):
        yield [_digits(cell) or _text(cell) for cell in cells]


def _check_size(file: IO[bytes]) -> None:
    """BrokenFileError unless it is a workbook of bearable size. Python's zipfile reads no more than an entry declares."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise BrokenFileError("This is not an Excel workbook (.xlsx), or it is cut off.") from error
    strings = sum(entry.file_size for entry in entries if entry.filename.lower().endswith("sharedstrings.xml"))
    if len(entries) > _MAX_ENTRIES or strings > MAX_STRINGS or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise BrokenFileError("The workbook is too large once unpacked. Send CSV.")


def _lines(file: IO[bytes], config: XlsxConfig) -> Iterator[Line]:
    """The sheet's rows that hold anything, with their numbers."""
    book = None
    try:
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheet = _sheet(book, config.sheet)
        sheet.reset_dimensions()  # some programs say A1 and mean everything
        found = 0
        for number, cells in enumerate(sheet.iter_rows(max_col=_MAX_COLUMNS), 1):
            if number > _EXCEL_ROWS:
                raise BrokenFileError(f"The sheet has more than {_EXCEL_ROWS:,} rows.")
            if all(cell is EMPTY_CELL or cell.value is None for cell in cells):
                continue
            found += 1
            if found > MAX_ROWS:
                raise BrokenFileError(f"The sheet has more than {MAX_ROWS:,} rows. Send CSV.")
            yield number, cells
    except BrokenFileError:
        raise
    except Exception as error:  # a damaged or forged workbook can fail anywhere in the reader
        raise BrokenFileError(f"The workbook cannot be read ({type(error).__name__}).") from error
    finally:
        if book is not None:
            book.close()


def _sheet(book: Any, name: str | None) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if name is None and sheets:
        return next(iter(sheets.values()))
    if name not in sheets:
        there = ", ".join(sheets) or "none"
        raise BrokenFileError(f"There is no sheet “{name or ''}”. There are: {there}."[:400])
    return sheets[name]


def _table(first: Sequence[Line], config: XlsxConfig) -> Table:
    if config.header_row == 0:
        positions: dict[Field, int] = {name: int(at) - 1 for name, at in config.columns.items()}
        return table_of((), positions, config, header=0, delimiter="")
    for number, cells in first:
        names = [_text(cell) for cell in cells]
        while names and not names[-1].strip():
            names.pop()
        is_wanted = config.header_row is None or number == config.header_row
        if is_wanted and (positions_found := positions_of(names, config)) is not None:
            return table_of(names, positions_found, config, header=number, delimiter="")
    wanted = ", ".join(map(str, config.columns.values())) or "a part number"
    begins = shown(" ".join(_text(cell) for cell in first[0][1]))[:100]
    raise BrokenFileError(f"No header row with {wanted} was found. The sheet begins: {begins}")


def _batches(lines: Iterator[Line], table: Table) -> Iterator[Batch]:
    names = [table.positions[name] for name in _NAMES if name in table.positions]
    while taken := list(itertools.islice(lines, _BATCH_ROWS)):
        records = [_record(cells, table.width) for _, cells in taken]
        is_plain = all(
            at >= len(cells) or cells[at].value is None or cells[at].data_type == "s"
            for _, cells in taken
            for at in names
        )
        columns = table.read_records(records) if is_plain else None
        if columns is not None:
            yield Batch(columns, [number for number, _ in taken])
            continue
        rows: list[Row] = []
        kept: list[int] = []
        rejects: list[Reject] = []
        for (number, cells), record in zip(taken, records, strict=True):
            found = _row(table, number, cells, record)
            if isinstance(found, Reject):
                rejects.append(found)
            else:
                rows.append(found)
                kept.append(number)
        yield Batch(columns_of(rows), kept, rejects)


def _row(table: Table, number: int, cells: Sequence[Any], record: list[str]) -> Row | Reject:
    """One row, its names taken from cells that were text, or numbers that show as plain digits."""
    raw = shown("\t".join(record))
    record = list(record)
    for name in _NAMES:
        at = table.positions.get(name)
        if at is None or at >= len(cells) or cells[at].value is None or cells[at].data_type == "s":
            continue
        digits = _digits(cells[at])
        if digits is None:
            reason = f"{name}: Excel holds {_kind(cells[at])}, not text. Format the column as Text and type it again"
            return Reject(number, f"bad_{name}", reason, raw, _key(table, number, record, name))
        record[at] = digits
    return table.row(record, number, raw)


def _key(table: Table, number: int, record: list[str], at_fault: Field) -> Key | None:
    """Which offer the row speaks of, if what is at fault is no part of that."""
    if at_fault != "replaces":
        return None
    found = table.row([*record[: (at := table.positions["replaces"])], "", *record[at + 1 :]], number, "")
    return found.key if isinstance(found, Reject) else Key(*found[:3])


def _digits(cell: Any) -> str | None:
    """A number as the digits it shows, leading noughts of its format included; None if it shows as anything else."""
    value, form = cell.value, cell.number_format
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if cell.data_type != "n" or not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return None
    text = str(value)
    if len(text) > _MOST_DIGITS or not (form in _PLAIN_FORMATS or _DIGITS_FORMAT.fullmatch(form)):
        return None
    return text.zfill(len(form)) if _DIGITS_FORMAT.fullmatch(form) else text


def _kind(cell: Any) -> str:
    kinds = {"d": "a date", "e": f"an error ({str(cell.value)[:20]})", "b": "true or false"}
    return kinds.get(cell.data_type, f"the number {_text(cell)}")


def _record(cells: Sequence[Any], width: int) -> list[str]:
    """The row's texts, as many as the header has columns: in a sheet, a note at the side moves no other cell."""
    record = [_text(cell) for cell in cells[:width]]
    return record + [""] * (width - len(record))


def _text(cell: Any) -> str:
    """A cell as text: whole numbers without a point, others to the 15 digits Excel keeps, dates as ISO 8601."""
    value = cell.value
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 10**_MOST_DIGITS else f"{value:.15g}"
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date | time | timedelta):
        return value.isoformat() if not isinstance(value, timedelta) else str(value)
    return str(value)
