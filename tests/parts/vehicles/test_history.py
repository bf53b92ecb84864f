from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts.vehicles.defects import FAILING, Category, Reported
from parts.vehicles.history import NEVER_TESTED, Judgement, judge
from parts.vehicles.records import Said, Test

NOON = datetime(2025, 9, 12, 12, tzinfo=UTC)
MAJOR = Reported("Nearside Front Coil spring fractured (5.3.1 (b) (i))", Category.MAJOR)
DANGEROUS = Reported("Offside Rear Tyre cords visible (5.2.3 (d) (ii))", Category.DANGEROUS)
ADVISORY = Reported("Front Brake disc worn (1.1.14 (a) (ii))", Category.ADVISORY)
MINOR = Reported("Rear Registration plate lamp inoperative (4.7.1 (b))", Category.MINOR)
PUT_RIGHT = Reported("Wiper blade defective (3.4 (b) (ii))", Category.RECTIFIED)


def passed(number, at=NOON, *listed, expires_on=None):
    return Test(number=number, completed_at=at, has_passed=True, expires_on=expires_on, listed=listed)


def failed(number, at=NOON, *listed, source="DVSA"):
    said = Said(data_source=source)
    return Test(number=number, completed_at=at, has_passed=False, said=said, listed=listed)


def categories(judgement: Judgement):
    return [defect.category for defect in judgement.defects if defect.is_failing]


def test_the_newest_test_decides_whatever_order_they_come_in():
    old, new = passed("1", NOON - timedelta(365), expires_on=date(2025, 9, 11)), failed("2", NOON, MAJOR)
    assert judge([old, new]) == judge([new, old])
    assert judge([old, new]).open_fails == 1


def test_a_later_pass_clears_an_earlier_fail():
    judgement = judge([failed("1", NOON, DANGEROUS), passed("2", NOON + timedelta(days=3), ADVISORY)])
    assert (judgement.open_fails, judgement.is_dangerous) == (0, False)
    assert [defect.text for defect in judgement.defects] == [ADVISORY.text]


def test_a_fail_after_a_pass_of_another_day_is_open():
    assert judge([passed("1"), failed("2", NOON + timedelta(days=30), MAJOR)]).open_fails == 1


@pytest.mark.parametrize("numbers", [("1", "2"), ("2", "1")])
def test_a_fail_and_a_pass_in_the_same_second_are_a_pass(numbers):
    judgement = judge([failed(numbers[0], NOON, MAJOR, PUT_RIGHT), passed(numbers[1], NOON, ADVISORY)])
    assert (judgement.open_fails, judgement.is_dangerous) == (0, False)
    assert {test.number for test in judgement.tests} == {"1", "2"}


@pytest.mark.parametrize("minutes", [-60, -5, 5, 60])
def test_a_fail_and_a_pass_within_an_hour_are_one_visit_and_a_pass(minutes):
    assert judge([failed("1", NOON, MAJOR), passed("2", NOON + timedelta(minutes=minutes))]).open_fails == 0


def test_a_fail_more_than_an_hour_after_a_pass_is_another_visit():
    assert judge([passed("1", NOON), failed("2", NOON + timedelta(minutes=61), MAJOR)]).open_fails == 1


def test_of_two_fails_in_one_visit_the_newer_says_what_is_open():
    judgement = judge([failed("1", NOON, DANGEROUS, MAJOR), failed("2", NOON + timedelta(minutes=30), MAJOR)])
    assert (categories(judgement), judgement.is_dangerous) == ([Category.MAJOR], False)


def test_an_item_put_right_is_not_open_in_a_pass():
    judgement = judge([passed("1", NOON, PUT_RIGHT, ADVISORY)])
    assert (judgement.open_fails, [defect.category for defect in judgement.defects]) == (0, [Category.ADVISORY])


def test_an_item_put_right_is_not_open_in_a_fail_for_something_else():
    assert categories(judge([failed("1", NOON, PUT_RIGHT, MAJOR)])) == [Category.MAJOR]


def test_a_fail_whose_items_were_all_put_right_but_has_no_pass_is_undisclosed_not_clear():
    assert categories(judge([failed("1", NOON, PUT_RIGHT)])) == [Category.UNDISCLOSED]


def test_a_northern_irish_fail_names_no_defects_and_is_undisclosed_not_clear():
    judgement = judge([failed("1", NOON, source="DVA NI")])
    assert (judgement.open_fails, judgement.is_dangerous, categories(judgement)) == (1, False, [Category.UNDISCLOSED])


def test_advisories_and_minors_never_fail():
    judgement = judge([passed("1", NOON, ADVISORY, MINOR)])
    assert judgement.open_fails == 0
    assert len(judgement.defects) == 2
    assert categories(judge([failed("1", NOON, ADVISORY, MAJOR, MINOR)])) == [Category.MAJOR]


def test_old_fails_are_plain_fails():
    judgement = judge([failed("1", datetime(2017, 5, 1, tzinfo=UTC), Reported("Worn |2.4.C.1a|", Category.FAIL))])
    assert judgement.open_fails == 1
    assert judgement.defects[0].reading[:2] == ("old", "2.4.C.1a")


