"""The adapters there are. A new one is a file beside this one and a line in `ADAPTERS`."""

from __future__ import annotations

from garagehub.lib.errors import DomainError
from parts.feeds.adapters.base import Adapter
from parts.feeds.adapters.changes import ChangesAdapter
from parts.feeds.adapters.csv import CsvAdapter
from parts.feeds.adapters.ndjson import NdjsonAdapter
from parts.feeds.adapters.xlsx import XlsxAdapter

ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter
    for adapter in (
        NdjsonAdapter(),
        ChangesAdapter(),
        CsvAdapter(),
        XlsxAdapter(),
    )
}


def adapter_named(name: str) -> Adapter:
    """The adapter of this name, or a DomainError that lists the names there are."""
    if name not in ADAPTERS:
        raise DomainError(
            f"There is no adapter “{name}”. There are: {', '.join(sorted(ADAPTERS))}.", code="adapter_unknown"
        )
    return ADAPTERS[name]
