"""The two ways a snapshot is written: JSON lines, and the CSV of a supplier with its own words."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

CSV_ENCODING = "cp1252"
CSV_COLUMNS = (
    "Part No",
    "Make",
    "Depot",
    "Free Stock",
    "Status",
    "Trade £",
    "Days",
    "Due In",
    "Quality",
    "Life",
    "Supersedes",
)
# Lines above the column names.
CSV_PREAMBLE = 2
CSV_STATUS = {
    "in_stock": "In stock",
    "limited": "Low",
    "on_backorder": "On order",
    "out_of_stock": "None",
    "unknown": "Ask",
}
# The supplier does not count beyond this on its list, until a thousand.
_COUNTED_TO = 10
_THOUSAND = 1_000

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def ndjson_lines(rows: Iterable[dict[str, Any]]) -> list[bytes]:
    """One JSON object per line. Text that is not Unicode, as a fault may hold, is sent as it is."""
    return [_encode(row).encode("utf-8", "surrogatepass") + b"\n" for row in rows]


def csv_head(*, name: str, generated_at: datetime) -> list[bytes]:
    """The preamble and the column names."""
    printed = [f"{name} \N{EN DASH} stock list", f"Printed {generated_at:%d/%m/%Y %H:%M}"]
    return [_csv_line(cells) for cells in ([printed[0]], [printed[1]], CSV_COLUMNS)]


def csv_lines(rows: Iterable[dict[str, Any]]) -> list[bytes]:
    """One line per offer, in the supplier's own words: `10+`, `1,000`, `Call`, pounds, days before months."""
    return [_csv_line(_csv_cells(row)) for row in rows]


def _csv_line(cells: Iterable[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue().encode(CSV_ENCODING, "replace")


def _csv_cells(row: dict[str, Any]) -> list[str]:
    status = _text(row.get("availability"))
    return [
        _text(row.get("part_number")),
        _text(row.get("brand")),
        _text(row.get("branch")),
        _stock(row.get("quantity")),
        CSV_STATUS.get(status, status),
        _pounds(row.get("price_pence")),
        _text(row.get("lead_time_days")),
        _day(row.get("expected_on")),
        _text(row.get("grade")).capitalize(),
        _text(row.get("lifecycle")).capitalize(),
        "|".join(row.get("replaces", ())),
    ]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _stock(quantity: Any) -> str:
    if quantity is None:
        return "Call"
    if not isinstance(quantity, int) or quantity <= _COUNTED_TO:
        return str(quantity)
    return f"{quantity:,}" if quantity >= _THOUSAND else f"{_COUNTED_TO}+"


def _pounds(pence: Any) -> str:
    return f"{pence / 100:,.2f}" if isinstance(pence, int) else _text(pence)


def _day(value: Any) -> str:
    try:
        return date.fromisoformat(value).strftime("%d/%m/%Y")
    except (TypeError, ValueError):
        return _text(value)
