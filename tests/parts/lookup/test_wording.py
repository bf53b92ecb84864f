"""The sentence an owner reads first."""

from hypothesis import given
from hypothesis import strategies as st

from parts.blocking.models import Reason
from parts.blocking.rules import BLOCKING
from parts.lookup import wording

BLOCKING_CODES = [reason.label for reason in Reason if reason & BLOCKING]


def said(status, *codes, missing=1, repairs=1):
    return wording.headline(status, reasons=codes, missing=missing, repairs=repairs, place="Wales")


def test_one_missing_part_is_said_in_one_plain_sentence():
    assert said("blocked", "part_unavailable") == "Your car is waiting for one part that nobody has today."


def test_several_missing_parts_are_counted():
    assert "two parts" in said("blocked", "part_unavailable", missing=2)


def test_a_part_elsewhere_names_the_place_that_nobody_delivers_to():
    assert "Wales" in said("blocked", "part_not_in_region")


def test_the_gravest_reason_gives_the_sentence():
    assert said("blocked", "no_diagnostics", "part_unavailable") == said("blocked", "part_unavailable")


def test_an_unmapped_fault_is_not_blamed_on_a_source():
    assert "do not know which repair" in said("unknown", "repair_unknown")
    assert "not answering" in said("unknown", "availability_unknown")


@given(st.lists(st.sampled_from(BLOCKING_CODES), min_size=1), st.integers(0, 9))
def test_every_blocked_car_gets_a_sentence(codes, missing):
    sentence = said("blocked", *codes, missing=missing)
    assert sentence.startswith("Your car is waiting")
    assert "{" not in sentence


def test_no_source_is_never_called_zero_sources():
    assert wording.sources(0) == "no source we can check"
    assert wording.sources(1) == "the one source checked"
    assert wording.sources(4) == "the 4 sources checked"
