"""Polls a feed: one run, from asking the supplier to offers committed, or to a reason why not.

A run is a row before anything else happens. It holds the feed's advisory lock in one transaction from first to last, so
there are never two of one feed, and a run that still says "running" while the lock is free has lost its worker. That
transaction has written nothing while the supplier is asked, so it holds up nobody else's work.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction

from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.lib.http import OutboundError
from garagehub.lib.lock import LockKind, try_lock
from parts.feeds import breaker, gates, held
from parts.feeds.adapters import adapter_named
from parts.feeds.adapters.base import Fetched, Target
from parts.feeds.adapters.rows import BrokenFileError
from parts.feeds.download import TOTAL_S, Downloader
from parts.feeds.ingest import Outcome, RefusedError, ingest
from parts.feeds.models import Feed, FeedRun, RejectedRow
from parts.feeds.progress import Progress
from parts.feeds.spool import Spool
from parts.feeds.staging import Staged
from parts.stock.models import Supplier

logger = logging.getLogger(__name__)

# How long a claimed feed is left alone if nothing is heard of its run: the sweep is usually quicker.
_CLAIM = timedelta(minutes=15)
_LONGEST_PACING_S = 5.0
_MIB = 1024 * 1024
# From so many new and removed offers on, and from one in so many of the feed's: less moves no plan.
_ANALYSE_AFTER = 1_000
_ANALYSE_SHARE = 5
# What a run writes on its feed: never what an admin may be editing at the same moment.
_STANDING = [
    "last_attempt_at",
    "last_success_at",
    "next_attempt_at",
    "etag",
    "cursor",
    "snapshot_seq",
    "snapshot_rows",
    "snapshot_at",
    "snapshot_sha256",
    "snapshot_generated_at",
    "last_seq",
    "paced_until",
    "failures",
    "opened_at",
]


def due(*, at: datetime, limit: int = 50) -> list[int]:
    """Claim the feeds whose next attempt has come, longest overdue first. Each is given to one caller only."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE parts_feed SET next_attempt_at = %(lease)s WHERE id IN (
                SELECT id FROM parts_feed WHERE is_enabled AND next_attempt_at <= %(at)s
                ORDER BY next_attempt_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
            ) RETURNING id
            """,
            {"at": at, "lease": at + _CLAIM, "limit": limit},
        )
        return [row[0] for row in cursor.fetchall()]


def feed_of(code: str) -> Feed:
    """The feed of the supplier with this code, or NotFoundError."""
    feed = Feed.objects.select_related("supplier").filter(supplier__code=code).first()
    if feed is None:
        raise NotFoundError(f"There is no supplier “{code}” with a feed.", code="feed_unknown")
    return feed


def poll(feed_id: int, *, at: datetime) -> FeedRun:
    """Poll the feed now, whether or not it is due, and say how it went.

    What the supplier, the network or the file did wrong is on the run, never an exception; the stock is then as before.
    """
    feed = Feed.objects.select_related("supplier").get(pk=feed_id)
    run = FeedRun.objects.create(feed=feed, kind="snapshot", started_at=at, cursor_from=feed.cursor)
    started = time.monotonic()
    with Spool(max_bytes=feed.max_mib * _MIB) as spool:
        try:
            with transaction.atomic():
                _hold(feed)
                _ask_and_ingest(feed, run, spool, at=at)
                _finish(run, started)
        except RefusedError as refused:
            _note_refusal(run, spool, refused, started, at=at)
        except (OutboundError, BrokenFileError, DomainError) as error:
            wait_s = error.retry_after_s if isinstance(error, OutboundError) else None
            _note_failure(run, str(error), started, at=at, retry_after_s=wait_s)
        except DatabaseError as error:
            logger.exception("Feed run %s was stopped by the database", run.public_id)
            _note_failure(run, f"The database stopped the run: {str(error).splitlines()[0]}", started, at=at)
        except Exception as error:
            _note_failure(run, f"Unexpected: {type(error).__name__}.", started, at=at)
            raise
    if run.inserted + run.removed >= max(_ANALYSE_AFTER, feed.snapshot_rows // _ANALYSE_SHARE):
        _analyse()
    return run


def _analyse() -> None:
    """Let the planner know of a load at once: the decision that follows it must not plan for an empty table."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE parts_offer, parts_part, parts_partnumber")


