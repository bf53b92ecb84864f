"""What garages' software is told, and that a teller that dies loses nothing and says nothing twice."""

import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from garagehub.outbox.models import Message
from parts.notices import telling, watches
from parts.notices.models import Watch
from parts.tasks import forget_owners, tell
from parts.vehicles.models import Vehicle
from tests.factories import dealer, events, make, webhook
from tests.parts.lookup.world import SPRING
from tests.parts.notices.conftest import confirmed


def test_a_garage_hears_of_its_cars_and_parts_and_of_no_others(world, garage, at):
    stranger = dealer(region=4)
    mine, theirs = webhook(garage), webhook(stranger)
    [car] = watches.watch_vehicles(garage, ["AA91AAA"], at=at)
    [part] = watches.watch_parts(garage, ["LR123456"], at=at)
    assert telling.tell(at=at) == 0, "nothing has changed yet"

    world.stock(2)

    assert telling.tell(at=at) == 2
    assert events(mine) == [
        (
            "part.changed",
            {
                "parts": [
                    {
                        "watch": str(part.watch.public_id),
                        "part_number": "LR123456",
                        "brand": "LAND ROVER",
                        "old": "blocked",
                        "new": "ready",
                    }
                ]
            },
        ),
        (
            "vehicle.changed",
            {
                "vehicles": [
                    {
                        "watch": str(car.watch.public_id),
                        "registration": "AA91AAA",
                        "old": "blocked",
                        "new": "repairable",
                    }
                ]
            },
        ),
    ]
    assert events(theirs) == []
    assert telling.tell(at=at) == 0, "once"
    assert set(Watch.objects.values_list("state", "changed_at")) == {("repairable", at), ("ready", at)}


def test_a_webhook_is_told_what_it_asked_for(world, garage, at):
    cars, parts = webhook(garage, events=["vehicle.changed"]), webhook(garage, events=["part.changed"])
    make("MINI")
    other_make = webhook(garage, makes=["mini"], events=["vehicle.changed"])
    watches.watch_vehicles(garage, ["AA91AAA"], at=at)
    watches.watch_parts(garage, ["LR123456"], at=at)
    world.stock(1)
    telling.tell(at=at)
    assert [kind for kind, _ in events(cars)] == ["vehicle.changed"]
    assert [kind for kind, _ in events(parts)] == ["part.changed"]
    assert events(other_make) == []


def test_what_changed_and_changed_back_is_no_news(world, garage, at):
    webhook(garage)
    watches.watch_vehicles(garage, ["AA91AAA"], at=at)
    world.stock(1)
    world.stock(0)
    assert telling.tell(at=at) == 0


def test_a_whole_marque_is_few_messages_and_few_queries(world, garage, at, django_assert_max_num_queries):
    plates = [f"AB91{a}{b}X" for a in "ABCDEFGHJK" for b in "ABCDEFGHJKLM"]
    for plate in plates:
        world.vehicle(plate, SPRING)
    world.decide()
    told_of = webhook(garage)
    watches.watch_vehicles(garage, plates, at=at)
    world.stock(1)
    with django_assert_max_num_queries(40):
        assert telling.tell(at=at) == 2
    told = [row["registration"] for _, data in events(told_of) for row in data["vehicles"]]
    assert [len(data["vehicles"]) for _, data in events(told_of)] in ([100, 20], [20, 100])
    assert sorted(told) == sorted(plates)


def test_batches_go_on_until_all_is_told(world, garage, at, monkeypatch):
    monkeypatch.setattr(telling, "_MOST_WATCHES", 2)
    monkeypatch.setattr(telling, "_MOST_ALERTS", 2)
    plates = [f"AB91{letter}AX" for letter in "ABCDE"]
    for plate in plates:
        world.vehicle(plate, SPRING)
    world.decide()
    garages = [garage, *(dealer(region=4) for _ in range(4))]
    for one in garages:
        webhook(one)
        watches.watch_vehicles(one, plates, at=at)
        watches.watch_parts(one, ["LR123456"], at=at)
    for vehicle in Vehicle.objects.all():
        confirmed(at, vehicle=vehicle)
    world.stock(1)
    assert telling.tell(at=at) == 5 * 2 + 6, "each garage has one message of its cars and one of its parts, never torn"
    assert telling.tell(at=at) == 0
    assert set(Watch.objects.values_list("state", flat=True)) == {"repairable", "ready"}


@pytest.mark.parametrize("step", ["queue_event", "queue_emails", "_rows"])
def test_a_teller_that_dies_loses_nothing_and_says_nothing_twice(world, garage, at, die_telling, step):
    webhook(garage)
    watches.watch_vehicles(garage, ["AA91AAA"], at=at)
    confirmed(at)
    world.stock(1)
    die_telling(step)

    telling.tell(at=at + timedelta(seconds=30))
    telling.tell(at=at + timedelta(seconds=60))
    kinds = sorted(Message.objects.values_list("kind", flat=True))
    assert kinds == ["alert.changed", "vehicle.changed"]


@pytest.mark.django_db(transaction=True)
def test_two_tellers_at_once_tell_once(world, garage, at):
    webhook(garage)
    watches.watch_vehicles(garage, ["AA91AAA"], at=at)
    confirmed(at)
    world.stock(1)
    ready, told = threading.Barrier(4), []

    def one():
        ready.wait()
        told.append(telling.tell(at=at))
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(told) == 2, "one may write about cars and another about owners, but each is written once"
    assert Message.objects.count() == 2


def test_a_decision_that_commits_late_is_told_all_the_same(world, garage, at):
    """Nothing is read by a place in a list of changes, so there is no place to have gone past."""
    webhook(garage)
    watches.watch_vehicles(garage, ["AA91AAA"], at=at)
    telling.tell(at=at + timedelta(hours=1))
    world.stock(1)  # at the time of the world, which is an hour before the last telling
    assert telling.tell(at=at + timedelta(hours=2)) == 1


def test_the_tasks_call_the_domain(world, garage, at):
    webhook(garage)
    watches.watch_vehicles(garage, ["AA91AAA"], at=at)
    world.stock(1)
    tell()
    assert Message.objects.count() == 1
    forget_owners()
    call_command("check")
