"""Plates are a bijection of the index, and nobody's."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garagehub.scenario.plates import CAPACITY, MOCK_PLATES, index_of, registration_of

indexes = st.integers(min_value=0, max_value=CAPACITY - 1)
seeds = st.integers(min_value=0, max_value=2**32)


@given(index=indexes, seed=seeds)
def test_a_plate_leads_back_to_its_index(index, seed):
    assert index_of(registration_of(index, seed=seed), seed=seed) == index


@given(index=st.integers(min_value=len(MOCK_PLATES), max_value=CAPACITY - 1), seed=seeds)
def test_an_invented_plate_has_an_age_that_is_not_issued_before_2030(index, seed):
    plate = registration_of(index, seed=seed)
    assert re.fullmatch(r"[A-HJ-PR-Y]{2}[89][0-9][A-HJ-PR-Z]{3}", plate)


@given(letters=st.text("ABCDEFGHJKLMNOPRSTUVWXY", min_size=2, max_size=2), age=st.integers(80, 99), seed=seeds)
def test_every_plate_of_that_shape_leads_to_an_index_that_has_it_or_to_none(letters, age, seed):
    plate = f"{letters}{age}KTR"
    index = index_of(plate, seed=seed)
    assert index is None or registration_of(index, seed=seed) == plate


@pytest.mark.parametrize(
    "plate", ["", "AB12CDE", "AB79CDE", "AQ80CDE", "AZ80CDE", "AB80CDI", "ER19NFD", "AB8²CDE", "A B80CDE", "AB80CDEF"]
)
def test_other_plates_are_of_no_fleet(plate):
    assert index_of(plate, seed=1) is None


def test_the_first_vehicles_have_the_plates_dvla_publishes_for_tests():
    assert [registration_of(index, seed=7) for index in range(len(MOCK_PLATES))] == list(MOCK_PLATES)


@pytest.mark.parametrize("index", [-1, CAPACITY])
def test_an_index_without_a_plate_is_refused(index):
    with pytest.raises(ValueError, match=r"0 or more|plates for"):
        registration_of(index, seed=1)
