"""The suppliers' addresses: snapshots, changes, and the control that sets what they have."""

from __future__ import annotations

import base64
import gzip
import hashlib
import threading
from collections.abc import Mapping
from datetime import date, timedelta
from email.utils import format_datetime
from typing import Any, NamedTuple

from garagehub.sandbox.clock import Clock, instant
from garagehub.sandbox.faults import Fault
from garagehub.sandbox.feed import FeedState, LostCursorError, Row, SupplierFeed
from garagehub.sandbox.formats import CSV_ENCODING, CSV_STATUS, csv_head, csv_lines, ndjson_lines
from garagehub.sandbox.messages import Request, Response, json_response
from garagehub.sandbox.refusals import RefusalError, refuse
from garagehub.sandbox.routing import Route
from garagehub.sandbox.spoiling import (
    BAD_CHANGES,
    BAD_CSV,
    BAD_NDJSON,
    bad_rows,
    huge_row,
    late_changes,
    scattered,
    spoil_rows,
)

NDJSON, CSV = "ndjson", "csv"
DEFAULT_LIMIT, MAX_LIMIT = 500, 5_000
MAX_QUANTITY = 1_000_000
MAX_TEXT = 64


class _Snapshot(NamedTuple):
    body: bytes
    headers: dict[str, str]


class Supplier(NamedTuple):
    """A supplier: its name, the adapter it is meant for (all addresses work for all), and its offers."""

    name: str
    adapter: str
    feed: SupplierFeed


class Suppliers:
    """Answers the suppliers' addresses."""

    def __init__(self, *, suppliers: Mapping[str, Supplier], clock: Clock) -> None:
        self._suppliers = suppliers
        self._clock = clock
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str, bool], tuple[int, _Snapshot]] = {}

    def routes(self) -> list[Route]:
        """The addresses of every supplier."""
        base = "/suppliers/{code}"
        note = '{"part_number", "quantity", "brand"?, "branch"?, "availability"?, "expected_on"?, "listed"?}'
        return [
            Route("GET", f"{base}/offers.ndjson", self.ndjson, "Full snapshot, a JSON object per line."),
            Route("GET", f"{base}/offers.csv", self.csv, f"Full snapshot in {CSV_ENCODING}, own columns."),
            Route("GET", f"{base}/changes", self.changes, "?after=CURSOR&limit=N"),
            Route("POST", f"{base}/offers", self.set_offers, note, is_control=True),
            Route("DELETE", f"{base}/offers", self.forget_set, "Give all that was set back.", is_control=True),
        ]

    def ndjson(self, request: Request, *, code: str) -> Response:
        """A full snapshot as JSON lines."""
        return self._snapshot(request, code=code, form=NDJSON)

    def csv(self, request: Request, *, code: str) -> Response:
        """A full snapshot as CSV."""
        return self._snapshot(request, code=code, form=CSV)

    def changes(self, request: Request, *, code: str) -> Response:
        """Changes after a cursor; without one, every offer there is, to start from."""
        feed = self._known(code).feed
        limit = request.query.get("limit", str(DEFAULT_LIMIT))
        if not limit.isdecimal() or not 1 <= int(limit) <= MAX_LIMIT:
            raise refuse(400, "bad_limit", f"limit must be a whole number from 1 to {MAX_LIMIT}.")
        try:
            state, rows, cursor, has_more = feed.changes(after=request.query.get("after", ""), limit=int(limit))
        except LostCursorError:
            raise refuse(410, "cursor_refused", "The cursor is not known here. Take a full snapshot.") from None
        items: list[Any] = spoil_rows(rows, request.faults)
        if late := request.faults.get("late_delta"):
            items = late_changes(state.rows, late) + items
        if bad := request.faults.get("bad_rows"):
            items = scattered(items, [*bad_rows(state.rows, bad), *BAD_CHANGES])
        if huge := request.faults.get("huge_line"):
            items = scattered(items, [huge_row(state.rows, huge)])
        page = {"sequence": state.sequence, "changes": items, "next_cursor": cursor, "has_more": has_more}
        return json_response(page)

    def set_offers(self, request: Request, *, code: str) -> Response:
        """Set what the supplier says of a part, at one branch or all."""
        feed = self._known(code).feed
        body = request.json_object()
        place = {key: _text(body, key) for key in ("part_number", "brand", "branch")}
        if not place["part_number"]:
            raise _bad_offer("part_number is missing.")
        rows = feed.set_offers(
            part_number=place["part_number"], brand=place["brand"], branch=place["branch"], values=_values(body)
        )
        if rows is None:
            raise refuse(404, "no_such_offer", "This supplier lists no such part. To add it, give brand and branch.")
        return json_response({"sequence": feed.state().sequence, "offers": rows})

    def forget_set(self, request: Request, *, code: str) -> Response:
        """Give everything that was set by hand back to the scenario."""
        return json_response({"forgotten": self._known(code).feed.forget_set()})

    def reset(self) -> None:
        """Give all offers of all suppliers back to the scenario."""
        for supplier in self._suppliers.values():
            supplier.feed.forget_set()

    def _known(self, code: str) -> Supplier:
        if code not in self._suppliers:
            raise refuse(404, "no_such_supplier", "There is no such supplier.")
        return self._suppliers[code]

    def _snapshot(self, request: Request, *, code: str, form: str) -> Response:
        supplier = self._known(code)
        gzipped = request.accepts_gzip()
        if request.faults:
            # Under a fault the file is made anew each time, so that the client cannot take it for one it has.
            snapshot = self._spoilt(supplier, form=form, gzipped=gzipped, faults=request.faults)
            return Response(200, snapshot.headers, snapshot.body)
        state = supplier.feed.state()
        with self._lock:
            made_for, snapshot = self._made.get((code, form, gzipped), (0, _Snapshot(b"", {})))
            if made_for != state.sequence:
                lines = _lines(supplier, state, form=form, rows=list(state.rows), faults={})
                snapshot = _made(state, lines, form=form, gzipped=gzipped, rows=len(state.rows))
                snapshot.headers["Feed-Cursor"] = supplier.feed.cursor_after(state)
                self._made[code, form, gzipped] = (state.sequence, snapshot)
        if request.has_etag(snapshot.headers["ETag"]):
            return Response(304, snapshot.headers)
        return Response(200, snapshot.headers, snapshot.body)

    def _spoilt(self, supplier: Supplier, *, form: str, gzipped: bool, faults: Mapping[str, Fault]) -> _Snapshot:
        state = supplier.feed.renew()
        if old := faults.get("old_snapshot"):
            ago = timedelta(hours=float(old.options["hours"]))
            generated_at = self._clock.wall() - ago
            sequence = int(generated_at.timestamp())
            rows = supplier.feed.rows_at(self._clock.now() - ago, sequence=sequence)
            state = FeedState(sequence, generated_at, rows, ())
        spoilt = spoil_rows(state.rows, faults)
        lines = _lines(supplier, state, form=form, rows=spoilt, faults=faults)
        head = len(csv_head(name="", generated_at=state.generated_at)) if form == CSV else 0
        snapshot = _made(state, lines, form=form, gzipped=gzipped, rows=max(0, len(lines) - head))
        if "wrong_digest" in faults:
            snapshot.headers["Content-Digest"] = _digest(snapshot.body + b"other")
        return snapshot