def approve(run_id: int, *, by: str, at: datetime) -> FeedRun:
    """Take in a held run's data after all. DomainError if it is no longer held, or newer data came meanwhile."""
    started = time.monotonic()
    with transaction.atomic():
        run = FeedRun.objects.select_for_update().select_related("feed__supplier").get(pk=run_id)
        feed = run.feed
        if run.state != FeedRun.State.HELD:
            raise DomainError("This run is not held any more.", code="run_not_held")
        _hold(feed)
        with Spool(max_bytes=feed.max_mib * _MIB) as spool:
            spool.fill(held.pieces(run), is_gzipped=True)
            fetched = Fetched(
                is_snapshot=True,
                sequence=run.sequence,
                generated_at=run.generated_at,
                sha256=run.sha256,
                cursor=run.cursor_to,
                note=f"Held, then approved by {by}. {run.reason}",
            )
            _refuse_old(feed, fetched)
            outcome = ingest(feed, adapter_named(feed.adapter), spool, fetched, at=at, is_approved=True)
        run.rejected_rows.all().delete()
        _record(feed, run, fetched, outcome, at=at)
        _finish(run, started)
    return run


def discard(run_id: int, *, by: str) -> FeedRun:
    """Throw a held run's data away; the last good data stays. DomainError if it is no longer held."""
    with transaction.atomic():
        run = FeedRun.objects.select_for_update().get(pk=run_id)
        if run.state != FeedRun.State.HELD:
            raise DomainError("This run is not held any more.", code="run_not_held")
        held.release(run.feed_id, reason=f"Held, then discarded by {by}. {run.reason}"[:500])
        run.refresh_from_db()
    return run


def _hold(feed: Feed) -> None:
    """Take the feed for this run, and read it again as whoever had it before left it."""
    if not try_lock(LockKind.FEED, feed.pk):
        raise RefusedError(gates.Refusal(gates.IGNORED, "Another run of this feed is under way."))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = %s", [int((TOTAL_S + 120) * 1000)])
    feed.refresh_from_db()


def _ask_and_ingest(feed: Feed, run: FeedRun, spool: Spool, *, at: datetime) -> None:
    adapter = adapter_named(feed.adapter)
    adapter.config(feed.config)
    if feed.paced_until and 0 < (wait := (feed.paced_until - at).total_seconds()) <= _LONGEST_PACING_S:
        time.sleep(wait)
    gap_s = 60 / max(1, feed.requests_per_minute)
    download = Downloader(spool, is_internal=feed.is_internal, gap_s=gap_s, max_mib=feed.max_mib)
    target = Target(url=feed.url, etag=feed.etag, cursor=feed.cursor, snapshot_at=feed.snapshot_at, at=at)
    try:
        fetched = adapter.fetch(target, download)
    finally:
        run.bytes_read = download.bytes_read
    feed.paced_until = at + timedelta(seconds=gap_s)
    if fetched is None:
        _confirm(feed, run, "The supplier says: not modified.", at=at)
        return
    run.kind = "snapshot" if fetched.is_snapshot else "delta"
    run.sequence, run.generated_at, run.sha256 = fetched.sequence, fetched.generated_at, fetched.sha256
    run.cursor_to = fetched.cursor
    if fetched.is_snapshot:
        _refuse_old(feed, fetched)
        if fetched.sha256 and fetched.sha256 == feed.snapshot_sha256:
            run.rows = feed.snapshot_rows
            _confirm(feed, run, "The same file as before, byte for byte.", at=at, fetched=fetched)
            return
        _refuse_held(feed, fetched)
    outcome = ingest(feed, adapter, spool, fetched, at=at, progress=Progress(run))
    _record(feed, run, fetched, outcome, at=at)


def _refuse_old(feed: Feed, fetched: Fetched) -> None:
    refusal = gates.order(
        sequence=fetched.sequence,
        generated_at=fetched.generated_at,
        known_sequence=feed.snapshot_seq,
        known_generated_at=feed.snapshot_generated_at,
    )
    if refusal:
        raise RefusedError(refusal)


def _refuse_held(feed: Feed, fetched: Fetched) -> None:
    waiting = FeedRun.objects.filter(feed=feed, state=FeedRun.State.HELD, sha256=fetched.sha256).first()
    if waiting and fetched.sha256:
        reason = f"The same file as the one held since {waiting.started_at:%d %B %Y %H:%M} UTC."
        raise RefusedError(gates.Refusal(gates.IGNORED, reason))


def _confirm(feed: Feed, run: FeedRun, reason: str, *, at: datetime, fetched: Fetched | None = None) -> None:
    """The stock is as it was and known to be current: nothing but the feed, the supplier and the run is written."""
    run.state, run.reason = FeedRun.State.UNCHANGED, reason
    if fetched is not None:
        feed.etag, feed.cursor = fetched.etag, fetched.cursor
        feed.snapshot_seq = max(feed.snapshot_seq, fetched.sequence or 0)
        feed.snapshot_generated_at = fetched.generated_at or feed.snapshot_generated_at
        feed.last_seq = max(feed.last_seq, feed.snapshot_seq)
        feed.snapshot_at = at
    _note_good(feed, at=at)


