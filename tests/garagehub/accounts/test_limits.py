"""How often one may try: counted before the try is looked at, by whoever asks, however many ask at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from garagehub.accounts.limits import Limit, forget_old, give_back, network_of, start_again, take_turn
from garagehub.accounts.models import TryCount

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
THREE = Limit("test", 3, timedelta(minutes=10))
pytestmark = pytest.mark.django_db


def test_three_tries_are_taken_and_the_fourth_is_told_how_long_to_wait():
    turns = [take_turn(THREE, "ann", at=AT + timedelta(minutes=n)) for n in range(5)]

    assert [turn.is_refused for turn in turns] == [False, False, False, True, True]
    assert [turn.is_first_refused for turn in turns] == [False, False, False, True, False]
    assert turns[3].minutes == 7


def test_tries_while_waiting_do_not_make_the_wait_longer():
    for minute in range(10):
        take_turn(THREE, "ann", at=AT + timedelta(minutes=minute))

    assert not take_turn(THREE, "ann", at=AT + THREE.window).is_refused


def test_each_limit_and_each_person_has_its_own_count():
    for _ in range(4):
        take_turn(THREE, "ann", at=AT)

    assert take_turn(THREE, "bob", at=AT).number == 1
    assert take_turn(THREE._replace(what="other"), "ann", at=AT).number == 1


def test_a_good_try_does_not_count_and_all_can_be_forgotten():
    give_back(take_turn(THREE, "ann", at=AT))
    assert take_turn(THREE, "ann", at=AT).number == 1
    start_again(THREE, "ann")
    assert take_turn(THREE, "ann", at=AT).number == 1


def test_the_table_names_nobody():
    take_turn(THREE, "ann@example.com", at=AT)

    assert "ann" not in TryCount.objects.get().subject


def test_old_counts_go():
    take_turn(THREE, "ann", at=AT)
    take_turn(THREE, "bob", at=AT + timedelta(minutes=5))

    assert forget_old(at=AT + THREE.window) == 1
    assert TryCount.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_moment_are_all_counted():
    def one(_: int) -> int:
        try:
            return take_turn(THREE, "ann", at=AT).number
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(one, range(30))) == list(range(1, 31))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("not an address", "not an address"),
    ],
)
def test_an_ipv6_household_counts_as_one(address, network):
    assert network_of(address) == network


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_two_ipv4_addresses_never_count_as_one(one, other):
    assert (network_of(str(one)) == network_of(str(other))) == (one == other)
