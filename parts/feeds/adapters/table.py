"""What a table's columns and words mean: shared by every adapter whose rows are cells of text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from parts.feeds.adapters import cells
from parts.feeds.adapters.base import Config
from parts.feeds.adapters.rows import Key, Reject, Row, shown

Value = TypeVar("Value")
Field = Literal[
    "part_number",
    "brand",
    "branch",
    "quantity",
    "availability",
    "lifecycle",
    "price",
    "currency",
    "lead_time_days",
    "expected_on",
    "grade",
    "seq",
    "replaces",
]


# Column names by letters and digits alone, in lower case, for files that nobody has mapped.
KNOWN_NAMES: dict[Field, str] = {
    "part_number": "partnumber partno partnum part sku itemno itemnumber item number productcode oenumber articleno mpn",
    "brand": "brand make manufacturer marque maker",
    "branch": "branch branchcode depot site location warehouse store dealer dealercode",
    "quantity": "quantity qty stock freestock stockqty qtyavailable onhand available stocklevel soh",
    "availability": "availability status stockstatus state",
    "lifecycle": "lifecycle life",
    "price": "price pricepence pence tradeprice trade net netprice unitprice cost pricegbp rrp",
    "currency": "currency ccy",
    "lead_time_days": "leadtimedays leadtime leaddays lead days deliverydays",
    "expected_on": "expectedon expected due duein duedate eta backinstock",
    "grade": "grade quality",
    "seq": "seq sequence",
    "replaces": "replaces supersedes superseded",
}
_CACHED = 100_000

Availability = Literal["in_stock", "limited", "on_backorder", "out_of_stock", "not_listed", "unknown"]


class TableConfig(Config):
    """What a supplier's columns and words mean. Not needed where the file's own column names say it all."""

    columns: dict[Field, str | Annotated[int, msgspec.Meta(ge=1)]] = msgspec.field(default_factory=dict)
    header_row: Annotated[int, msgspec.Meta(ge=0, le=1_000)] | None = None  # 0: no header; None: the first that fits
    quantity_codes: dict[str, Availability] = msgspec.field(default_factory=dict)
    availability_codes: dict[str, Availability] = msgspec.field(default_factory=dict)
    grade_codes: dict[str, Literal["genuine", "oe", "aftermarket", "reconditioned", "used"]] = msgspec.field(
        default_factory=dict
    )
    lifecycle_codes: dict[str, Literal["listed", "active", "superseded", "discontinued"]] = msgspec.field(
        default_factory=dict
    )
    negative: Literal["reject", "zero", "unknown"] = "reject"
    price_unit: Literal["auto", "pounds", "pence"] = "auto"  # auto: pence if the column's name says so
    date_formats: tuple[str, ...] = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y")


class WrongWidthError(ValueError):
    """A row with more or fewer cells than there are columns."""


class _Cached(dict[str, Value]):
    """Cells repeat, so each text is read once. Bounded: a column of unlike texts does not fill the memory."""

    def __init__(self, read: Callable[[str], Value]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> Value:
        value = self._read(text)
        if len(self) >= _CACHED:
            self.clear()
        self[text] = value
        return value


@dataclass(frozen=True, slots=True)
class Table:
    """Where the columns are, how their cells are read, and how many lines stand above the first row."""

    width: int | None
    positions: Mapping[Field, int]
    header: int
    delimiter: str
    columns: Mapping[str, _Cached[Any]]


def columns_of(names: Sequence[str], config: TableConfig) -> dict[Field, int] | None:
    """Which column is which field, by the feed's mapping, then by known names; None without a part number."""
    found = [plain(name) for name in names]
    positions: dict[Field, int] = {}
    for name, wanted in config.columns.items():
        if isinstance(wanted, int):
            positions[name] = wanted - 1
        elif plain(wanted) in found:
            positions[name] = found.index(plain(wanted))
        else:
            return None
    for name, known in KNOWN_NAMES.items():
        if name not in positions and not config.columns:
            position = next((at for at, text in enumerate(found) if text in known.split()), None)
            if position is not None and position not in positions.values():
                positions[name] = position
    return positions if "part_number" in positions else None


def table_of(names: Sequence[str], positions: Mapping[Field, int], config: TableConfig, **place: Any) -> Table:
    """The reading of a table whose columns are found."""
    price = names[positions["price"]] if names and "price" in positions else ""
    in_pence = config.price_unit == "pence" or (config.price_unit == "auto" and "pence" in price.casefold())
    width = len(names) or None
    return Table(width=width, positions=positions, columns=_readers(config, in_pence=in_pence), **place)