def _lines(
    supplier: Supplier, state: FeedState, *, form: str, rows: list[Row], faults: Mapping[str, Fault]
) -> list[bytes]:
    """The file line by line, with the faults that act on lines."""
    zero = faults.get("zero_rows")
    if zero and zero.options["empty_body"]:
        return []
    to_lines, bad_lines = (csv_lines, BAD_CSV) if form == CSV else (ndjson_lines, BAD_NDJSON)
    lines = to_lines(rows)
    if bad := faults.get("bad_rows"):
        lines = scattered(lines, [*to_lines(bad_rows(rows, bad)), *bad_lines])
    if huge := faults.get("huge_line"):
        lines = scattered(lines, to_lines([huge_row(rows, huge)]))
    head = csv_head(name=supplier.name, generated_at=state.generated_at) if form == CSV else []
    return head + lines


def _made(state: FeedState, lines: list[bytes], *, form: str, gzipped: bool, rows: int) -> _Snapshot:
    body = b"".join(lines)
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = {
        "Content-Type": f"text/csv; charset={CSV_ENCODING}" if form == CSV else "application/x-ndjson",
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
        "Last-Modified": format_datetime(state.generated_at, usegmt=True),
        "Feed-Sequence": str(state.sequence),
        "Feed-Generated-At": instant(state.generated_at),
        "Feed-Rows": str(rows),
    }
    if gzipped:
        body = gzip.compress(body, compresslevel=6, mtime=0)
        headers["Content-Encoding"] = "gzip"
    headers["ETag"] = f'"{tag}-gzip"' if gzipped else f'"{tag}"'
    headers["Content-Digest"] = _digest(body)
    return _Snapshot(body, headers)


def _digest(body: bytes) -> str:
    """RFC 9530 Content-Digest: over the bytes as sent, so over the coded ones when the content is gzip."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _bad_offer(message: str) -> RefusalError:
    return refuse(400, "bad_offer", message)


def _text(body: Row, key: str) -> str | None:
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= MAX_TEXT:
        raise _bad_offer(f"{key} must be text of 1 to {MAX_TEXT} characters.")
    return value.strip()


def _values(body: Row) -> Row | None:
    """What to set on the rows; None to take them off the list."""
    unknown = set(body) - {"part_number", "brand", "branch", "quantity", "availability", "expected_on", "listed"}
    if unknown:
        raise _bad_offer(f"Not known: {', '.join(sorted(unknown))}.")
    if body.get("listed") is False:
        return None
    quantity = body.get("quantity")
    if "quantity" not in body or not (quantity is None or _is_count(quantity)):
        raise _bad_offer(f"quantity must be a whole number from 0 to {MAX_QUANTITY:,}, or null for not known.")
    said = "unknown" if quantity is None else "in_stock" if quantity else "out_of_stock"
    availability = body.get("availability", said)
    if availability not in CSV_STATUS:
        raise _bad_offer(f"availability must be one of {', '.join(CSV_STATUS)}.")
    expected_on = _text(body, "expected_on")
    try:
        expected_on = expected_on and date.fromisoformat(expected_on).isoformat()
    except ValueError:
        raise _bad_offer("expected_on must be a day such as 2026-12-01.") from None
    return {"quantity": quantity, "availability": availability, "expected_on": expected_on}


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_QUANTITY
