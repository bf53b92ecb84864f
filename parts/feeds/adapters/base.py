"""The contract of an adapter: how a supplier's answer is asked for, and how it is read.

A new adapter is one file here with one class, one line in `__init__`, and one test file. Most override `read` alone.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Protocol
from urllib.parse import urlsplit, urlunsplit

import msgspec

from garagehub.lib.errors import DomainError
from parts.feeds.adapters.rows import Batch

ETAG_LIMIT = 200


@dataclass(frozen=True)
class Target:
    """Whom to ask and where we stand with them."""

    url: str
    etag: str
    cursor: str
    snapshot_at: datetime | None
    at: datetime


@dataclass(frozen=True)
class Saved:
    """A body that was downloaded whole, its digest checked, and what the sender said of it."""

    headers: Mapping[str, str]
    sha256: str


class Download(Protocol):
    """What an adapter may do on the network: two ways of asking, both bounded, paced and guarded."""

    def save(self, url: str, *, headers: Mapping[str, str]) -> Saved | None:
        """Keep the answer's body as the file to read; None if it is "not modified". OutboundError otherwise."""

    def page(self, url: str) -> tuple[int, bytes]:
        """A small answer: its status and body. OutboundError unless the status is 200 or says the request is wrong."""

    def append(self, lines: Iterable[bytes]) -> None:
        """Add lines to the file to read."""


class Config(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What every adapter can be told by `Feed.config`."""

    default_brand: str | None = None
    # Where rows without a branch lie. Unless said here, that is `main`, and only in files where no row names a branch.
    default_branch: str | None = None
    default_currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] = "GBP"
    # Whether a part of its brands that it does not list is not to be had there. A shelf's list says nothing of the rest.
    covers_brands: bool = True


@dataclass(frozen=True)
class Fetched:
    """What came: a whole snapshot, or changes since a cursor."""

    is_snapshot: bool
    sequence: int | None = None
    generated_at: datetime | None = None
    promised_rows: int | None = None
    sha256: str = ""
    etag: str = ""
    cursor: str = ""
    note: str = ""


class Adapter(abc.ABC):
    """One way of sending offers."""

    name: ClassVar[str]
    label: ClassVar[str]
    file_name: ClassVar[str]  # what a supplier's base address is followed by
    config_type: ClassVar[type[Config]] = Config

    @abc.abstractmethod
    def read(self, chunks: Iterable[bytes], config: Any) -> Iterator[Batch]:
        """The file as batches of rows and refused rows. BrokenFileError if it cannot be believed as a whole."""

    def fetch(self, target: Target, download: Download) -> Fetched | None:
        """Ask for the file if it is another than the one we have; None when the sender says it is the same."""
        return fetch_snapshot(address(target.url, self.file_name), target.etag, download)

    def config(self, raw: Mapping[str, Any]) -> Any:
        """`Feed.config` checked, with defaults filled in. DomainError names what is wrong."""
        try:
            return msgspec.convert(dict(raw), self.config_type)
        except msgspec.ValidationError as error:
            raise DomainError(f"The feed's settings are wrong: {error}.", code="feed_config_invalid") from error


def fetch_snapshot(url: str, etag: str, download: Download) -> Fetched | None:
    """A conditional request for a whole file; None when it is not modified."""
    saved = download.save(url, headers={"If-None-Match": etag} if etag else {})
    if saved is None:
        return None
    return Fetched(
        is_snapshot=True,
        sequence=_whole(saved.headers.get("Feed-Sequence")),
        generated_at=_moment(saved.headers.get("Feed-Generated-At")),
        promised_rows=_whole(saved.headers.get("Feed-Rows")),
        sha256=saved.sha256,
        etag=etag_of(saved.headers),
        cursor=saved.headers.get("Feed-Cursor", ""),
    )


def etag_of(headers: Mapping[str, str]) -> str:
    """The sender's name for this version, empty if it has none or one too long to keep."""
    etag = headers.get("ETag", "")
    return etag if len(etag) <= ETAG_LIMIT else ""


def address(url: str, file_name: str) -> str:
    """The file's address from what an admin entered: the file's own address, or the supplier's base address.

    An address whose last part has a dot, is named like the file, or that carries a query is the file's own.
    """
    parts = urlsplit(url)
    last = parts.path.rpartition("/")[2]
    if parts.query or last == file_name or "." in last:
        return url
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{file_name}"))


def base_address(url: str, *file_names: str) -> str:
    """The supplier's base address, whether that was entered or the address of one of its files."""
    parts = urlsplit(url)
    head, _, last = parts.path.rpartition("/")
    path = head if last in file_names or "." in last else parts.path.rstrip("/")
    return urlunsplit(parts._replace(path=path, query=""))


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None  # noqa: PLR2004 - bigint


def _moment(text: str | None) -> datetime | None:
    """An aware time from ISO 8601; a time without zone is UTC."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
