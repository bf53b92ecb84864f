"""Doors, not rooms: each task makes one call. Every one may run twice, at once or after a kill, and do no harm."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from parts import pipeline
from parts.lookup import overview


@shared_task
def poll_due_feeds() -> None:
    """Hand each feed that is due to a worker."""
    for feed_id in pipeline.claim_due_feeds(at=timezone.now()):
        poll_feed.delay(feed_id=feed_id)


@shared_task
def poll_feed(*, feed_id: int) -> None:
    """Take in one feed, then decide what it changed."""
    pipeline.poll_claimed_feed(feed_id, at=timezone.now())


@shared_task
def drain() -> None:
    """Decide whatever changed since the last drain."""
    pipeline.drain(at=timezone.now())


@shared_task
def decide_full() -> None:
    """Decide everything: the daily net under the marks."""
    pipeline.decide_now(at=timezone.now(), full=True)


@shared_task
def rebuild_decisions() -> None:
    """Decide everything afresh: the weekly net under the daily one."""
    pipeline.decide_now(at=timezone.now(), full=True, rebuild=True)


@shared_task
def count_days() -> None:
    """Keep how many vehicles are blocked today, by make, model, region and reason."""
    pipeline.count_days(at=timezone.now())


@shared_task
def count_fleet() -> None:
    """Count the fleet for the pages, if something was decided since."""
    overview.refresh(at=timezone.now())


@shared_task
def import_daily_mot() -> None:
    """Take in DVSA's newest files."""
    pipeline.import_daily_mot(at=timezone.now())


@shared_task
def work_off_enquiries() -> None:
    """Ask DVSA and DVLA about plates that nobody waits for."""
    pipeline.work_off_enquiries(at=timezone.now(), clock=timezone.now)


@shared_task
def tell() -> None:
    """Write to owners and garages about what changed for them."""
    pipeline.tell(at=timezone.now())


@shared_task
def forget_owners() -> None:
    """Delete the addresses of owners whose time is up."""
    pipeline.forget_owners(at=timezone.now())


@shared_task
def sweep() -> None:
    """Close runs whose worker died, so that they are driven again."""
    pipeline.sweep(at=timezone.now())
