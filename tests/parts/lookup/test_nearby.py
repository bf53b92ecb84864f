"""Who could do the work, near by."""

from __future__ import annotations

import pytest

from dealers.models import Status
from parts.lookup.nearby import nearest_places
from parts.lookup.place import place_of
from tests import factories
from tests.parts.lookup.world import NOW, SPRING

pytestmark = pytest.mark.django_db


def near(registration: str = "AA91AAA"):
    found = nearest_places(registration, make="LAND ROVER", place=place_of("LE4"))
    return [one.name for one in found.dealers], [one.name for one in found.garages], found.needs


def say(dealer, state: str, system: str = "diagnostics") -> None:
    Status.objects.update_or_create(
        dealer=dealer, system=system, defaults={"state": state, "confidence": 90, "since": NOW, "decided_at": NOW}
    )


@pytest.fixture
def places(world):
    garage = factories.dealer(kind="independent", latitude=52.7, longitude=-1.1, name="Bench and Son")
    factories.dealer("JAGUAR", latitude=52.7, longitude=-1.1, name="Another make")
    factories.dealer(latitude=52.7, longitude=-1.1, name="Closed", is_active=False)
    factories.dealer(name="Nobody knows where")
    for number in range(4):
        factories.dealer(latitude=54 + number, longitude=-1.1, name=f"Far {number}")
    world.vehicle("AA91AAA", SPRING)
    return garage


def test_the_nearest_three_of_the_make_that_are_open_come_by_kind(world, places):
    world.decide()

    assert near() == (["Leicester Test", "Far 0", "Far 1"], ["Bench and Son"], [])


def test_what_the_repairs_need_must_work_at_a_garage_and_not_be_down_at_a_dealer(world, places):
    world.repair.needs_diagnostics = True
    world.repair.save()
    world.decide()
    say(world.dealer, "down")
    assert near() == (["Far 0", "Far 1", "Far 2"], [], ["Diagnostics"])

    say(world.dealer, "unknown")
    say(places, "operational")
    assert near() == (["Leicester Test", "Far 0", "Far 1"], ["Bench and Son"], ["Diagnostics"])


def test_a_system_that_no_repair_needs_may_be_down(world, places):
    world.decide()
    say(world.dealer, "down")

    assert near()[0][0] == "Leicester Test"
