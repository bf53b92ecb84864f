from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts.vehicles import registration
from parts.vehicles.registration import BadRegistrationError, Kind

ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
DVLA_MOCK_PLATES = ("AA19AAA", "AA19EEE", "AA19PPP", "AA19SRN", "AA19DSL", "AA19MOT", "AA19AMP")


@pytest.mark.parametrize(
    "typed",
    ["aa19 aaa", "AA19AAA", " AA19-AAA ", "\uff21\uff21\uff11\uff19\uff21\uff21\uff21", "aa19\u00a0aaa", "AA 19 A.A.A"],
)
def test_a_plate_is_compared_as_capitals_and_digits_only(typed):
    assert registration.normalise(typed) == "AA19AAA"


@pytest.mark.parametrize("typed", ["", "  ", "!!!", "ABCDEFG", "1234567", "A", "7", "AA19AAAA", "AA19 AAA 1", "é1" * 9])
def test_what_cannot_be_a_plate_is_refused(typed):
    with pytest.raises(BadRegistrationError) as caught:
        registration.normalise(typed)
    assert isinstance(caught.value, ValueError)
    assert caught.value.code == "invalid_registration"


def test_o_and_zero_are_never_swapped_silently():
    assert registration.normalise("AAO1AAA") == "AAO1AAA"
    assert registration.suggestions("AAO1AAA") == ["AA01AAA"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("AAI9AAA", "AA19AAA"), ("AB8ICDE", "AB81CDE"), ("AB81C0E", "AB81COE"), ("0B81CDE", "OB81CDE")],
)
def test_a_mistaken_letter_or_digit_is_suggested_right(typed, meant):
    assert meant in registration.suggestions(typed)


def test_nothing_is_suggested_for_a_plate_without_o_i_0_or_1():
    assert registration.suggestions("AB82CDE") == []


@pytest.mark.parametrize("plate", DVLA_MOCK_PLATES)
def test_dvlas_mock_plates_are_current_ones(plate):
    assert registration.kind_of(plate) is Kind.CURRENT


@pytest.mark.parametrize(
    ("plate", "kind"),
    [
        ("L2WPS", Kind.PREFIX),
        ("ABC123D", Kind.SUFFIX),
        ("Q123ABC", Kind.Q),
        ("AIZ1234", Kind.NORTHERN_IRELAND),
        ("1AB", Kind.DATELESS),
        ("123D456", Kind.DIPLOMATIC),
        ("AB25IQA", None),
        ("QA25ABC", None),
    ],
)
def test_the_kind_is_guessed_by_the_strict_shapes(plate, kind):
    assert registration.kind_of(plate) is kind


@pytest.mark.parametrize(
    ("plate", "first", "last"),
    [
        ("AB25CDE", date(2025, 3, 1), date(2025, 8, 31)),
        ("AB75CDE", date(2025, 9, 1), date(2026, 2, 28)),
        ("AB73CDE", date(2023, 9, 1), date(2024, 2, 29)),
        ("AB51CDE", date(2001, 9, 1), date(2002, 2, 28)),
    ],
)
def test_the_age_identifier_says_when_a_plate_was_issued(plate, first, last):
    issue = registration.issued(plate)
    assert issue == registration.Issue(first, last)


def test_only_current_plates_say_when_they_were_issued():
    assert registration.issued("L2WPS") is None


def test_messages_show_a_masked_plate():
    assert registration.masked("AA19AAA") == "AA*****"
    assert registration.masked("A1") == "A1"


@given(st.text(max_size=40))
def test_cleaning_twice_changes_nothing_and_leaves_only_letters_and_digits(text):
    cleaned = registration.cleaned(text)
    assert registration.cleaned(cleaned) == cleaned
    assert set(cleaned) <= set(ALPHANUMERIC)


@given(st.text(alphabet=ALPHANUMERIC + ALPHANUMERIC.lower() + " -.", max_size=12))
def test_normalise_answers_or_refuses_by_one_rule(text):
    cleaned = registration.cleaned(text)
    if registration.is_plausible(cleaned):
        assert registration.normalise(text) == cleaned
        assert 2 <= len(cleaned) <= 7
    else:
        with pytest.raises(BadRegistrationError):
            registration.normalise(text)


@given(st.text(alphabet="OI01AB", min_size=2, max_size=7))
def test_suggestions_are_strict_plates_of_the_same_look_and_never_the_plate_itself(plate):
    alike = str.maketrans("OI", "01")
    for suggestion in registration.suggestions(plate):
        assert suggestion != plate
        assert registration.kind_of(suggestion)
        assert suggestion.translate(alike) == plate.translate(alike)


@given(st.sampled_from(list(range(1, 51)) + list(range(51, 100))))
def test_issues_follow_each_other_without_gaps(age):
    issue = registration.issued(f"AB{age:02}CDE")
    following = age - 49 if age > 50 else age + 50
    if following > 99 or following < 1:
        return
    after = registration.issued(f"AB{following:02}CDE")
    assert (after.first_on - issue.last_on).days == 1
