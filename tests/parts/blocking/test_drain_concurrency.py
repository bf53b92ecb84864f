"""What holds when writers and drains run at once, and when a drain is killed."""

from __future__ import annotations

import copy
import os
import signal
import subprocess
import sys
import threading
import time
from random import Random

import pytest
from django.db import IntegrityError, OperationalError, connections, transaction

from garagehub.lib.lock import LockKind, try_lock, wait_for_lock
from parts.blocking.decide import decide, drain
from parts.blocking.models import RepairStatus
from parts.blocking.verify import verify
from parts.marks.models import Dirty
from tests.parts.blocking.builders import AT, sell_out, town
from tests.parts.blocking.worlds import RandomWorld, check_against_rules
from tests.worker_process import CHECKOUT, START_LIMIT_S, database_environment

pytestmark = pytest.mark.django_db(transaction=True)


def in_threads(*jobs):
    """Run the jobs at once, each on a connection of its own, and raise what any of them raised."""
    failures = []

    def run(job):
        try:
            job()
        except Exception as error:  # noqa: BLE001 - raised again below, in the test's own thread
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_writers_and_two_drains_at_once_end_where_a_full_decision_would():
    with transaction.atomic():
        world = RandomWorld(Random(7))
    decide(at=world.at)
    until = time.monotonic() + 4
    drained = []

    def write(seed):
        own = copy.copy(world)
        own.rng = Random(seed)
        events = [
            own.change_offer,
            own.change_status,
            own.confirm_supplier,
            own.map_reference,
            own.enter_vin,
            own.add_or_remove_option,
        ]
        while time.monotonic() < until:
            try:
                with transaction.atomic():
                    own.rng.choice(events)()
                    time.sleep(own.rng.random() / 100)
            except (IntegrityError, OperationalError):
                continue  # two writers met on one row; their transaction and its marks are gone together

    def keep_draining():
        while time.monotonic() < until:
            drained.extend(drain(at=world.at))

    in_threads(*(lambda seed=seed: write(seed) for seed in range(3)), keep_draining, keep_draining)
    drain(at=world.at)

    assert sum(run.marks for run in drained) > 0
    found = verify(at=world.at)
    assert found == dict.fromkeys(found, 0)
    check_against_rules()


def test_a_drain_leaves_the_work_to_one_under_way():
    town()

    def hold(locked, release):
        with transaction.atomic():
            wait_for_lock(LockKind.DECISION)
            locked.set()
            release.wait(30)

    locked, release = threading.Event(), threading.Event()
    holder = threading.Thread(target=lambda: in_threads(lambda: hold(locked, release)))
    holder.start()
    locked.wait(30)
    try:
        assert drain(at=AT) == []
    finally:
        release.set()
        holder.join()
    assert drain(at=AT)


def test_a_mark_committed_after_the_take_is_left_for_the_next_run():
    here = town()
    decide(at=AT)

    def write_late(taken, written):
        taken.wait(30)
        with transaction.atomic():
            sell_out(here.offer)
        written.set()

    taken, written = threading.Event(), threading.Event()
    writer = threading.Thread(target=lambda: in_threads(lambda: write_late(taken, written)))
    writer.start()
    with transaction.atomic():
        Dirty.objects.all().delete()
        taken.set()
        written.wait(30)
    writer.join()

    assert Dirty.objects.count() == 1
    drain(at=AT)
    assert RepairStatus.objects.get().status == "blocked"


KILLED_IN_A_DRAIN = """
import time
import django
django.setup()
from django.db import transaction
from django.utils.dateparse import parse_datetime
from parts.blocking.decide import decide
with transaction.atomic():
    print(decide(at=parse_datetime("2026-09-01T08:00:00Z")).newly_blocked, flush=True)
    time.sleep(600)
"""


def test_a_drain_killed_before_its_commit_leaves_its_marks_and_no_lock():
    here = town()
    decide(at=AT)
    with transaction.atomic():
        sell_out(here.offer)
    environment = database_environment() | {"DJANGO_SETTINGS_MODULE": "garagehub.settings"}

    process = subprocess.Popen(
        [sys.executable, "-c", KILLED_IN_A_DRAIN], cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True
    )
    with process.stdout:
        assert process.stdout.readline().strip() == "1"
        os.kill(process.pid, signal.SIGKILL)
    process.wait()

    assert Dirty.objects.count() == 1
    assert not RepairStatus.objects.exists()
    until = time.monotonic() + START_LIMIT_S
    while not lock_is_free():
        assert time.monotonic() < until, "the lock outlived its process"
        time.sleep(0.05)
    drain(at=AT)
    assert RepairStatus.objects.get().status == "blocked"
    assert not Dirty.objects.exists()


def lock_is_free():
    with transaction.atomic():
        return try_lock(LockKind.DECISION)
