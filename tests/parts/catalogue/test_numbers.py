"""Numbers compare as people mean them, and never merge two products."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts.catalogue.numbers import normalise

ASCII = st.text(alphabet=st.characters(min_codepoint=0, max_codepoint=127), max_size=30)


@pytest.mark.parametrize(
    ("raw", "norm"),
    [
        ("LR023964", "LR023964"),
        (" lr 023-964 ", "LR023964"),
        ("RTC.3254/A", "RTC3254A"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER L}R\N{FULLWIDTH DIGIT ZERO}23964", "LR023964"),
        ("C2D\N{EN DASH}11234", "C2D11234"),
        ("LR\u00a0023\u200b964", "LR023964"),
        ("", ""),
        (" - ", ""),
    ],
)
def test_one_spelling_for_many(raw, norm):
    assert normalise(raw) == norm


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0012345", "12345"),
        ("LR023964", "LR023964R"),
        ("C2D11234#", "C2D11234"),
        ("C2D11234*", "C2D11234"),
        ("5E10", "50000000000"),
        ("LR0O1", "LR001"),
        ("LR_1", "LR1"),
    ],
)
def test_different_products_stay_apart(one, other):
    assert normalise(one) != normalise(other)


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing(raw):
    assert normalise(normalise(raw)) == normalise(raw)


@given(st.text(max_size=30), st.sampled_from([" ", "-", ".", "/", "\t", "\u00a0", "\u2011"]), st.integers(0, 30))
def test_a_separator_anywhere_changes_nothing_of_plain_numbers(raw, separator, place):
    plain = "".join(character for character in raw if character.isascii())
    place = min(place, len(plain))

    assert normalise(plain[:place] + separator + plain[place:]) == normalise(plain)


@given(ASCII)
def test_letters_and_digits_all_survive_in_order(raw):
    assert [c for c in normalise(raw) if c.isalnum()] == [c for c in raw.upper() if c.isalnum()]


@given(ASCII)
def test_the_quick_way_for_plain_text_equals_the_general_way(raw):
    # One fullwidth letter forces the general way; what it adds is known.
    assert normalise(raw + "\N{FULLWIDTH LATIN CAPITAL LETTER A}") == normalise(raw) + "A"
