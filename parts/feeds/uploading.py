"""A dealer's own stock, uploaded by hand: looked at first, then taken in like any supplier's snapshot.

Each dealer has a supplier of its own with one branch, its shelf. What it uploads waits as a held run, with its body in
the database, until somebody who works there confirms it; the feed is never polled. The file says what lies on that shelf
and no more: which place, what replaces what and how it is sequenced are not its to say, and what it leaves out means
nothing for other places.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from dealers.models import Dealer
from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.lib.geography import mask
from garagehub.lib.lock import LockKind, try_lock
from garagehub.lib.uploads import MAX_BYTES
from parts.feeds import gates, held, polling
from parts.feeds.adapters import adapter_named
from parts.feeds.adapters.base import Fetched
from parts.feeds.adapters.rows import BrokenFileError, Reject, Row
from parts.feeds.ingest import Outcome, RefusedError, ingest, recent_rows
from parts.feeds.models import Feed, FeedRun
from parts.feeds.preview import preview_of
from parts.feeds.spool import Spool
from parts.stock.models import Branch, Offer, Supplier

WARN_AFTER = timedelta(days=7)
ERROR_AFTER = timedelta(days=14)
# What it says of a shelf is not true much longer.
WAITS_FOR = timedelta(hours=24)
# What a file of one shelf is not asked for, even if it has such a column.
_NOT_ASKED = ("branch", "lifecycle", "seq", "replaces")
_RECENT = 5
_NAME_SHOWN = 80
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Upload:
    """A file as a caller hands it over: its name, its bytes, and the brand of rows that name none."""

    name: str
    pieces: Iterable[bytes]
    brand: str = ""


@dataclass(frozen=True)
class Preview:
    """What a waiting file holds and would change, as of now. `rows` are the first, with their line numbers."""

    run: FeedRun
    rows: list[tuple[int, Row]]
    outcome: Outcome

    @property
    def rejects(self) -> list[Reject]:
        """The first rows that cannot be read; the run has the full count."""
        return self.outcome.staged.samples

    @property
    def is_usable(self) -> bool:
        """Whether there is anything to confirm."""
        return self.outcome.staged.good > 0

    @property
    def waits_until(self) -> datetime:
        """When the file is thrown away unless somebody confirmed it."""
        return self.run.started_at + WAITS_FOR


@dataclass(frozen=True)
class Standing:
    """A dealer's own stock: how many offers, how fresh, its last runs, and the run that waits, if any."""

    supplier: Supplier | None
    offers: int
    freshness: str
    runs: list[FeedRun]
    waiting: FeedRun | None

    @property
    def waits_until(self) -> datetime | None:
        """When the file that waits is thrown away unless somebody confirmed it."""
        return self.waiting.started_at + WAITS_FOR if self.waiting else None


def standing(dealer: Dealer, *, at: datetime) -> Standing:
    """How the dealer's own stock stands."""
    supplier = Supplier.objects.filter(code=own_code(dealer)).first()
    if supplier is None:
        return Standing(None, 0, "", [], None)
    runs = FeedRun.objects.filter(feed__supplier=supplier).order_by("-started_at", "-pk")
    done = runs.exclude(state=FeedRun.State.HELD)[:_RECENT]
    offers = Offer.objects.filter(branch__supplier=supplier).count()
    waiting = runs.filter(state=FeedRun.State.HELD).first()
    return Standing(supplier, offers, supplier.freshness(at=at), list(done), waiting)


@transaction.atomic
def prepare(dealer: Dealer, upload: Upload, *, by: str, at: datetime) -> Preview:
    """Keep the file until it is confirmed, in place of one that waited before, and say what it would change.

    DomainError if it cannot be read as a whole; then nothing is kept and what waited still waits.
    """
    with Spool(max_bytes=MAX_BYTES) as spool:
        digest = hashlib.sha256()
        spool.fill(_bounded(upload.pieces, digest), is_gzipped=False)
        kind = _kind(spool)
        feed = _feed_of(dealer, kind, brand=upload.brand)
        _hold(feed)
        run = FeedRun.objects.create(
            feed=feed,
            kind="snapshot",
            state=FeedRun.State.HELD,
            started_at=at,
            finished_at=at,
            sha256=digest.hexdigest(),
            bytes_read=spool.size,
            reason=f"“{_shown(upload.name)}”, uploaded by {by}."[:400],
        )
        held.keep(run, spool)
        found = _look(run, spool, at=at)
        if found.outcome.staged.records == 0:
            raise _file_error(_("The file has no rows below its header."), code="stock_file_empty")
        polling.describe(run, found.outcome.staged)
        run.save()
    return found


