"""Numbers and words as typed, found."""

from __future__ import annotations

import pytest

from garagehub.lib.errors import DomainError
from parts.catalogue.models import PartNumber, Supersession
from parts.catalogue.search import resolve_numbers, search_parts
from parts.catalogue.supersession import save_supersession
from tests.parts.catalogue.conftest import make_part

pytestmark = pytest.mark.django_db


def test_each_kind_of_match_in_the_order_asked_with_repeats_kept(django_assert_num_queries):
    spring, old, new = make_part("LR 023-964"), make_part("LR1"), make_part("LR2")
    make_part("40-1188", brand="Tarnfield")
    make_part("40 1188", brand="Oakwater")
    save_supersession(Supersession(old=old, new=new, ratio=2))
    asked = ["LR 023-964", "lr023964", "LR1", "401188", "nothing", "", " - ", "LR 023-964", "\0"]

    with django_assert_num_queries(1):
        matches = resolve_numbers(asked)

    assert [match.input for match in matches] == asked
    assert [match.matched for match in matches] == [
        "exact",
        "normalised",
        "superseded",
        "ambiguous",
        "unknown",
        "unknown",
        "unknown",
        "exact",
        "unknown",
    ]
    assert matches[0] == matches[7]
    assert matches[1].part_id == spring.pk
    assert matches[1].part_number == "LR 023-964"
    assert matches[2].part_id == old.pk
    assert [(s.part_number, s.ratio, s.depth) for s in matches[2].successors] == [("LR2", 2, 1)]
    assert matches[3].part_id is None
    assert [candidate.brand for candidate in matches[3].candidates] == ["Oakwater", "Tarnfield"]


def test_another_number_of_a_part_finds_it_and_shows_its_main_one():
    part = make_part("LR1")
    PartNumber.objects.create(part=part, brand=part.brand, raw="RTC-99", norm="RTC99", is_main=False)

    [match] = resolve_numbers(["rtc99"])

    assert (match.matched, match.part_id, match.part_number) == ("normalised", part.pk, "LR1")


def test_successors_come_nearest_first_and_each_once():
    a, b, c, d = (make_part(f"LR{n}") for n in range(4))
    for old, new in [(a, b), (a, c), (b, d), (c, d)]:
        save_supersession(Supersession(old=old, new=new))

    [match] = resolve_numbers(["LR0"])

    assert [(s.part_number, s.depth) for s in match.successors] == [("LR1", 1), ("LR2", 1), ("LR3", 2)]


def test_five_hundred_numbers_take_one_query_and_more_are_refused(django_assert_num_queries):
    for n in range(20):
        make_part(f"LR{n:03d}")

    with django_assert_num_queries(1):
        matches = resolve_numbers([f"lr {n:03d}" for n in range(500)])
    assert sum(match.matched == "normalised" for match in matches) == 20

    with pytest.raises(DomainError) as caught:
        resolve_numbers(["LR1"] * 501)
    assert caught.value.code == "too_many_numbers"


def test_nothing_asked_is_nothing_found():
    assert resolve_numbers([]) == []


def test_parts_are_found_by_the_start_of_a_number_and_by_words():
    spring = make_part("LR023964", description="Coil spring, front")
    pads = make_part("PB 0017-A", brand="Pennine Brake", description="Brake pad set, front")

    assert list(search_parts("lr 023")) == [spring]
    assert list(search_parts("front spring")) == [spring]
    assert list(search_parts("pennine pad")) == [pads]
    assert list(search_parts("pb0017a")) == [pads]
    assert not search_parts("   ").exists()
    assert not search_parts("\0").exists()
