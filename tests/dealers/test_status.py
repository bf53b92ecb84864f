"""The rules of the verdict, by example and by property."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dealers import models
from dealers.shares import roll_up
from dealers.status import VOICES, Item, Prior, judge, trust_of

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BADNESS = {"operational": 0, "unknown": 1, "degraded": 2, "down": 3}
WORSE = {"operational": "degraded", "degraded": "down", "down": "down"}


def item(kind, claim, *, age_s=0, source=None, organisation="", **extra):
    return Item(kind, source or f"{kind}:own", claim, AT - timedelta(seconds=age_s), organisation=organisation, **extra)


def say(*items, previous="unknown", prior=None):
    return judge(items, at=AT, previous=previous, prior=prior)


items = st.builds(
    Item,
    kind=st.sampled_from(sorted(VOICES)),
    source=st.sampled_from("abcdef"),
    claim=st.sampled_from(["operational", "degraded", "down"]),
    observed_at=st.integers(-60, 200_000).map(lambda age: AT - timedelta(seconds=age)),
    organisation=st.sampled_from(["", "one", "two"]),
    trust=st.none() | st.floats(0.55, 0.95),
    repeats=st.integers(1, 50),
)
worlds = st.lists(items, max_size=8, unique_by=lambda row: (row.kind, row.source))
states = st.sampled_from(sorted(BADNESS))
priors = st.tuples(st.floats(0.02, 0.75), st.floats(0.02, 0.75)).map(lambda pair: Prior(max(pair), min(pair), 5))
unchecked = worlds.map(lambda rows: [row for row in rows if row.kind != "probe"])


def test_states_and_kinds_are_the_models_own():
    assert set(models.State.values) == set(BADNESS)
    assert set(models.Evidence.Kind.values) == set(VOICES)


def test_without_evidence_nothing_is_said():
    verdict = say()
    assert (verdict.state, verdict.confidence, verdict.evidence_at) == ("unknown", 0, None)


def test_a_fresh_check_that_finds_it_working_is_believed():
    assert say(item("probe", "operational")).state == "operational"


def test_a_fresh_check_is_believed_even_when_all_peers_are_down():
    assert say(item("probe", "operational"), prior=Prior(0.75, 0.75, 50)).state == "operational"


def test_one_failed_check_is_not_yet_an_outage_but_no_longer_fine():
    assert say(item("probe", "down"), previous="operational").state == "unknown"


def test_a_check_that_keeps_failing_is_an_outage():
    assert say(item("probe", "down", repeats=3)).state == "down"


def test_one_failed_check_is_an_outage_when_the_peers_are_down_too():
    assert say(item("probe", "down"), prior=Prior(0.6, 0.6, 20)).state == "down"


@pytest.mark.parametrize(("claim", "state"), [("down", "down"), ("degraded", "degraded")])
def test_the_dealers_own_word_shows_at_once_against_a_long_row_of_good_checks(claim, state):
    own, check = item("dealer", claim), item("probe", "operational", age_s=30, repeats=500)
    verdict = say(own, check, previous="operational")
    assert verdict.state == state
    assert verdict.reasons[0].kind == "dealer"


def test_the_dealers_own_word_shows_at_once_against_the_checks_the_maker_and_other_garages():
    rows = [item("dealer", "down"), item("probe", "operational", repeats=500), item("manufacturer", "operational")]
    rows += [item("garage", "operational", source=f"garage:{n}") for n in range(3)]
    assert say(*rows, previous="operational").state == "down"


def test_the_dealer_saying_it_works_again_shows_at_once_though_the_peers_are_down():
    rows = [item("dealer", "operational"), item("probe", "down", age_s=100, repeats=20)]
    assert say(*rows, previous="down", prior=Prior(0.75, 0.75, 80)).state == "operational"


def test_the_dealers_word_fades_when_checks_go_on_finding_the_opposite():
    check = item("probe", "operational", repeats=500)
    seen = [say(item("dealer", "down", age_s=hours * 3600), check, previous="down").state for hours in range(13)]
    assert seen[:3] == ["down"] * 3
    assert seen[-1] == "operational"


def test_one_garage_does_not_take_a_working_system_down():
    rows = [item("probe", "operational"), item("garage", "down", source="garage:A")]
    assert say(*rows, previous="operational").state == "operational"


def test_one_garage_alone_proves_nothing():
    assert say(item("garage", "down")).state == "unknown"


def test_many_garages_together_prove_it():
    rows = [item("garage", "down", source=f"garage:{n}", organisation=f"{n}") for n in range(5)]
    assert say(*rows).state == "down"


def test_many_garages_of_one_group_count_as_about_two():
    rows = [item("garage", "down", source=f"garage:{n}", organisation="group") for n in range(50)]
    assert say(*rows).state == "unknown"


def test_the_makers_notice_alone_is_shown():
    assert say(item("manufacturer", "down")).state == "down"


def test_the_makers_all_clear_does_not_hide_a_check_that_keeps_failing():
    rows = [item("manufacturer", "operational"), item("probe", "down", repeats=8)]
    assert say(*rows, previous="operational").state == "down"


def test_a_makers_all_clear_speeds_recovery():
    rows = [item("garage", "operational", source="garage:A"), item("probe", "down", age_s=3 * 3600, repeats=9)]
    outage = Prior(0.75, 0.75, 50)
    assert say(*rows, previous="unknown", prior=outage).state != "operational"
    assert say(*rows, item("manufacturer", "operational"), previous="unknown", prior=outage).state == "operational"


def test_degraded_is_neither_fine_nor_down():
    assert say(item("probe", "degraded", repeats=3)).state == "degraded"
    rows = [item("probe", "degraded", repeats=3), item("dealer", "down")]
    assert say(*rows).state == "down"


def test_a_state_is_held_until_it_is_no_longer_the_likelier():
    rows = [item("dealer", "down", age_s=2 * 3600)]
    assert say(*rows, item("probe", "operational", repeats=5), previous="down").state == "down"
    assert say(*rows, item("probe", "operational", repeats=5), previous="unknown").state == "unknown"


def test_everything_fades_to_unknown():
    ages = [0, 600, 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600]
    seen = []
    previous = "unknown"
    for age in ages:
        previous = say(item("dealer", "down", age_s=age), previous=previous).state
        seen.append(previous)
    assert seen[0] == "down"
    assert seen[-1] == "unknown"


def test_confidence_falls_as_evidence_ages():
    sure = [say(item("probe", "operational", age_s=age)).confidence for age in (0, 300, 600, 900)]
    assert all(earlier > later for earlier, later in pairwise(sure))


def test_reasons_say_who_what_when_and_how_much():
    rows = [item("probe", "down", age_s=90, repeats=3), item("garage", "down", source="garage:A", age_s=3600)]
    first, second, prior = say(*rows).reasons
    assert (first.kind, first.claim, first.age_s, first.count) == ("probe", "down", 90, 1)
    assert first.points > second.points > 0 > prior.points
    assert 0 < first.weight < 1
    assert prior.kind == "prior"


@given(rows=worlds, previous=states, prior=priors, data=st.data())
def test_the_order_of_evidence_does_not_show(rows, previous, prior, data):
    shuffled = data.draw(st.permutations(rows))
    assert judge(rows, at=AT, previous=previous, prior=prior) == judge(shuffled, at=AT, previous=previous, prior=prior)


@given(rows=worlds, previous=states, prior=priors, data=st.data())
def test_a_worse_claim_never_makes_the_verdict_better(rows, previous, prior, data):
    assume(rows)
    index = data.draw(st.integers(0, len(rows) - 1))
    worse = [row._replace(claim=WORSE[row.claim]) if n == index else row for n, row in enumerate(rows)]
    before = judge(rows, at=AT, previous=previous, prior=prior)
    after = judge(worse, at=AT, previous=previous, prior=prior)
    assert BADNESS[after.state] >= BADNESS[before.state]


@given(rows=worlds, extra=items, previous=states, prior=priors)
def test_one_more_claim_never_works_against_itself(rows, extra, previous, prior):
    assume(all((row.kind, row.source) != (extra.kind, extra.source) for row in rows))
    before = judge(rows, at=AT, previous=previous, prior=prior)
    after = judge([*rows, extra], at=AT, previous=previous, prior=prior)
    if extra.claim == "down":
        assert BADNESS[after.state] >= BADNESS[before.state]
    if extra.claim == "operational":
        assert BADNESS[after.state] <= BADNESS[before.state]


@given(rows=worlds, previous=states, prior=priors)
def test_verdicts_are_bounded_and_certainty_is_never_claimed(rows, previous, prior):
    verdict = judge(rows, at=AT, previous=previous, prior=prior)
    assert verdict.state in BADNESS
    assert 0 <= verdict.confidence <= 99
    assert (verdict.confidence == 0) or verdict.state != "unknown"
    assert len(verdict.reasons) <= 3 * len(VOICES) + 1


@given(rows=unchecked, trust=st.floats(0.55, 0.95), claim=st.sampled_from(["degraded", "down"]))
def test_one_foreign_reporter_cannot_take_down_what_is_known_to_work(rows, trust, claim):
    rows = [*rows, item("probe", "operational", repeats=2)]
    assume(judge(rows, at=AT).state == "operational")
    foreign = item("garage", claim, source="garage:stranger", organisation="stranger", trust=trust)
    after = judge([*rows, foreign], at=AT, previous="operational")
    assert after.state in {"operational", "unknown"}
    usual = foreign._replace(trust=None)
    assert judge([*rows, usual], at=AT, previous="operational").state == "operational"


@given(
    rows=unchecked,
    count=st.integers(1, 100),
    claim=st.sampled_from(["degraded", "down"]),
    organisation=st.sampled_from(["", "many"]),
)
def test_an_anonymous_flood_cannot_take_down_what_is_known_to_work(rows, count, claim, organisation):
    rows = [row for row in rows if row.kind != "public"] + [item("probe", "operational")]
    assume(judge(rows, at=AT).state == "operational")
    flood = [
        item("public", claim, source=f"p{n}", organisation=organisation and f"{organisation}{n}") for n in range(count)
    ]
    assert judge([*rows, *flood], at=AT, previous="operational").state == "operational"


@given(count=st.integers(0, 100), claim=st.sampled_from(["operational", "degraded", "down"]), previous=states)
def test_the_public_alone_supports_no_verdict(count, claim, previous):
    flood = [item("public", claim, source=f"p{n}") for n in range(count)]
    assert judge(flood, at=AT, previous=previous).state == "unknown"


@given(rows=worlds, previous=states, prior=priors)
def test_a_fortnight_later_nothing_is_said(rows, previous, prior):
    verdict = judge(rows, at=AT + timedelta(days=14), previous=previous, prior=prior)
    assert verdict.state == "unknown"


def test_trust_is_learned_for_garages_and_bounded():
    assert trust_of("garage") == pytest.approx(0.8)
    assert trust_of("garage", agreed=100) == 0.9
    assert trust_of("garage", disagreed=100) == 0.55
    assert trust_of("probe", disagreed=100) == VOICES["probe"].trust


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        ({}, "unknown"),
        ({"unknown": 100}, "unknown"),
        ({"operational": 24, "unknown": 76}, "unknown"),
        ({"operational": 25, "unknown": 75}, "operational"),
        ({"operational": 91, "down": 9}, "operational"),
        ({"operational": 90, "down": 10}, "degraded"),
        ({"operational": 40, "degraded": 60}, "degraded"),
        ({"operational": 50, "down": 50}, "down"),
    ],
)
def test_a_make_is_called_by_its_published_shares(counts, state):
    assert roll_up(counts).state == state
