"""The study in small: what docs/status-method.md claims holds on fewer dealers and seeds."""

import pytest

from tests.simulation.methods import METHODS
from tests.simulation.study import median, most, run

OURS, LAST, THREE = METHODS.values()
SEEDS, DEALERS = range(2), 24


def study(scenario, method=OURS, seeds=SEEDS):
    return run(scenario, method, seeds=seeds, dealers=DEALERS)


@pytest.fixture(scope="module")
def marque():
    return study("The whole make, back in waves")


def test_an_outage_of_the_make_is_seen_and_over_within_hours(marque):
    assert median(marque.detections) < 3
    assert median(marque.recoveries) < 3
    assert most(marque.recoveries) < 10


def test_we_are_wrong_less_often_than_either_simple_rule_and_do_not_flicker(marque):
    last, three = (study("The whole make, back in waves", method) for method in (LAST, THREE))
    assert marque.false_share < 0.08 < min(last.false_share, three.false_share)
    assert marque.flips_a_week < last.flips_a_week / 2


def test_recovery_is_slower_when_nobody_is_asked_but_still_far_below_a_day(marque):
    unasked = study("The same, and nobody is asked")
    assert median(marque.recoveries) < median(unasked.recoveries) < 16


def test_noise_alone_flips_nothing_though_it_fools_who_believes_the_last_report():
    assert study("Noise only").false_share < 0.005
    assert study("Noise only", LAST).false_share > 0.05


@pytest.mark.parametrize(
    "scenario",
    [
        "Flood of anonymous reports",
        "A trusted account lies",
        "Two accounts lie together",
        "Dealers lie about themselves",
        "A trusted account lies in an outage",
    ],
)
def test_no_attack_has_a_working_dealer_called_down(scenario):
    ours = study(scenario, seeds=range(1))
    assert ours.attacked > 300
    assert ours.attack_share == 0


def test_the_attacks_do_fool_the_simple_rules():
    assert study("Flood of anonymous reports", THREE, seeds=range(1)).attack_share > 0.9
    assert study("A trusted account lies", LAST, seeds=range(1)).attack_share > 0.5


def test_the_same_seed_gives_the_same_days():
    first, second = (study("Single dealers", seeds=range(1)) for _ in range(2))
    assert first == second
    assert study("Single dealers", seeds=range(1, 2)) != first
