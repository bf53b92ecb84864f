"""Our states in Statuspage's words: a closed set, whatever goes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealers.statuspage.words import Told, blend, identifier, overall
from tests.dealers.statuspage.shapes import COMPONENT_STATUS, ID, IMPACT, STATUS

WORKING, SLOW, PARTIAL, MAJOR, WORK = (
    "operational",
    "degraded_performance",
    "partial_outage",
    "major_outage",
    "under_maintenance",
)
ORDER = [WORKING, WORK, SLOW, PARTIAL, MAJOR]
lists = st.lists(st.sampled_from(ORDER), max_size=40)
states = st.sampled_from(["operational", "degraded", "down", "unknown"])


@pytest.mark.parametrize(
    ("words", "indicator"),
    [
        ([], "none"),
        ([WORKING] * 9, "none"),
        ([WORKING] * 9 + [WORK], "maintenance"),
        ([WORKING] * 99 + [SLOW], "minor"),
        ([WORKING] * 10 + [MAJOR], "minor"),
        ([WORKING] * 9 + [MAJOR], "major"),
        ([WORKING] * 9 + [PARTIAL], "major"),
        ([PARTIAL] * 9, "major"),
        ([WORKING] * 5 + [MAJOR] * 4, "major"),
        ([WORKING] * 4 + [MAJOR] * 4, "critical"),
        ([WORK, MAJOR], "critical"),
    ],
)
def test_the_published_formula(words, indicator):
    assert overall(words, unknown=0)["indicator"] == indicator


def test_on_a_page_of_roll_ups_any_outage_counts():
    words = [WORKING] * 100 + [MAJOR]
    assert overall(words, unknown=0, of_roll_ups=True)["indicator"] == "major"


def test_without_components_the_incidents_say_how_it_is():
    assert overall([], unknown=0, impacts=["minor", "critical", "none"])["indicator"] == "critical"


@given(words=lists, unknown=st.integers(0, 40), impacts=st.lists(st.sampled_from(sorted(IMPACT)), max_size=4))
def test_nothing_but_the_formats_words_ever_comes_out(words, unknown, impacts):
    said = overall(words, unknown=unknown, impacts=impacts)
    assert set(said) == STATUS
    assert said["indicator"] in IMPACT
    assert blend(words) in COMPONENT_STATUS


@given(words=lists, place=st.integers(0, 39))
def test_one_component_getting_worse_never_makes_the_whole_better(words, place):
    if place >= len(words):
        return
    worse = [*words[:place], MAJOR, *words[place + 1 :]]
    assert ORDER.index(blend(worse)) >= ORDER.index(blend(words))


@given(
    state=states,
    last=st.sampled_from(["", "operational", "degraded", "down", "unknown"]),
    is_contradicted=st.booleans(),
)
def test_what_is_told_is_always_a_word_of_the_format_and_unknown_always_says_so(state, last, is_contradicted):
    told = Told(state, None, last, is_contradicted)
    assert told.word in COMPONENT_STATUS
    assert (told.description is not None) == (state == "unknown")


@given(keys=st.lists(st.one_of(st.text(), st.integers()), max_size=4))
def test_an_id_has_the_formats_shape_and_stays(keys):
    assert ID.fullmatch(identifier(*keys))
    assert identifier(*keys) == identifier(*keys)


def test_keys_do_not_run_into_each_other():
    assert identifier("a", "bc") != identifier("ab", "c")
