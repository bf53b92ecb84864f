"""`changes`: what changed since a cursor, page by page, with the snapshot beside it to start from and to fall back on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlencode

import msgspec

from parts.feeds.adapters.base import Adapter, Config, Download, Fetched, Target, base_address, fetch_snapshot
from parts.feeds.adapters.ndjson import NdjsonAdapter
from parts.feeds.adapters.rows import Batch, BrokenFileError

PAGE_ROWS = 5_000
PAGES_PER_RUN = 400
CURSOR_LIMIT = 500
RESYNC_AFTER = timedelta(hours=24)
_OK = 200
# A cursor from before the first change: what came earlier than the snapshot is dropped by its sequence.
_START = "start"


class _Page(msgspec.Struct):
    changes: list[msgspec.Raw]
    sequence: int | None = None
    next_cursor: str | int | None = None
    has_more: bool = False


_decoder = msgspec.json.Decoder(_Page)


class ChangesAdapter(Adapter):
    """Follows a change log. A refused cursor, or a day without one, means reading the snapshot in full again.

    Reading the log again from its start is harmless: changes no newer than the snapshot are dropped.
    """

    name: ClassVar[str] = "changes"
    label: ClassVar[str] = "Changes since a cursor"
    file_name: ClassVar[str] = "changes"

    def read(self, chunks: Iterable[bytes], config: Config) -> Iterator[Batch]:
        return NdjsonAdapter().read(chunks, config)

    def fetch(self, target: Target, download: Download) -> Fetched | None:
        base = base_address(target.url, "changes", "offers.ndjson")
        if not target.cursor:
            return self._resync(base, download, "")
        if target.snapshot_at is None or target.at - target.snapshot_at >= RESYNC_AFTER:
            return self._resync(base, download, "Read in full: the last full snapshot is a day old.")
        return self._follow(base, target.cursor, download)

    def _resync(self, base: str, download: Download, note: str) -> Fetched | None:
        # Without the ETag: what we hold now is the snapshot and changes on top of it.
        fetched = fetch_snapshot(f"{base}/offers.ndjson", "", download)
        return fetched and dataclasses.replace(fetched, etag="", cursor=fetched.cursor or _START, note=note)

    def _follow(self, base: str, cursor: str, download: Download) -> Fetched | None:
        sequence: int | None = None
        count = 0
        for _ in range(PAGES_PER_RUN):
            query = {"limit": PAGE_ROWS} | ({} if cursor == _START else {"after": cursor})
            status, body = download.page(f"{base}/changes?{urlencode(query)}")
            if status != _OK:
                return self._resync(base, download, f"Read in full: the cursor was refused ({status}).")
            page = _decode(body)
            download.append(_one_line(raw) for raw in page.changes)
            count += len(page.changes)
            sequence = page.sequence if page.sequence is not None else sequence
            following = cursor if page.next_cursor in {None, ""} else str(page.next_cursor)
            if page.has_more and following == cursor:
                raise BrokenFileError("The sender says there is more, but its cursor does not move.")
            cursor = following
            if len(cursor) > CURSOR_LIMIT:
                raise BrokenFileError(f"The sender's cursor is longer than {CURSOR_LIMIT} characters.")
            if not page.has_more:
                break
        return Fetched(is_snapshot=False, sequence=sequence, promised_rows=count, cursor=cursor)


def _decode(body: bytes) -> _Page:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenFileError(f"A page of changes cannot be read: {error}.") from error


def _one_line(raw: msgspec.Raw) -> bytes:
    data = bytes(raw)
    return msgspec.json.format(data, indent=-1) if b"\n" in data or b"\r" in data else data