@transaction.atomic
def look(dealer: Dealer, public_id: UUID, *, at: datetime) -> Preview:
    """What a file that waits would change now. NotFoundError if it does not wait any more, or is another dealer's."""
    run = _waiting(dealer, public_id)
    with Spool(max_bytes=MAX_BYTES) as spool:
        spool.fill(held.pieces(run), is_gzipped=True)
        _hold(run.feed)
        return _look(run, spool, at=at)


def confirm(dealer: Dealer, public_id: UUID, *, by: str, at: datetime) -> FeedRun:
    """Make the waiting file the dealer's stock. Rows that could not be read are left out and stay on the run.

    NotFoundError if it does not wait any more or is another dealer's; DomainError if nothing in it could be read.
    """
    run = _waiting(dealer, public_id)
    if run.rows == 0:
        raise _file_error(
            _("No row of the file can be read, so there is nothing to take in."), code="stock_file_unusable"
        )
    try:
        return polling.approve(run.pk, by=by, at=at)
    except RefusedError as refused:
        raise DomainError(refused.refusal.reason, code="stock_busy") from refused


def take_in(dealer: Dealer, upload: Upload, *, by: str, at: datetime) -> FeedRun:
    """Take a file in without asking, if the gates that guard every feed let it pass; else it waits, with the reason why."""
    found = prepare(dealer, upload, by=by, at=at)
    run, staged = found.run, found.outcome.staged
    refusal = gates.size(
        good=staged.good,
        rejected=staged.rejected,
        recent=recent_rows(run.feed),
        limit_percent=run.feed.drop_limit_percent,
    )
    if refusal is None:
        return confirm(dealer, run.public_id, by=by, at=at)
    FeedRun.objects.filter(pk=run.pk).update(reason=f"{refusal.reason} {run.reason}"[:500])
    run.refresh_from_db()
    return run


def discard(dealer: Dealer, public_id: UUID, *, by: str) -> FeedRun:
    """Throw a waiting file away; the stock stays as it is. NotFoundError as in `confirm`."""
    return polling.discard(_waiting(dealer, public_id).pk, by=by)


def expire(*, at: datetime) -> int:
    """Throw away files that nobody confirmed in time; how many there were. The stock stays as it is."""
    waiting = FeedRun.objects.filter(state=FeedRun.State.HELD, feed__url="", started_at__lt=at - WAITS_FOR)
    return sum(_expire(run_id, feed_id) for run_id, feed_id in waiting.values_list("pk", "feed_id"))


@transaction.atomic
def _expire(run_id: int, feed_id: int) -> bool:
    """Throw one away, unless somebody is at it right now."""
    run = FeedRun.objects.select_for_update(skip_locked=True).filter(pk=run_id, state=FeedRun.State.HELD).first()
    if run is None or not try_lock(LockKind.FEED, feed_id):
        return False
    held.release(feed_id, reason=f"Nobody confirmed it within 24 hours. {run.reason}"[:500])
    return True


def _waiting(dealer: Dealer, public_id: UUID) -> FeedRun:
    runs = FeedRun.objects.select_related("feed__supplier").filter(feed__supplier__code=own_code(dealer))
    run = runs.filter(public_id=public_id, state=FeedRun.State.HELD).first()
    if run is None:
        raise NotFoundError(_("This file does not wait any more. Upload it again."), code="stock_not_waiting")
    return run


