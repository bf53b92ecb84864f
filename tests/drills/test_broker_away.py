"""The broker away while the beat's tasks are due: what was marked meanwhile is decided once it is back."""

from __future__ import annotations

import pytest
from django.db import transaction

from parts.marks.models import Dirty
from tests.drills.processes import wait_for
from tests.parts.blocking.builders import sell_out

pytestmark = [
    pytest.mark.drill,
    pytest.mark.xdist_group("drills"),  # one after the other: they measure time
    pytest.mark.django_db(transaction=True),
]


def test_marks_made_while_the_broker_is_down_are_drained_by_the_same_beat_and_worker_once_it_is_back(shop, drill):
    worker, beat = drill.worker(), drill.beat()
    worker.wait_until_it_says("Task parts.tasks.drain[")
    drill.redis.kill()

    with transaction.atomic():
        sell_out(shop.here.offer)
    missed = beat.said().count("Connection refused")
    wait_for(lambda: beat.said().count("Connection refused") > missed, "a due task finds no broker")
    assert Dirty.objects.exists()
    assert shop.car() == "repairable"

    drill.redis.start()
    wait_for(lambda: shop.car() == "blocked", "the marks are drained")
    assert not Dirty.objects.exists()
    assert worker.process.poll() is None
    assert beat.process.poll() is None
