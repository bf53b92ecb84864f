"""A worker killed in the middle of a feed run: the run is closed, and the feed taken in by the next worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from garagehub.lib.lock import LockKind, try_lock
from parts import tasks
from parts.feeds import polling
from parts.feeds.models import Feed, FeedRun
from parts.pipeline import sweep
from parts.stock.models import Offer
from tests.drills.processes import wait_for

pytestmark = [
    pytest.mark.drill,
    pytest.mark.xdist_group("drills"),  # one after the other: they measure time
    pytest.mark.django_db(transaction=True),
]


def test_a_worker_killed_while_it_writes_offers_leaves_the_old_ones_and_the_next_run_ends_right(shop, drill, capsys):
    worker = drill.worker()
    shop.offer(quantity=0)
    with _kept_from_writing(shop.here.offer):
        drill.send(tasks.poll_feed, feed_id=shop.feed.pk)
        wait_for(_somebody_waits, "the worker writes offers")
        worker.kill()
    wait_for(lambda: _is_free(shop.feed), "PostgreSQL has noticed that the worker is gone")
    killed = FeedRun.objects.latest("pk")
    assert (killed.state, shop.quantities(), shop.car()) == ("running", {3}, "repairable")

    later = timezone.now() + timedelta(minutes=1)
    sweep(at=later)

    killed.refresh_from_db()
    assert (killed.state, killed.reason) == ("failed", "The worker of this run stopped before it was done.")
    assert later < Feed.objects.get().next_attempt_at < later + timedelta(minutes=1)

    polling.bring_forward(shop.feed.pk, at=timezone.now())
    drill.worker()
    drill.send(tasks.poll_due_feeds)
    wait_for(lambda: shop.car() == "blocked", "the next worker takes the feed in")
    assert shop.quantities() == {0}
    assert list(FeedRun.objects.order_by("pk").values_list("state", flat=True)) == ["succeeded", "failed", "succeeded"]
    call_command("decide", verify=True)
    assert '"differences": 0' in capsys.readouterr().out


@contextmanager
def _kept_from_writing(offer: Offer) -> Iterator[None]:
    """Hold one offer's row, so that whoever changes all offers stops in the middle of it."""
    with transaction.atomic():
        Offer.objects.select_for_update().get(pk=offer.pk)
        yield


def _somebody_waits() -> bool:
    """Whether another connection waits for this transaction to end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks wanted JOIN pg_locks held USING (transactionid)"
            " WHERE NOT wanted.granted AND held.granted AND held.pid = pg_backend_pid())"
        )
        return bool(cursor.fetchone()[0])


def _is_free(feed: Feed) -> bool:
    """Whether nobody holds the feed."""
    with transaction.atomic():
        return try_lock(LockKind.FEED, feed.pk)