def _look(run: FeedRun, spool: Spool, *, at: datetime) -> Preview:
    """Read the first rows, then take the whole file in and undo that: nothing else says so surely what it would do."""
    feed = run.feed
    begins = preview_of(feed.adapter, feed.config, spool)
    if begins.problem:
        raise _file_error(begins.problem, code="stock_file_unreadable")
    try:
        with transaction.atomic():
            fetched = Fetched(is_snapshot=True)
            outcome = ingest(feed, adapter_named(feed.adapter), spool, fetched, at=at, is_approved=True)
            transaction.set_rollback(True)
    except BrokenFileError as error:
        raise _file_error(str(error), code="stock_file_unreadable") from error
    return Preview(run=run, rows=begins.rows, outcome=outcome)


def _hold(feed: Feed) -> None:
    if not try_lock(LockKind.FEED, feed.pk):
        raise DomainError(_("Another file of this dealer is being read. Try again in a minute."), code="stock_busy")


def _feed_of(dealer: Dealer, adapter: str, *, brand: str) -> Feed:
    """The dealer's own supplier, shelf and feed, set to read this kind of file. Columns an admin has mapped stay."""
    seconds = {"warn_after_s": WARN_AFTER.total_seconds(), "error_after_s": ERROR_AFTER.total_seconds()}
    supplier, _is_new = Supplier.objects.get_or_create(
        code=own_code(dealer),
        defaults={"name": f"Own stock of {dealer.name}"[:120], "is_demo": dealer.is_demo} | seconds,
    )
    Branch.objects.update_or_create(
        supplier=supplier,
        code=dealer.code,
        defaults={
            "name": dealer.name,
            "dealer": dealer,
            "tier": Branch.Tier.SHELF,
            "reach": mask(dealer.region),
            "latitude": dealer.latitude,
            "longitude": dealer.longitude,
        },
    )
    feed, _is_new = Feed.objects.get_or_create(
        supplier=supplier, defaults={"adapter": adapter, "is_enabled": False, "max_mib": MAX_BYTES // 1024**2}
    )
    feed.adapter, feed.config = adapter, _config(dealer, feed, adapter, brand=brand)
    adapter_named(adapter).config(feed.config)
    feed.save(update_fields=["adapter", "config"])
    return feed


def _config(dealer: Dealer, feed: Feed, adapter: str, *, brand: str) -> dict[str, Any]:
    known = adapter_named(adapter).config_type.__struct_fields__
    config = {name: value for name, value in feed.config.items() if name in known}
    makes = list(dealer.makes.values_list("name", flat=True)[:2])
    default = brand.strip() or config.get("default_brand") or (makes[0] if len(makes) == 1 else None)
    return config | {
        "default_brand": default,
        "default_branch": dealer.code,
        "covers_brands": False,
        "ignore": list(_NOT_ASKED),
    }


def own_code(dealer: Dealer) -> str:
    """The code of the supplier that stands for the dealer's own stock."""
    return f"own-{dealer.code}"


def _bounded(pieces: Iterable[bytes], digest: Any) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_BYTES:
            raise too_large()
        digest.update(piece)
        yield piece


def _kind(spool: Spool) -> str:
    """Which adapter reads the file, by how it begins: names and content types are often wrong."""
    start = next(iter(spool.pieces()), b"")
    if not start.strip():
        raise _file_error(_("The file is empty."), code="stock_file_empty")
    if start.startswith(b"PK\x03\x04"):
        return "xlsx"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise _file_error(_("This is an old Excel file (.xls). Save it as .xlsx or CSV."), code="stock_file_type")
    is_text = start.startswith(_UTF16) or b"\x00" not in start
    if not is_text or start.startswith((b"%PDF", b"<!DOCTYPE", b"<html", b"\x89PNG", b"\xff\xd8\xff", b"{\\rtf")):
        raise _file_error(_("This is neither. Send CSV or Excel (.xlsx)."), code="stock_file_type")
    return "csv"


def _shown(name: str) -> str:
    """A file's name without control characters, and not endless."""
    return "".join(character for character in name if character.isprintable())[:_NAME_SHOWN] or "file"


def too_large() -> DomainError:
    """The error for a file above the limit."""
    return _file_error(
        _("The file is larger than %(size)d MiB. Send only the columns that are needed, as CSV.")
        % {"size": MAX_BYTES // 1024**2},
        code="stock_file_too_large",
    )


def _file_error(message: str, *, code: str) -> DomainError:
    return DomainError(message, code=code, fields={"file": [message]})
