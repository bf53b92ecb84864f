"""My cars and my parts, as a garage sees them."""

import csv
import io

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from parts.notices import telling, watches
from parts.notices.models import Watch
from tests.factories import dealer, member
from tests.parts.lookup.world import SPRING, World

CARS, PARTS = "/garage/watches/", "/garage/watches/parts/"


@pytest.fixture
def world(db):
    cache.clear()
    made = World()
    made.offer(quantity=0, availability="out_of_stock")
    made.vehicle("AA91AAA")
    made.vehicle("AA91BBB", SPRING)
    made.vehicle("AA91CCC", SPRING, passed_until="2099-12-01")
    made.decide()
    return made


@pytest.fixture
def garage(world):
    return dealer(region=4, name="Corner Garage")


@pytest.fixture
def page(client, garage):
    client.force_login(member(garage))
    return client


def test_an_empty_list_says_what_it_is_for(page):
    assert b"You watch no car yet" in page.get(CARS).content
    assert b"You watch no part yet" in page.get(PARTS).content


def test_who_is_off_the_road_comes_first(page):
    answer = page.post(CARS, {"items": "AA91AAA, AA91CCC\nAA91BBB", "note": "=Job 7"}, follow=True)
    text = answer.content.decode()
    assert "3 added to what you watch" in text
    assert [text.index(f"AA91 {end}") for end in ("BBB", "CCC", "AAA")] == sorted(
        text.index(f"AA91 {end}") for end in ("AAA", "BBB", "CCC")
    )
    assert "Off the road: no MOT" in text
    assert "Failed; old MOT until 1 Dec 2099" in text
    assert "0 of 1" in text
    assert "Nothing changed since yesterday." in text


def test_what_cannot_be_watched_stays_in_the_form_with_its_reason(page):
    answer = page.post(CARS, {"items": "AA91AAA\nAB91ZZZ", "note": ""})
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "AB91ZZZ: We have no MOT record" in text
    assert ">\nAB91ZZZ</textarea>" in text
    assert Watch.objects.count() == 1
    assert page.post(CARS, {"items": ""}).status_code == 400


def test_a_change_since_yesterday_is_said(page, world, garage):
    watches.watch_vehicles(garage, ["AA91BBB"], at=timezone.now())
    world.offer(dealer=None, tier="central")
    world.decide()
    telling.tell(at=timezone.now())
    text = page.get(CARS).content.decode()
    assert "1 car changed since yesterday." in text
    assert "1 of 1" in text


def test_a_car_is_removed_by_its_own_garage(page, client, garage):
    page.post(CARS, {"items": "AA91AAA"})
    address = f"{CARS}{Watch.objects.get().public_id}/remove/"
    assert page.get(address).status_code == 405
    client.force_login(member(dealer(), role="owner"))
    client.post(address)
    assert Watch.objects.count() == 1
    client.force_login(member(garage))
    assert b"Removed. You hear no more of it." in client.post(address, follow=True).content
    assert not Watch.objects.exists()


def test_both_lists_come_as_csv_without_formulas(page):
    page.post(CARS, {"items": "AA91BBB", "note": "=1+1"})
    page.post(PARTS, {"items": "LR123456", "note": "=1+1"})

    def rows(address):
        answer = page.get(f"{address}?as=csv")
        assert "no-store" in answer["Cache-Control"]
        return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))

    [car], [part] = rows(CARS), rows(PARTS)
    assert (car["plate"], car["note"], car["repair_status"], car["missing"]) == (
        "AA91BBB",
        "'=1+1",
        "blocked",
        "LR123456",
    )
    assert (part["part_number"], part["note"], part["state"]) == ("LR123456", "'=1+1", "blocked")


def test_a_part_is_shown_with_its_state(page):
    text = page.post(PARTS, {"items": "LR 123456"}, follow=True).content.decode()
    assert "Nobody can send it" in text
    assert "Coil spring, front" in text
    assert "You watch these already." in page.post(PARTS, {"items": "LR123456"}, follow=True).content.decode()


def test_two_hundred_cars_cost_as_many_queries_as_one(page, world, garage):
    plates = [f"AB91{a}{b}X" for a in "ABCDEFGHJK" for b in "ABCDEFGHJKLMNPRSTUVW"]
    for plate in plates:
        world.vehicle(plate, SPRING)
    world.decide()

    def queries(address):
        with CaptureQueriesContext(connection) as found:
            assert page.get(address).status_code == 200
        return len(found)

    for address, one, many in ((CARS, lambda: watches.watch_vehicles(garage, plates[:1], at=timezone.now()), plates),):
        one()
        page.get(address)
        few = queries(address)
        watches.watch_vehicles(garage, many, at=timezone.now())
        assert queries(address) == few


def test_a_car_without_a_plate_can_only_be_removed(page, garage):
    page.post(CARS, {"items": "AA91AAA"})
    watch = Watch.objects.get()
    type(watch.vehicle).objects.update(registration=None)
    assert b"This car has another number plate now" in page.get(CARS).content