def test_a_dangerous_defect_makes_the_vehicle_dangerous():
    assert judge([failed("1", NOON, MAJOR, DANGEROUS)]).is_dangerous


def test_the_mot_runs_to_the_latest_expiry_of_any_pass():
    early_renewal = passed("1", NOON - timedelta(days=20), expires_on=date(2026, 10, 1))
    assert judge([early_renewal, failed("2", NOON, MAJOR)]).mot_expires_on == date(2026, 10, 1)
    shorter = passed("3", NOON, expires_on=date(2026, 9, 11))
    assert judge([early_renewal, shorter]).mot_expires_on == date(2026, 10, 1)


def test_a_pass_without_an_expiry_date_holds_a_year_less_a_day():
    assert judge([passed("1", NOON)]).mot_expires_on == date(2026, 9, 11)
    assert judge([passed("1", datetime(2025, 7, 1, 23, 30, tzinfo=UTC))]).mot_expires_on == date(2026, 7, 1)


def test_a_fail_leaves_the_expiry_of_the_pass_before():
    judgement = judge([passed("1", NOON - timedelta(days=350), expires_on=date(2025, 9, 27)), failed("2", NOON, MAJOR)])
    assert (judgement.mot_expires_on, [test.number for test in judgement.tests]) == (date(2025, 9, 27), ["2", "1"])


def test_only_tests_that_decide_are_kept():
    years = [passed(str(n), NOON - timedelta(days=365 * n), expires_on=date(2026 - n, 9, 11)) for n in range(1, 9)]
    assert [test.number for test in judge([*years, failed("0", NOON, MAJOR)]).tests] == ["0", "1"]


def test_never_tested_is_nothing_at_all():
    assert judge([]) == NEVER_TESTED


def test_a_number_given_twice_counts_once():
    assert judge([passed("1", NOON), failed("1", NOON, MAJOR)]).open_fails == 0


instants = st.integers(0, 60 * 24 * 40).map(lambda minutes: NOON + timedelta(minutes=minutes))
near = st.integers(0, 200).map(lambda minutes: NOON + timedelta(minutes=minutes))
reported = st.lists(st.sampled_from([MAJOR, DANGEROUS, ADVISORY, MINOR, PUT_RIGHT]), max_size=3).map(tuple)
expiries = st.none() | st.dates(date(2025, 9, 1), date(2026, 12, 1))


@st.composite
def histories(draw):
    count = draw(st.integers(0, 7))
    return [
        Test(
            number=str(number),
            completed_at=draw(near | instants),
            has_passed=draw(st.booleans()),
            expires_on=draw(expiries),
            listed=draw(reported),
        )
        for number in range(count)
    ]


def kept(judgement: Judgement):
    """A judgement's tests as they are stored: with the defects it left, and no others."""
    left: dict[str, list[Reported]] = {}
    for found in judgement.defects:
        left.setdefault(found.number, []).append(Reported(found.text, found.category))
    return [
        Test(
            number=test.number,
            completed_at=test.completed_at,
            has_passed=test.has_passed,
            expires_on=test.expires_on,
            listed=tuple(left.get(test.number, ())),
        )
        for test in judgement.tests
    ]


def outcome(judgement: Judgement):
    defects = sorted(
        (found.number, found.position, found.text, found.category, found.is_failing) for found in judgement.defects
    )
    tests = [test.number for test in judgement.tests]
    return (
        tests,
        defects,
        judgement.open_fails,
        judgement.is_dangerous,
        judgement.mot_expires_on,
        judgement.last_tested_at,
    )


@given(histories(), st.randoms())
def test_order_does_not_matter(tests, random):
    shuffled = list(tests)
    random.shuffle(shuffled)
    assert outcome(judge(shuffled)) == outcome(judge(tests))


@given(histories(), st.integers(0, 7))
def test_judging_in_portions_gives_the_same_as_judging_at_once(tests, cut):
    first, second = tests[:cut], tests[cut:]
    assert outcome(judge([*kept(judge(first)), *second])) == outcome(judge(tests))
    assert outcome(judge([*first, *kept(judge(second))])) == outcome(judge(tests))


@given(histories())
def test_what_is_kept_is_enough_to_judge_again(tests):
    assert outcome(judge(kept(judge(tests)))) == outcome(judge(tests))


@given(histories())
def test_the_sums_agree_with_the_defects(tests):
    judgement = judge(tests)
    failing = [found for found in judgement.defects if found.category in FAILING]
    assert judgement.open_fails == len(failing) == sum(found.is_failing for found in judgement.defects)
    assert judgement.is_dangerous == any(found.category is Category.DANGEROUS for found in failing)
    assert {found.number for found in judgement.defects} <= {test.number for test in judgement.tests}
    assert not any(found.category is Category.RECTIFIED for found in judgement.defects)


@given(histories(), st.integers(1, 500))
def test_a_new_pass_always_clears(tests, days):
    newest = max((test.completed_at for test in tests), default=NOON)
    judgement = judge([*tests, passed("new", newest + timedelta(days=days))])
    assert (judgement.open_fails, judgement.is_dangerous) == (0, False)
