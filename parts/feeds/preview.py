"""A supplier's file as it would be read, before anything is believed: for whoever maps its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from garagehub.lib.errors import DomainError
from garagehub.lib.http import OutboundError
from parts.feeds.adapters import adapter_named
from parts.feeds.adapters.base import Target
from parts.feeds.adapters.rows import Batch, BrokenFileError, Reject, Row
from parts.feeds.download import Downloader
from parts.feeds.models import Feed
from parts.feeds.spool import Spool

ROWS = 20
COLUMNS = (
    "part number",
    "brand",
    "branch",
    "quantity",
    "availability",
    "lifecycle",
    "price, pence",
    "currency",
    "lead time, days",
    "expected on",
    "grade",
    "sequence",
    "replaces",
    "removed",
)
_MIB = 1024 * 1024


@dataclass
class Preview:
    """The first rows with their line numbers, the first refusals, and what is wrong with the file as a whole."""

    rows: list[tuple[int, Row]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    problem: str = ""


def preview(feed: Feed, *, at: datetime) -> Preview:
    """Ask the supplier now and read the beginning of the file. Nothing is stored."""
    adapter = adapter_named(feed.adapter)
    with Spool(max_bytes=feed.max_mib * _MIB) as spool:
        download = Downloader(spool, is_internal=feed.is_internal, gap_s=0, max_mib=feed.max_mib)
        target = Target(url=feed.url, etag="", cursor="", snapshot_at=None, at=at)
        try:
            adapter.fetch(target, download)
        except (OutboundError, BrokenFileError) as error:
            return Preview(problem=str(error))
        return preview_of(feed.adapter, feed.config, spool)


def preview_of(adapter_name: str, config: Mapping[str, Any], spool: Spool) -> Preview:
    """The beginning of a file that is at hand."""
    found = Preview()
    try:
        adapter = adapter_named(adapter_name)
        batches = adapter.read(spool.chunks(), adapter.config(config))
        for batch in islice(batches, 200):
            _collect(batch, found)
            if len(found.rows) >= ROWS and len(found.rejects) >= ROWS:
                break
    except (BrokenFileError, DomainError) as error:
        found.problem = str(error)
    return found


def _collect(batch: Batch, found: Preview) -> None:
    wanted = ROWS - len(found.rows)
    found.rows += list(zip(batch.lines, batch.rows, strict=True))[: max(0, wanted)]
    found.rejects += batch.rejects[: max(0, ROWS - len(found.rejects))]
