"""`ndjson`: a snapshot with one JSON object a line, as `offers.ndjson`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, ClassVar

import msgspec

from parts.feeds.adapters import cells
from parts.feeds.adapters.base import Adapter, Config
from parts.feeds.adapters.lines import Block, HugeLine, blocks
from parts.feeds.adapters.rows import Batch, BrokenFileError, Key, Reject, Row, columns_of, shown

_BLANK = b" \t\r"


class _Line(msgspec.Struct, gc=False):
    """A line as it should be. Its fields stand in the order of `Row`."""

    part_number: cells.PartNumber
    brand: cells.Brand | None = None
    branch: cells.BranchCode | None = None
    quantity: cells.Quantity | None = None
    availability: cells.Availability | None = None
    lifecycle: cells.Lifecycle | None = None
    price_pence: cells.PricePence | None = None
    currency: cells.Currency | None = None
    lead_time_days: cells.LeadDays | None = None
    expected_on: date | None = None
    grade: cells.Grade | None = None
    seq: cells.SequenceNumber | None = None
    replaces: list[cells.PartNumber] | None = None
    deleted: bool = False


_decoder = msgspec.json.Decoder(_Line)


class NdjsonAdapter(Adapter):
    """Reads well-formed lines by the block at full speed, and looks at a line by itself only where a block has a fault."""

    name: ClassVar[str] = "ndjson"
    label: ClassVar[str] = "NDJSON snapshot"
    file_name: ClassVar[str] = "offers.ndjson"

    def read(self, chunks: Iterable[bytes], config: Config) -> Iterator[Batch]:
        for item in blocks(chunks):
            yield _huge(item) if isinstance(item, HugeLine) else _read_block(item)


def _huge(item: HugeLine) -> Batch:
    return Batch(rejects=[Reject(item.line, "line_too_long", "The line is longer than 64 KiB.", shown(item.start))])


def _read_block(block: Block) -> Batch:
    try:
        found = _decoder.decode_lines(block.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_lines(block)
    if len(found) != block.lines:
        return _read_lines(block)  # blank lines, or a line with two objects: line numbers need a closer look
    rows = list(map(msgspec.structs.astuple, found))
    return Batch(columns_of(rows), range(block.first_line, block.first_line + len(rows)))


def _read_lines(block: Block) -> Batch:
    """The same line by line: what is well-formed, what can be understood all the same, and what is refused."""
    rows: list[Row] = []
    lines: list[int] = []
    rejects: list[Reject] = []
    texts = block.data.split(b"\n")
    for number, text in enumerate(texts, block.first_line):
        if not text.strip(_BLANK):
            continue
        try:
            row: Row = msgspec.structs.astuple(_decoder.decode(text))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            refused_or_row = _understand(text, number)
            if isinstance(refused_or_row, Reject):
                if block.is_cut and number == block.first_line + len(texts) - 1 and refused_or_row.code == "not_json":
                    raise BrokenFileError(f"The file ends in the middle of line {number:,}.") from None
                rejects.append(refused_or_row)
                continue
            row = refused_or_row
        rows.append(row)
        lines.append(number)
    return Batch(columns_of(rows), lines, rejects)


def _understand(text: bytes, number: int) -> Row | Reject:
    """A line that is not as it should be, read as a cell of text would be; refused where that leaves a doubt."""
    try:
        value: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Reject(number, "not_json", "The line is not JSON.", shown(text))
    if not isinstance(value, dict):
        return Reject(number, "not_an_object", "The line is not a JSON object.", shown(text))
    key = None
    try:
        key = Key(
            cells.part_number(_text(value, "part_number")),
            cells.name(_text(value, "brand"), field="brand", most=64),
            cells.name(_text(value, "branch"), field="branch", most=32),
        )
        return _row(value, key)
    except cells.CellError as error:
        return Reject(number, f"bad_{error.field}", str(error), shown(text), key)


def _row(value: dict[str, Any], key: Key) -> Row:
    stock = cells.quantity(_text(value, "quantity"))
    deleted = value.get("deleted", False)
    if not isinstance(deleted, bool):
        raise cells.CellError("deleted", "neither true nor false")
    return (
        *key,
        stock.quantity,
        cells.availability(_text(value, "availability")) or stock.availability,
        cells.choice(_text(value, "lifecycle"), field="lifecycle", known=cells.LIFECYCLES),
        cells.price_pence(_text(value, "price_pence"), unit="pence"),
        cells.currency(_text(value, "currency")),
        cells.whole(_text(value, "lead_time_days"), field="lead_time_days", most=cells.MAX_LEAD_DAYS),
        cells.day(_text(value, "expected_on")),
        cells.choice(_text(value, "grade"), field="grade", known=cells.GRADES),
        cells.whole(_text(value, "seq"), field="seq", most=cells.MAX_SEQ),
        _replaced(value.get("replaces")),
        deleted,
    )


def _replaced(value: Any) -> list[str] | None:
    if value is None or value == "":
        return None
    numbers = [value] if isinstance(value, str) else value
    if not isinstance(numbers, list) or not all(isinstance(number, str) for number in numbers):
        raise cells.CellError("replaces", "not a list of part numbers")
    return [cells.part_number(number) for number in numbers]


def _text(value: dict[str, Any], name: str) -> str:
    """A member as the text a cell would hold; only words and numbers have one."""
    found = value.get(name)
    if found is None:
        return ""
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        raise cells.CellError(name, "neither text nor a number")
    return found if isinstance(found, str) else f"{found:f}" if isinstance(found, float) else str(found)