def _record(feed: Feed, run: FeedRun, fetched: Fetched, outcome: Outcome, *, at: datetime) -> None:
    """Run, feed and supplier say what the offers now say, in the transaction of the offers."""
    staged = outcome.staged
    describe(run, staged)
    run.inserted, run.updated, run.removed = outcome.inserted, outcome.updated, outcome.removed
    run.duplicates, run.late = outcome.duplicates, outcome.late
    run.reason = fetched.note[:500]
    run.state = FeedRun.State.SUCCEEDED
    if outcome.changed == 0:
        run.state = FeedRun.State.UNCHANGED
        if outcome.late and outcome.late == staged.good + staged.removed:
            run.state, run.reason = FeedRun.State.IGNORED, "Every change is older than what is stored."
    if fetched.is_snapshot:
        feed.snapshot_seq = max(feed.snapshot_seq, outcome.sequence if fetched.sequence is not None else 0)
        feed.snapshot_generated_at = fetched.generated_at
        feed.snapshot_rows = staged.good
        feed.snapshot_at = at
        feed.etag = fetched.etag
        held.release(feed.pk, reason="A later snapshot was taken in.", but=run.pk)
        run.held_chunks.all().delete()
    # Only while the stock is what this file says, and no change lies on top of it, is the same file no news.
    is_whole = fetched.is_snapshot and outcome.sequence >= feed.last_seq
    feed.snapshot_sha256 = fetched.sha256 if is_whole else ""
    feed.cursor = fetched.cursor
    feed.last_seq = max(feed.last_seq, outcome.sequence)
    _note_good(feed, at=at)


def _note_good(feed: Feed, *, at: datetime) -> None:
    feed.last_attempt_at = at
    breaker.note_success(feed, at=at)
    feed.save(update_fields=_STANDING)
    Supplier.objects.filter(pk=feed.supplier_id).update(confirmed_at=at)


def describe(run: FeedRun, staged: Staged) -> None:
    """What the file held, on the run, with samples of what was refused."""
    run.records, run.rows, run.rejected = staged.records, staged.good, staged.rejected
    run.rejected_by_reason = dict(staged.rejected_by_reason)
    RejectedRow.objects.bulk_create(
        RejectedRow(run=run, line=reject.line, reason=reject.reason[:200], raw=reject.raw) for reject in staged.samples
    )


def _finish(run: FeedRun, started: float) -> None:
    run.finished_at = run.started_at + timedelta(seconds=time.monotonic() - started)
    run.reason = run.reason[:500]
    run.save()


def _note_refusal(run: FeedRun, spool: Spool, refused: RefusedError, started: float, *, at: datetime) -> None:
    """A gate closed: the run says why; a held one keeps its body. The supplier answered, so that is no failure of it."""
    with transaction.atomic():
        run.state, run.reason = refused.refusal
        if refused.staged:
            describe(run, refused.staged)
        if run.state == FeedRun.State.HELD:
            held.keep(run, spool)
        _finish(run, started)
        feed = Feed.objects.select_for_update(of=("self",)).get(pk=run.feed_id)
        if run.state == FeedRun.State.FAILED:
            breaker.note_failure(feed, at=at)
        elif refused.staged is not None or run.sequence is not None or run.sha256:
            feed.failures, feed.opened_at = 0, None
            feed.next_attempt_at = at + timedelta(seconds=feed.interval_s)
        feed.last_attempt_at = at
        feed.save(update_fields=_STANDING)


def _note_failure(run: FeedRun, reason: str, started: float, *, at: datetime, retry_after_s: int | None = None) -> None:
    """The run failed: the stock stays as it was and grows old by itself."""
    with transaction.atomic():
        run.state, run.reason = FeedRun.State.FAILED, reason
        run.inserted = run.updated = run.removed = 0
        _finish(run, started)
        feed = Feed.objects.select_for_update(of=("self",)).get(pk=run.feed_id)
        breaker.note_failure(feed, at=at, retry_after_s=retry_after_s)
        feed.last_attempt_at = at
        feed.save(update_fields=_STANDING)


def bring_forward(feed_id: int, *, at: datetime) -> None:
    """Make the feed due now, unless it is due already."""
    Feed.objects.filter(pk=feed_id, next_attempt_at__gt=at).update(next_attempt_at=at)
