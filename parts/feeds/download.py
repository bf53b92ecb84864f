"""Asks a supplier, within all limits: time, size, pace, addresses. What an answer means is the adapter's business."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

from garagehub.lib.http import Body, OutboundError, open_url, retry_after_seconds
from parts.feeds.adapters.base import Saved
from parts.feeds.spool import Spool

TOTAL_S = 600.0
PAGE_BYTES = 32 * 1024 * 1024
_MIB = 1024 * 1024
_OK, _NOT_MODIFIED, _TOO_MANY = 200, 304, 429
_CURSOR_REFUSED = frozenset({400, 404, 409, 410, 412, 422})


class Downloader:
    """One run's way out. The requests of a run keep the pace its supplier's account allows."""

    def __init__(self, spool: Spool, *, is_internal: bool, gap_s: float, max_mib: int) -> None:
        self._spool = spool
        self._is_internal = is_internal
        self._gap_s = gap_s
        self._max_bytes = max_mib * _MIB
        self._asked_at = 0.0
        self.bytes_read = 0

    def save(self, url: str, *, headers: Mapping[str, str]) -> Saved | None:
        """See `parts.feeds.adapters.base.Download`."""
        with self._ask(url, headers=headers, max_bytes=self._max_bytes, total_s=TOTAL_S) as body:
            if body.status == _NOT_MODIFIED:
                return None
            if body.status != _OK:
                raise _refused(body)
            try:
                sha256 = self._spool.take(body)
            finally:
                self.bytes_read += body.bytes_read
            return Saved(body.headers, sha256)

    def page(self, url: str) -> tuple[int, bytes]:
        """See `parts.feeds.adapters.base.Download`."""
        with self._ask(url, headers={}, max_bytes=PAGE_BYTES, total_s=60) as body:
            if body.status != _OK and body.status not in _CURSOR_REFUSED:
                raise _refused(body)
            try:
                return body.status, body.read()
            finally:
                self.bytes_read += body.bytes_read

    def append(self, lines: Iterable[bytes]) -> None:
        """See `parts.feeds.adapters.base.Download`."""
        self._spool.append(lines)

    @contextmanager
    def _ask(self, url: str, *, headers: Mapping[str, str], max_bytes: int, total_s: float) -> Iterator[Body]:
        if self._asked_at and (wait := self._asked_at + self._gap_s - time.monotonic()) > 0:
            time.sleep(wait)
        self._asked_at = time.monotonic()
        with open_url(
            "GET",
            url,
            headers=dict(headers),
            is_internal=self._is_internal,
            max_bytes=max_bytes,
            total_s=total_s,
        ) as body:
            yield body


def _refused(body: Body) -> OutboundError:
    """The answer's status as a reason, and the wait the supplier asks for.

    A 403 that speaks of limits is a 429 in other words: suppliers do that.
    """
    wait_s = retry_after_seconds(body.headers)
    if wait_s is None and (moment := body.headers.get("Retry-After")):
        wait_s = _seconds_until(moment)
    if body.status == _TOO_MANY:
        return OutboundError("The supplier says: too many requests (429).", retry_after_s=wait_s or 60)
    if body.status == 403 and b"limit" in body.read()[:4_096].lower():  # noqa: PLR2004 - Forbidden
        return OutboundError("The supplier says: over the rate limit (403).", retry_after_s=wait_s or 60)
    return OutboundError(f"The supplier answered {body.status}.", retry_after_s=wait_s)


def _seconds_until(moment: str) -> int | None:
    try:
        return max(0, min(86_400, int(parsedate_to_datetime(moment).timestamp() - time.time())))
    except ValueError:
        return None
