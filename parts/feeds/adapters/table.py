"""What a table's columns and words mean: shared by every adapter whose rows are cells of text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal, TypeVar, cast

import msgspec

from parts.feeds.adapters import cells
from parts.feeds.adapters.base import Config
from parts.feeds.adapters.rows import Columns, Key, Reject, Row, shown

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
WRONG_WIDTH = "wrong_width"
# The fields as they follow each other in a row.
_ORDER: tuple[Field, ...] = (
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
)

_TYPES: dict[Field, Any] = {
    "part_number": cells.PartNumber,
    "brand": cells.Brand | None,
    "branch": cells.BranchCode | None,
    "quantity": cells.Quantity | None,
    "availability": cells.Availability | None,
    "lifecycle": cells.Lifecycle | None,
    "currency": cells.Currency | None,
    "lead_time_days": cells.LeadDays | None,
    "expected_on": date | None,
    "grade": cells.Grade | None,
    "seq": cells.SequenceNumber | None,
    "replaces": None,
}


class TableConfig(Config):
    """What a supplier's columns and words mean. Not needed where the file's own column names say it all."""

    columns: dict[Field, str | Annotated[int, msgspec.Meta(ge=1)]] = msgspec.field(default_factory=dict)
    header_row: Annotated[int, msgspec.Meta(ge=0, le=1_000)] | None = None  # 0: no header; None: the first that fits
    ignore: tuple[Field, ...] = ()  # not read, though the file has a column that would be it
    quantity_codes: dict[str, cells.Availability] = msgspec.field(default_factory=dict)
    availability_codes: dict[str, cells.Availability] = msgspec.field(default_factory=dict)
    grade_codes: dict[str, cells.Grade] = msgspec.field(default_factory=dict)
    lifecycle_codes: dict[str, cells.Lifecycle] = msgspec.field(default_factory=dict)
    negative: Literal["reject", "zero", "unknown"] = "reject"
    price_unit: Literal["auto", "pounds", "pence"] = "auto"  # auto: pence if the column's name says so
    date_formats: tuple[str, ...] = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y")


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

    def column(self, texts: Sequence[str]) -> Sequence[Value]:
        """Each of these cells. CellError if one of them cannot be read."""
        if texts[0] == texts[-1] and texts.count(texts[0]) == len(texts):
            return [self[texts[0]]] * len(texts)
        return list(map(self.__getitem__, texts))


class _Unlike(_Cached[Value]):
    """A column whose cells seldom repeat: `read_all` reads them at once, or is None where one needs a look by itself."""

    def __init__(
        self, read: Callable[[str], Value], read_all: Callable[[Sequence[str]], Sequence[Value] | None]
    ) -> None:
        super().__init__(read)
        self._read_all = read_all

    def column(self, texts: Sequence[str]) -> Sequence[Value]:
        found = self._read_all(texts)
        return super().column(texts) if found is None else found


@dataclass(frozen=True, slots=True)
class Table:
    """Where the columns are, how their cells are read, and how many lines stand above the first row."""

    width: int
    is_exact: bool
    positions: Mapping[Field, int]
    header: int
    delimiter: str
    columns: Mapping[Field, _Cached[Any]]
    types: Mapping[Field, Any]

    def read_records(self, records: Sequence[list[str]]) -> Columns | None:
        """All these rows at once; None if any of them needs a look by itself."""
        return self.read(list(zip(*records, strict=True))) if set(map(len, records)) == {self.width} else None

    def read(self, cells_of: Sequence[Sequence[Any]], *, is_typed: bool = False) -> Columns | None:
        """The columns of a batch from those of the file; None if any of the rows needs a look by itself.

        `is_typed`: cells of fields in `types` are values already, and an empty cell is None.
        """
        typed = self.types if is_typed else {}
        count = len(cells_of[0])
        read: dict[str, Sequence[Any]] = {}
        try:
            for name, reader in self.columns.items():
                at = self.positions.get(name)
                if at is None:
                    read[name] = (None,) * count
                else:
                    read[name] = cells_of[at] if name in typed else reader.column(cells_of[at])
        except cells.CellError:
            return None
        if "quantity" in self.positions and not is_typed:
            read["quantity"], implied = zip(*read["quantity"], strict=True)
            if any(implied):
                read["availability"] = [said or word for said, word in zip(read["availability"], implied, strict=True)]
        return [*(read[name] for name in _ORDER), (False,) * count]

    def row(self, record: list[str], line: int, raw: str) -> Row | Reject:
        """One row, or why it is refused."""
        if len(record) < self.width or (self.is_exact and any(record[self.width :])):
            return Reject(line, WRONG_WIDTH, f"{len(record)} cells, where the header has {self.width}", shown(raw))
        read: dict[Field, Any] = {}
        errors: list[cells.CellError] = []
        for name in _ORDER:
            try:
                read[name] = self._cell(name, record)
            except cells.CellError as error:
                errors.append(error)
        key = Key(*(read[name] for name in _ORDER[:3])) if all(name in read for name in _ORDER[:3]) else None
        if key is None or errors:
            return Reject(line, f"bad_{errors[0].field}", "; ".join(map(str, errors)), shown(raw), key)
        stock: cells.Stock = read["quantity"] or cells.Stock(None, None)
        said = read["availability"] or stock.availability
        rest = [read[name] for name in _ORDER[5:]]
        return cast("Row", (*key, stock.quantity, said, *rest, False))

    def _cell(self, name: Field, record: list[str]) -> Any:
        at = self.positions.get(name)
        return None if at is None else self.columns[name][record[at]]


def positions_of(names: Sequence[str], config: TableConfig) -> dict[Field, int] | None:
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
    for name in config.ignore:
        positions.pop(name, None)
    return positions if "part_number" in positions else None


def table_of(names: Sequence[str], positions: Mapping[Field, int], config: TableConfig, **place: Any) -> Table:
    """The reading of a table whose columns are found."""
    price = names[positions["price"]] if names and "price" in positions else ""
    in_pence = config.price_unit == "pence" or (config.price_unit == "auto" and "pence" in price.casefold())
    width = len(names) or max(positions.values()) + 1
    columns = _readers(config, in_pence=in_pence)
    types = _types(config, positions, in_pence=in_pence)
    return Table(width=width, is_exact=bool(names), positions=positions, columns=columns, types=types, **place)


def _types(config: TableConfig, positions: Mapping[Field, int], *, in_pence: bool) -> dict[Field, Any]:
    """Of the columns whose cells can be read by their type; none where the supplier has words of its own."""
    codes = (config.quantity_codes, config.availability_codes, config.grade_codes, config.lifecycle_codes)
    if any(codes) or len(set(positions.values())) < len(positions):
        return {}
    types = _TYPES | ({"price": cells.PricePence | None} if in_pence else {})  # pounds are no float: read as text
    return {name: type_ for name, type_ in types.items() if name in positions}


def _readers(config: TableConfig, *, in_pence: bool) -> dict[Field, _Cached[Any]]:
    def codes(raw: Mapping[str, str]) -> dict[str, str]:
        return {text.strip().casefold(): word for text, word in raw.items()}

    grades, lives = cells.GRADE_WORDS | codes(config.grade_codes), codes(config.lifecycle_codes)
    unit = "pence" if in_pence else "pounds"
    return {
        "part_number": _Unlike(cells.part_number, cells.part_numbers),
        "brand": _Cached(partial(cells.name, field="brand", most=64)),
        "branch": _Cached(partial(cells.name, field="branch", most=32)),
        "quantity": _Cached(partial(cells.quantity, codes=codes(config.quantity_codes), negative=config.negative)),
        "availability": _Cached(partial(cells.availability, codes=codes(config.availability_codes))),
        "lifecycle": _Cached(partial(cells.choice, field="lifecycle", known=cells.LIFECYCLES, codes=lives)),
        "price": _Unlike(partial(cells.price_pence, unit=unit), partial(cells.prices_pence, unit=unit)),
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