def converter(table: Table) -> Callable[[list[str], int, str], Row | Reject | None]:
    """A function from a row's cells, its line number and its raw text to a typed row; None for an empty line.

    A row that cannot be read with certainty is refused. WrongWidthError for one with more or fewer cells than columns.
    """
    # A field without a column reads the empty cell that is put at the end of each row.
    at: dict[str, int] = {name: table.positions.get(name, -1) for name in KNOWN_NAMES}
    column = table.columns
    number_at, brand_at, branch_at, stock_at = at["part_number"], at["brand"], at["branch"], at["quantity"]
    said_at, life_at, price_at, currency_at = at["availability"], at["lifecycle"], at["price"], at["currency"]
    lead_at, day_at, grade_at, seq_at, replaces_at = (
        at[name] for name in ("lead_time_days", "expected_on", "grade", "seq", "replaces")
    )
    numbers, brands, branches, stocks = column["part_number"], column["brand"], column["branch"], column["quantity"]
    saids, lives, prices, currencies = (column[name] for name in ("availability", "lifecycle", "price", "currency"))
    leads, days, grades, seqs, replaced = (
        column[name] for name in ("lead_time_days", "expected_on", "grade", "seq", "replaces")
    )
    width = table.width or max(table.positions.values()) + 1
    is_exact = table.width is not None

    def convert(record: list[str], line: int, raw: str) -> Row | Reject | None:
        if len(record) != width:
            if not record:
                return None
            if len(record) < width or (is_exact and any(record[width:])):
                raise WrongWidthError(f"{len(record)} cells, where the header has {width}")
        record.append("")
        try:
            stock = stocks[record[stock_at]]
            return (
                numbers[record[number_at]],
                brands[record[brand_at]],
                branches[record[branch_at]],
                stock[0],
                saids[record[said_at]] or stock[1],
                lives[record[life_at]],
                prices[record[price_at]],
                currencies[record[currency_at]],
                leads[record[lead_at]],
                days[record[day_at]],
                grades[record[grade_at]],
                seqs[record[seq_at]],
                replaced[record[replaces_at]],
                False,
            )
        except cells.CellError as error:
            key = _key(record, table)
            return Reject(line, f"bad_{error.field}", str(error), shown(raw), key)

    return convert


def _key(record: list[str], table: Table) -> Key | None:
    """Which offer a refused row speaks of, if these cells at least can be read."""
    names: tuple[Field, ...] = ("part_number", "brand", "branch")
    try:
        return Key(*(table.columns[name][record[table.positions.get(name, -1)]] for name in names))
    except cells.CellError:
        return None


def _readers(config: TableConfig, *, in_pence: bool) -> dict[str, _Cached[Any]]:
    def codes(raw: Mapping[str, str]) -> dict[str, str]:
        return {text.strip().casefold(): word for text, word in raw.items()}

    grades, lives = cells.GRADE_WORDS | codes(config.grade_codes), codes(config.lifecycle_codes)
    unit = "pence" if in_pence else "pounds"
    return {
        "part_number": _Cached(cells.part_number),
        "brand": _Cached(partial(cells.name, field="brand", most=64)),
        "branch": _Cached(partial(cells.name, field="branch", most=32)),
        "quantity": _Cached(partial(cells.quantity, codes=codes(config.quantity_codes), negative=config.negative)),
        "availability": _Cached(partial(cells.availability, codes=codes(config.availability_codes))),
        "lifecycle": _Cached(partial(cells.choice, field="lifecycle", known=cells.LIFECYCLES, codes=lives)),
        "price": _Cached(partial(cells.price_pence, unit=unit)),
        "currency": _Cached(cells.currency),
        "lead_time_days": _Cached(partial(cells.whole, field="lead_time_days", most=cells.MAX_LEAD_DAYS)),
        "expected_on": _Cached(partial(cells.day, formats=config.date_formats)),
        "grade": _Cached(partial(cells.choice, field="grade", known=cells.GRADES, codes=grades)),
        "seq": _Cached(partial(cells.whole, field="seq", most=cells.MAX_SEQ)),
        "replaces": _Cached(_replaced),
    }


def _replaced(text: str) -> list[str] | None:
    found = [cells.part_number(number) for number in re.split(r"[|;,]", text) if number.strip()]
    return found or None


def plain(name: str) -> str:
    """A column's name as compared: letters and digits alone, in lower case."""
    return "".join(character for character in name.casefold() if character.isalnum() and character.isascii())
