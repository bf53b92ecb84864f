"""The rules of being quiet, on invented changes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dealers.notices import news
from dealers.notices.news import Background, Move, gather

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STATES = ["operational", "degraded", "down", "unknown"]


def move(number=1, dealer=1, new="down", minutes_ago=10.0, system="diagnostics"):
    return Move(number, dealer, system, new, AT - timedelta(minutes=minutes_ago))


def background(before=None, recent=None, makes=None, told_widely=()):
    every = {number: {1} for number in range(1_000)}
    return Background(before=before or {}, recent=recent or {}, makes=makes or every, told_widely=told_widely)


KNOWN = {(dealer, "diagnostics"): "operational" for dealer in range(1_000)}


def test_a_change_is_told_once_it_has_settled():
    assert gather([move(minutes_ago=4)], background(KNOWN), at=AT).items == ()

    [item] = gather([move(minutes_ago=5)], background(KNOWN), at=AT).items
    assert (item.dealer_id, item.old, item.new, item.times) == (1, "operational", "down", 0)


def test_what_changed_back_meanwhile_is_no_news_and_is_done_with():
    found = gather([move(1), move(2, new="operational", minutes_ago=6)], background(KNOWN), at=AT)

    assert (found.items, found.settled) == ((), (1, 2))


def test_losing_sight_is_no_news_and_finding_again_in_the_same_state_neither():
    assert gather([move(new="unknown")], background(KNOWN), at=AT).items == ()
    assert gather([move(new="operational")], background(KNOWN), at=AT).items == ()
    assert len(gather([move(new="down")], background(KNOWN), at=AT).items) == 1


def test_what_is_first_known_to_work_is_no_news_and_first_known_not_to_is():
    assert gather([move(new="operational")], background(), at=AT).items == ()
    assert len(gather([move(new="down")], background(), at=AT).items) == 1


def test_a_restless_system_is_told_of_once_when_it_is_calm():
    moves = [move(n, new=STATES[n % 2 * 2], minutes_ago=70 - 10 * n) for n in range(1, 5)]  # newest half an hour old
    restless = background(KNOWN, recent={(1, "diagnostics"): 4})

    assert gather(moves, restless, at=AT - timedelta(minutes=1)).settled == ()
    found = gather(moves, restless, at=AT)
    assert [item.times for item in found.items] == [4]
    assert found.settled == (1, 2, 3, 4)


def test_a_system_that_never_rests_is_told_of_every_two_hours():
    moves = [move(n, minutes_ago=122 - 2 * n, new=STATES[n % 2 * 2]) for n in range(1, 60)]
    restless = background(KNOWN, recent={(1, "diagnostics"): 59})

    assert len(gather(moves, restless, at=AT).items) == 1


def test_three_hundred_dealers_make_one_digest():
    found = gather([move(n, dealer=n) for n in range(300)], background(KNOWN), at=AT)

    [digest] = found.digests
    assert (digest.make_id, digest.system, digest.counts()) == (1, "diagnostics", {"down": 300})
    assert len(found.settled) == 300


def test_five_are_told_of_singly():
    assert gather([move(n, dealer=n) for n in range(5)], background(KNOWN), at=AT).digests == ()
    assert len(gather([move(n, dealer=n) for n in range(6)], background(KNOWN), at=AT).digests) == 1


def test_those_that_have_not_settled_come_along_with_the_first_of_their_make():
    moves = [move(n, dealer=n, minutes_ago=n * 0.05) for n in range(101)]

    assert len(gather(moves, background(KNOWN), at=AT).settled) == 101


def test_after_a_digest_the_same_make_and_system_waits():
    told = background(KNOWN, told_widely={(1, "diagnostics")})

    assert gather([move()], told, at=AT).settled == ()
    assert gather([move(system="warranty")], told, at=AT).settled == (1,)
    assert gather([move(minutes_ago=120)], told, at=AT).settled == (1,), "but not for ever"


def test_old_news_is_dropped():
    found = gather([move(minutes_ago=361)], background(KNOWN), at=AT)
    assert (found.items, found.settled) == ((), (1,))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 12),
            st.sampled_from(STATES),
            st.integers(0, 400),
            st.sampled_from(["warranty", "diagnostics"]),
        ),
        max_size=40,
    ),
    st.integers(1, 3),
)
def test_nothing_is_told_twice_or_kept_for_ever(drawn, makes):
    moves = [Move(n, d, system, new, AT - timedelta(minutes=ago)) for n, (d, new, ago, system) in enumerate(drawn)]
    counted = {}
    for one in moves:
        counted[one.dealer_id, one.system] = counted.get((one.dealer_id, one.system), 0) + 1
    past = background(KNOWN, counted, {dealer: set(range(dealer % makes + 1)) for dealer in range(13)})

    first = gather(moves, past, at=AT)
    told = {(item.dealer_id, item.system) for item in first.items}
    assert len(told) == len(first.items), "one line for each dealer and system"
    rest = [one for one in moves if one.id not in first.settled]
    assert not {(one.dealer_id, one.system) for one in rest} & told
    later = gather(rest, past, at=AT + news.LONGEST_HOLD)
    assert {one.id for one in rest} == set(later.settled)
    for digest in first.digests:
        assert len(digest.items) > news.MANY
        assert set(digest.items) <= set(first.items)
