"""What dealers of one make tell of each other."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealers.peers import Case, judge_all
from dealers.status import Item

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GROUP = ("make", "diagnostics")


def check(claim, *, repeats=1, age_s=0):
    return Item("probe", "probe", claim, AT - timedelta(seconds=age_s), repeats=repeats)


def garage(name, claim):
    return Item("garage", f"garage:{name}", claim, AT, organisation=name)


def case(*items, previous="unknown", group=GROUP):
    return Case(tuple(items), previous, (group,))


def test_an_outage_of_the_whole_make_shows_at_the_first_failing_checks():
    verdicts = judge_all({n: case(check("down"), previous="operational") for n in range(20)}, at=AT)
    assert {verdict.state for verdict in verdicts.values()} == {"down"}


def test_one_dealer_failing_among_many_that_work_is_not_called_down_at_once():
    world = {n: case(check("operational", repeats=9)) for n in range(20)} | {"one": case(check("down"))}
    assert judge_all(world, at=AT)["one"].state == "unknown"


def test_peers_below_the_quorum_do_not_count():
    world = {n: case(check("down", repeats=9)) for n in range(2)} | {"one": case(garage("A", "down"))}
    assert judge_all(world, at=AT)["one"].reasons[-1].count == 0
    world |= {2: case(check("down", repeats=9))}
    assert judge_all(world, at=AT)["one"].reasons[-1].count == 3


def test_peers_of_another_make_or_system_do_not_count():
    world = {n: case(check("down", repeats=9), group="other") for n in range(20)} | {"one": case(garage("A", "down"))}
    assert judge_all(world, at=AT)["one"].state == "unknown"


@pytest.mark.parametrize("previous", ["operational", "down"])
def test_a_garage_of_no_make_has_no_peers_whatever_it_went_through(previous):
    """It came back from trouble lately, as it may; and others of no make are no peers of it either."""
    alone = Case((check("down", repeats=9),), previous, (), back_at=AT - timedelta(hours=1))
    world = {n: case(check("operational", repeats=9)) for n in range(5)} | dict.fromkeys("ab", alone)
    verdicts = judge_all(world, at=AT)
    assert verdicts["a"] == verdicts["b"] == judge_all({"a": alone}, at=AT)["a"]
    assert verdicts["a"].state == "down"


def test_peers_alone_say_nothing_of_a_dealer_nobody_spoke_of():
    world = {n: case(check("down", repeats=9)) for n in range(20)} | {"silent": case()}
    assert judge_all(world, at=AT)["silent"].state == "unknown"


def test_a_dealer_is_left_out_of_its_own_prior():
    world = {n: case(check("operational", repeats=9)) for n in range(4)}
    with_own = judge_all(world | {"one": case(check("down", repeats=9))}, at=AT)["one"]
    assert with_own.reasons[-1].count == 4
    assert with_own.reasons[-1].points < -10


def test_a_peer_that_shares_two_makes_counts_once():
    both = ("one make", "another make")
    world = {n: Case((check("down", repeats=9),), "unknown", both) for n in range(5)}
    world["one"] = Case((check("down"),), "unknown", both)
    world["third"] = Case((check("down"),), "unknown", ("another make",))
    verdicts = judge_all(world, at=AT)
    assert verdicts["one"].reasons[-1].count == 6
    assert verdicts["third"].reasons[-1].count == 6


def test_one_garage_cannot_turn_a_make_by_reporting_every_dealer():
    world = {n: case(check("operational"), garage("liar", "down"), previous="operational") for n in range(300)}
    world |= {f"quiet {n}": case(garage("liar", "down")) for n in range(300)}
    verdicts = judge_all(world, at=AT)
    assert {verdict.state for verdict in verdicts.values()} == {"operational", "unknown"}
    assert all(verdicts[n].state == "operational" for n in range(300))


def test_a_crowd_of_anonymous_people_moves_no_peer():
    flood = [Item("public", f"p{n}", "down", AT) for n in range(100)]
    world = {n: case(*flood) for n in range(50)} | {"one": case(garage("A", "down"))}
    assert judge_all(world, at=AT)["one"].state == "unknown"


def test_recovery_shows_at_each_dealer_whose_check_works_while_its_peers_are_still_down():
    world = {n: case(check("down", repeats=50), previous="down") for n in range(20)}
    world["back"] = case(check("operational"), previous="down")
    verdicts = judge_all(world, at=AT)
    assert verdicts["back"].state == "operational"
    assert verdicts[0].state == "down"


claims = st.sampled_from(["operational", "degraded", "down"])
some_cases = st.builds(
    lambda probe, own, previous: case(*probe, *own, previous=previous),
    st.lists(st.builds(check, claims, repeats=st.integers(1, 9), age_s=st.integers(0, 9_000)), max_size=1),
    st.lists(st.builds(garage, st.sampled_from("ABC"), claims), max_size=2, unique_by=lambda row: row.source),
    st.sampled_from(["operational", "degraded", "down", "unknown"]),
)


@given(rows=st.lists(some_cases, max_size=12), data=st.data())
def test_the_order_of_dealers_does_not_show(rows, data):
    world = dict(enumerate(rows))
    keys = data.draw(st.permutations(list(world)))
    assert judge_all({key: world[key] for key in keys}, at=AT) == judge_all(world, at=AT)


@given(rows=st.lists(some_cases, max_size=12))
def test_asking_for_some_answers_the_same_as_asking_for_all(rows):
    world = dict(enumerate(rows))
    every = judge_all(world, at=AT)
    assert judge_all(world, at=AT, only={0, 3}) == {key: every[key] for key in every if key in {0, 3}}
