"""How a fact becomes an answer, on one screen. Newcomers read this first.

    supplier's feed  ─► feeds.poll ─► offers ─┐
    DVSA's files     ─► vehicles.importing ───┼─► marks ─► blocking.drain ─► statuses, BlockChange ─► notices
    admin's edits    ─► catalogue, overrides ─┘                ▲
    dealers' statuses, ages of feeds, the clock ───────────────┘ (looked at by every drain)

Each writer appends marks in the transaction of its change. A drain takes them and decides again exactly what they
touch. Deciding at once, as here, only saves the wait: the beat drains every few seconds whatever happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from dealers.models import Dealer
from parts.blocking import decide, history, verify
from parts.feeds import polling, sweeping, uploading
from parts.feeds.models import FeedRun
from parts.notices import alerts, telling
from parts.vehicles import daily, enquiries, importing


def poll_feed(code: str, *, at: datetime) -> FeedRun:
    """Take in one supplier's feed now and decide what it changed, for whoever waits for the answer.

    NotFoundError if there is no such supplier.
    """
    run = polling.poll(polling.feed_of(code).pk, at=at)
    decide.decide(at=at)
    return run


def poll_claimed_feed(feed_id: int, *, at: datetime) -> FeedRun:
    """Take in a feed that was claimed. If a decision is under way, the next drain takes what it changed."""
    run = polling.poll(feed_id, at=at)
    decide.drain(at=at)
    return run


def claim_due_feeds(*, at: datetime) -> list[int]:
    """The feeds whose time has come, each claimed for this caller."""
    return polling.due(at=at)


def confirm_stock(dealer: Dealer, public_id: UUID, *, by: str, at: datetime) -> FeedRun:
    """Make an uploaded file the dealer's stock, and decide what it changed; see `uploading.confirm`."""
    run = uploading.confirm(dealer, public_id, by=by, at=at)
    decide.drain(at=at)
    return run


def take_in_stock(dealer: Dealer, upload: uploading.Upload, *, by: str, at: datetime) -> FeedRun:
    """Take in a dealer's file without a preview, and decide what it changed; see `uploading.take_in`."""
    run = uploading.take_in(dealer, upload, by=by, at=at)
    decide.drain(at=at)
    return run


def import_mot(
    path: Path,
    *,
    at: datetime,
    makes: Iterable[str] | None = None,
    force: bool = False,
    progress: importing.Progress | None = None,
) -> importing.Counts:
    """Take in a file of MOT data and decide about the vehicles it changed, for whoever waits for the answer."""
    counts = importing.import_path(path, at=at, makes=makes, force=force, progress=progress)
    decide.decide(at=at)
    return counts


def import_daily_mot(
    *, at: datetime, with_bulk: bool = False, progress: importing.Progress | None = None
) -> importing.Counts:
    """Take in DVSA's files that we do not have yet, then decide about the vehicles they changed; see `import_new`."""
    counts = daily.import_new(at=at, with_bulk=with_bulk, progress=progress)
    decide.drain(at=at)
    return counts


def work_off_enquiries(*, at: datetime, clock: Callable[[], datetime]) -> int:
    """Ask DVSA and DVLA about the plates that wait for it, then decide about those they know; how many were answered."""
    count = enquiries.work_off(at=at, clock=clock)
    if count:
        decide.drain(at=clock())
    return count


def drain(*, at: datetime) -> list[decide.Counts]:
    """Decide whatever was marked, and what the clock and dealers' statuses moved."""
    return decide.drain(at=at)


def decide_now(*, at: datetime, full: bool = False, rebuild: bool = False) -> decide.Counts:
    """Decide what was marked, or everything (daily, and whenever in doubt), waiting for a decision under way.

    `rebuild` looks at every defect too, trusting nothing that is stored (weekly, at night, and by hand).
    """
    return decide.decide(at=at, full=full, rebuild=rebuild)


def verify_decisions(*, at: datetime) -> dict[str, int]:
    """How many stored rows differ from what a full decision would write; none should."""
    return verify.verify(at=at)


def count_days(*, at: datetime) -> list[date]:
    """Keep how many vehicles are blocked today, and were on each day not yet counted, for charts and downloads."""
    return history.count_days(at=at)


def tell(*, at: datetime) -> int:
    """Write to owners and garages about cars and parts that stand otherwise than they were told; how many messages."""
    return telling.tell(at=at)


def forget_owners(*, at: datetime) -> int:
    """Delete the addresses of owners whose time is up; how many."""
    return alerts.forget(at=at)


def sweep(*, at: datetime) -> None:
    """Close runs whose worker died, whose feeds come round again, and forget what was asked long ago."""
    sweeping.sweep(at=at)
    history.keep_months(at=at)
    enquiries.sweep(at=at)
