"""Regions as bits, postcode areas, distances."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garagehub.lib import geography as geo

regions = st.integers(0, 11)


@given(st.sets(regions))
def test_a_set_of_regions_holds_exactly_its_regions_and_anywhere_if_it_holds_any(wanted):
    bits = geo.mask(*wanted)
    assert {region for region in range(12) if geo.has(bits, region)} == wanted
    assert geo.has(bits, geo.UK) == bool(wanted)


@given(regions)
def test_a_place_reaches_itself_and_neighbours_reach_each_other(region):
    assert geo.has(geo.reach_of(region), region)
    for other in range(12):
        assert geo.has(geo.reach_of(region), other) == geo.has(geo.reach_of(other), region)


def test_all_regions_is_every_region_and_anywhere():
    assert geo.mask(*range(12)) == geo.ALL_REGIONS


@pytest.mark.parametrize(
    ("postcode", "letters", "region"),
    [
        ("LE4 2BN", "LE", "East Midlands"),
        ("le4", "LE", "East Midlands"),
        ("SW1A 1AA", "SW", "London"),
        ("b1 1aa", "B", "West Midlands"),
        ("BT7 1NN", "BT", "Northern Ireland"),
    ],
)
def test_a_postcode_or_its_first_half_names_its_area(postcode, letters, region):
    area = geo.area_of(postcode)
    assert area is not None
    assert (area.letters, geo.REGION_NAMES[area.region]) == (letters, region)


@pytest.mark.parametrize("text", ["", "LE", "12345", "ZZ1 1AA", "JE2 3AB", "LE4 2B", "not a postcode", "LE42BNX"])
def test_what_is_no_postcode_of_the_mot_scheme_names_no_area(text):
    assert geo.area_of(text) is None


def test_there_are_121_areas_and_every_region_has_one():
    assert len(geo.AREAS) == 121
    assert {area.region for area in geo.AREAS.values()} == set(range(12))


def test_leicester_is_about_85_miles_from_the_middle_of_london():
    leicester, london = geo.AREAS["LE"], geo.AREAS["EC"]
    assert geo.miles_between(*leicester[2:], *london[2:]) == pytest.approx(87, abs=3)


@given(st.floats(0, 900))
def test_distances_are_shown_to_five_miles_and_never_as_nothing(distance):
    shown = geo.about_miles(distance)
    assert shown % 5 == 0
    assert shown >= 5
    assert abs(shown - distance) <= 5
