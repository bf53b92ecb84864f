"""What goes to and fro, and what came back."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dealers.swings import Change, Swings, look_back, steady

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STATES = ["operational", "degraded", "down", "unknown"]


def course(*states, every=timedelta(minutes=30)):
    """These states one after the other, the last one just now."""
    start = AT - every * (len(states) - 2)
    return [Change(old, new, start + every * n) for n, (old, new) in enumerate(pairwise(states))]


def turns(*states, **extra):
    return look_back(course(*states, **extra), at=AT).turns


def test_one_outage_and_its_end_turn_back_once():
    assert turns("operational", "down", "operational") == 1


def test_a_slow_recovery_does_not_turn_back():
    assert turns("operational", "degraded", "down", "degraded", "operational") == 1


def test_to_and_fro_is_counted_and_called_unstable():
    swings = look_back(course("operational", "down", "operational", "down", "operational"), at=AT)
    assert swings.turns == 3
    assert swings.is_unstable(was=False)


def test_what_is_not_known_in_between_is_no_swing():
    assert turns("down", "unknown", "down", "unknown", "down") == 0
    assert turns("operational", "unknown", "down", "unknown", "operational") == 1


def test_a_turn_that_hesitates_dates_from_its_beginning():
    changes = course("operational", "down", "unknown", "operational")
    then = AT - timedelta(minutes=30) + timedelta(hours=6)
    assert look_back(changes, at=then - timedelta(minutes=1)).turns == 1
    assert look_back(changes, at=then).turns == 0


def test_what_swung_long_ago_no_longer_counts():
    states = ("operational", "down", "operational", "down", "operational")
    assert turns(*states, every=timedelta(hours=3)) == 2
    assert turns(*states, every=timedelta(hours=13)) == 1


def test_unstable_is_held_until_it_has_settled():
    assert Swings(2).is_unstable(was=True)
    assert not Swings(2).is_unstable(was=False)
    assert not Swings(1).is_unstable(was=True)


def test_the_last_return_from_trouble_is_remembered_for_a_day():
    changes = course("operational", "down", "unknown", "operational")
    assert look_back(changes, at=AT).back_at == AT
    assert look_back(changes, at=AT + timedelta(hours=23)).back_at == AT
    assert look_back(changes, at=AT + timedelta(hours=25)).back_at is None
    assert look_back(course("unknown", "operational"), at=AT).back_at is None


def test_an_unstable_system_is_not_called_working_but_down_stays_down():
    assert [steady(state, is_unstable=True) for state in STATES] == ["degraded", "degraded", "down", "unknown"]
    assert [steady(state, is_unstable=False) for state in STATES] == STATES


@given(states=st.lists(st.sampled_from(STATES), min_size=2, max_size=12), data=st.data())
def test_the_order_of_changes_does_not_show_and_turns_are_bounded(states, data):
    changes = course(*states)
    shuffled = data.draw(st.permutations(changes))
    assert look_back(shuffled, at=AT) == look_back(changes, at=AT)
    assert 0 <= look_back(changes, at=AT).turns <= max(0, len(changes) - 1)
