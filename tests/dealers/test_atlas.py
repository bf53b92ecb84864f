"""The map: every dealer where it is, by its worst state, and the same in words."""

import re
from html import unescape

import pytest

from dealers import atlas
from dealers.board import Filters
from dealers.models import Dealer
from garagehub.lib.geography import AREAS
from tests.dealers.statuspage.told import tell
from tests.factories import dealer

pytestmark = pytest.mark.django_db
LEICESTER = {"latitude": 52.63, "longitude": -1.13}


def marks(**filters):
    return {mark.name: mark for mark in atlas.atlas(Filters(**filters)).marks}


@pytest.mark.parametrize("letters", sorted(AREAS))
def test_every_postcode_area_is_on_the_sheet(letters):
    x, y = atlas.project(AREAS[letters].latitude, AREAS[letters].longitude)
    assert 0 < x < atlas.WIDTH
    assert 0 < y < atlas.HEIGHT


def test_north_is_up_and_east_is_right():
    lerwick, truro, norwich = (atlas.project(*AREAS[letters][2:]) for letters in ("ZE", "TR", "NR"))
    assert lerwick[1] < truro[1]
    assert truro[0] < norwich[0]


def test_a_dealer_is_shown_by_its_worst_system_or_by_the_one_asked_for():
    where = dealer(name="Here", **LEICESTER)
    tell(where, "operational", system="warranty")
    tell(where, "down")
    dealer(name="Silent", **LEICESTER)
    assert (marks()["Here"].state, marks()["Silent"].state) == ("down", "unknown")
    assert marks(system="warranty")["Here"].state == "operational"


def test_dealers_at_one_place_are_drawn_apart():
    for _ in range(30):
        dealer(**LEICESTER)
    places = [(mark.x, mark.y) for mark in marks().values()]
    assert len(set(places)) == 30
    x, y = atlas.project(52.63, -1.13)
    assert max(abs(place[0] - x) + abs(place[1] - y) for place in places) < 25


def test_the_worst_are_drawn_last_so_that_nothing_covers_them():
    for state in ("down", "operational", "degraded"):
        tell(dealer(**LEICESTER), state)
    assert [mark.state for mark in atlas.atlas(Filters()).marks] == ["operational", "degraded", "down"]


def test_hidden_dealers_and_those_without_a_place_are_not_on_it():
    dealer(name="Nowhere")
    dealer(name="Closed", is_active=False, **LEICESTER)
    assert marks() == {}


def test_too_many_dealers_are_not_drawn_but_counted(monkeypatch):
    monkeypatch.setattr(atlas, "MOST_DEALERS", 2)
    for _ in range(3):
        dealer(**LEICESTER)
    shown = atlas.atlas(Filters())
    assert (shown.marks, shown.regions, shown.hidden) == ((), (), 3)


def test_one_query_draws_the_map(django_assert_num_queries):
    for _ in range(5):
        tell(dealer("JAGUAR", "LAND ROVER", **LEICESTER), "down")
    with django_assert_num_queries(1):
        assert len(marks()) == 5


def test_the_list_beside_the_map_has_the_same_dealers_with_the_same_words(client):
    for number, state in enumerate(["down", "degraded", "operational", "unknown"]):
        tell(dealer(name=f"Dealer {number}", region=number, **LEICESTER), state)
    page = unescape(client.get("/dealers/").content.decode())
    section = page[page.index('class="map"') : page.index("</section>", page.index('class="map"'))]
    drawing, listed = section.split("</svg>")
    links = re.compile(r'href="(/dealers/[^"]+/)"')
    assert len(links.findall(drawing)) == Dealer.objects.count()
    assert sorted(links.findall(drawing)) == sorted(links.findall(listed))
    for word in ("down", "partly", "working", "not known"):
        assert f"</span> {word}</span></li>" in listed


def test_the_map_takes_part_in_the_filters_of_the_page(client):
    dealer("JAGUAR", name="Cats", **LEICESTER)
    dealer("LAND ROVER", name="Dogs", **LEICESTER)
    page = client.get("/dealers/?make=jaguar").content.decode()
    assert "Cats: " in page
    assert "Dogs: " not in page
