"""The places: unique, spread like people, and nobody's."""

import re
from collections import Counter

import pytest

from garagehub.lib.geography import area_of
from garagehub.scenario.dealers import FRANCHISED, INDEPENDENT, POPULATION, demo_dealers
from garagehub.scenario.timeline import INDEPENDENT_PREFIX

PLACES = demo_dealers(1)
# Ofcom, "Telephone numbers for use in TV and radio drama programmes".
DRAMA = re.compile(
    r"01(1[3-8]|21|31|41|51|61) 496 0\d{3}|0191 498 0\d{3}|020 7946 0\d{3}|028 9649 6\d{3}|029 2018 0\d{3}|01632 960\d{3}"
)


def test_the_same_seed_gives_the_same_places_and_another_gives_others():
    assert demo_dealers(1) == PLACES
    assert demo_dealers(2) != PLACES


def test_codes_slugs_and_telephone_numbers_are_unique():
    assert len({place.code for place in PLACES}) == len(PLACES)
    assert len({place.slug for place in PLACES}) == len(PLACES)
    assert len({place.phone for place in PLACES}) == len(PLACES)


def test_codes_have_five_characters_and_tell_independents():
    for place in PLACES:
        assert re.fullmatch(r"[A-Z0-9]{5}", place.code)
        assert place.code.startswith(INDEPENDENT_PREFIX) == (place.kind == INDEPENDENT)
        assert re.fullmatch(r"[a-z0-9-]+", place.slug)


def test_telephone_numbers_are_those_kept_free_for_drama():
    assert all(DRAMA.fullmatch(place.phone) for place in PLACES)


def test_places_lie_in_their_region_near_their_postcode_area():
    for place in PLACES:
        area = area_of(place.postcode)
        assert area.region == place.region
        assert abs(area.latitude - place.latitude) <= 0.06
        assert abs(area.longitude - place.longitude) <= 0.06


def test_franchised_dealers_are_spread_like_people():
    seen = Counter(place.region for place in PLACES if place.kind == FRANCHISED)
    for region, people in enumerate(POPULATION):
        assert seen[region] == pytest.approx(110 * people / sum(POPULATION), abs=1.5)


def test_only_franchised_dealers_hold_a_franchise():
    assert all(bool(place.makes) == (place.kind == FRANCHISED) for place in PLACES)
    assert {make for place in PLACES for make in place.makes} == {"LAND ROVER", "JAGUAR"}
