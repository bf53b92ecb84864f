"""The workbench's pages: files, the search and one part, and what they cost."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from garagehub.lib import uploads
from parts.stock.models import Supplier
from tests import factories
from tests.parts.lookup.world import SPRING, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = World()
    world.offer()
    world.vehicle("AA91AAA", SPRING)
    Supplier.objects.update(confirmed_at=timezone.now())
    world.decide()
    return world


@pytest.fixture
def garage(client: Client, world: World) -> Client:
    client.force_login(factories.member(world.dealer))
    return client


def check(client: Client, body: bytes, *, pasted: str = "", what: str = "parts"):
    file = SimpleUploadedFile("list.csv", body)
    return client.post(f"/garage/{what}/", {f"{what}-items": pasted, f"{what}-file": file})


def typed(page: str) -> list[str]:
    return re.findall(r'stack__title"><span class="(?:part-number|plate)">([^<]*)', page)


def test_what_is_pasted_comes_before_what_is_in_the_file(garage):
    page = check(garage, b"Part number\nlr-123456\nLR9\n", pasted="LR5").content.decode()

    assert typed(page) == ["LR5", "lr-123456", "LR9"]
    assert ">\nLR5\nlr-123456\nLR9</textarea>" in page


def test_plates_come_from_files_too(garage):
    assert typed(check(garage, b"AA91 AAA;Smith\nZZ99 ZZZ;Jones\n", what="cars").content.decode()) == [
        "AA91 AAA",
        "ZZ99 ZZZ",
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "Paste at least one, one a line."),
        (b"\x00\x01", "This is not a text, CSV or Excel (.xlsx) file."),
        (b"\n".join(b"X%d" % number for number in range(501)), "That is 501; at most 500 can be checked at once."),
    ],
)
def test_a_file_that_will_not_do_is_said_at_the_form(garage, body, said):
    answer = check(garage, body)

    assert answer.status_code == 400
    assert said in answer.content.decode()


def test_a_file_let_go_on_the_way_in_is_told_too_large(garage, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_BYTES", 100)

    assert "larger than 2 MiB" in check(garage, b"x" * 1_000, pasted="LR1").content.decode()


def test_the_search_answers_parts_and_cars(garage):
    by_words = garage.post("/garage/search/", {"q": "coil spring"}).content.decode()
    assert "1 part<" in by_words
    assert "LR123456" in by_words

    by_plate = garage.post("/garage/search/", {"q": "aa91 aaa"}).content.decode()
    assert "1 car<" in by_plate
    assert "Nothing we hold fits that." in garage.post("/garage/search/", {"q": "no such"}).content.decode()


@pytest.mark.parametrize("asked", [{}, {"q": "  "}, {"q": "x" * 101}])
def test_a_search_for_nothing_or_too_much_is_said_at_its_field(garage, asked):
    answer = garage.post("/garage/search/", asked)

    assert answer.status_code == 400
    assert 'id="q-error"' in answer.content.decode()


@pytest.mark.parametrize("page", ["0", "-1", "99", "x", "²", "9" * 30])
def test_a_page_that_is_not_there_is_the_nearest_one(garage, page):
    assert "LR123456" in garage.post("/garage/search/", {"q": "spring", "page": page}).content.decode()


def test_a_part_has_its_page_and_another_brand_has_not(garage):
    page = garage.get("/garage/part/", {"number": "LR123456", "brand": "LAND ROVER"})
    assert page.status_code == 200
    assert "1</strong> failed car needs it" in page.content.decode()
    assert garage.get("/garage/part/", {"number": "LR123456", "brand": "JAGUAR"}).status_code == 404
    assert garage.get("/garage/part/").status_code == 404


def test_a_part_shows_as_many_sources_as_there_are_at_the_same_cost(garage, world, django_assert_max_num_queries):
    address = "/garage/part/?number=LR123456&brand=LAND ROVER"
    garage.get(address)
    with django_assert_max_num_queries(22) as few:
        garage.get(address)
    for _ in range(10):
        world.offer()
    world.decide()
    with django_assert_max_num_queries(22) as many:
        page = garage.get(address).content.decode()

    assert len(few) == len(many)
    assert page.count("Acme Parts") >= 11
