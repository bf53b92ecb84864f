"""The net under polling: runs whose worker died are closed, and their feeds asked again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from garagehub.lib.lock import LockKind, try_lock
from parts.feeds import breaker, uploading
from parts.feeds.models import Feed, FeedRun
from parts.stock import history

# A run takes its feed's lock right after its row is written.
_GRACE = timedelta(seconds=30)
KEEP_RUNS = timedelta(days=90)


def sweep(*, at: datetime) -> int:
    """Close runs that say they are under way while nobody holds their feed; how many there were.

    A feed that kills its worker each time counts as failing: its breaker opens like any other's. Uploads that nobody
    confirmed, old runs and old months of history go, and coming months are made ready.
    """
    stuck = FeedRun.objects.filter(state=FeedRun.State.RUNNING, started_at__lt=at - _GRACE)
    closed = sum(_close(run_id, feed_id, at=at) for run_id, feed_id in stuck.values_list("pk", "feed_id"))
    uploading.expire(at=at)
    history.keep_months(at=at)
    FeedRun.objects.filter(started_at__lt=at - KEEP_RUNS).exclude(state=FeedRun.State.HELD).delete()
    return closed


@transaction.atomic
def _close(run_id: int, feed_id: int, *, at: datetime) -> bool:
    if not try_lock(LockKind.FEED, feed_id):
        return False
    closed = FeedRun.objects.filter(pk=run_id, state=FeedRun.State.RUNNING).update(
        state=FeedRun.State.FAILED, reason="The worker of this run stopped before it was done.", finished_at=at
    )
    if closed:
        feed = Feed.objects.select_for_update(of=("self",)).get(pk=feed_id)
        breaker.note_failure(feed, at=at)
        feed.last_attempt_at = at
        feed.save(update_fields=["failures", "opened_at", "next_attempt_at", "last_attempt_at"])
    return bool(closed)
