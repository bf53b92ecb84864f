"""Learning whom to trust: a garage's reports held against what turned out to be so."""

from datetime import UTC, datetime, timedelta

import pytest

from dealers import trust
from dealers.models import Evidence, SourceRecord, StatusChange
from tests.factories import dealer

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=7)
pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    return dealer()


def turned(where, state, *, at=AT - timedelta(hours=1)):
    StatusChange.objects.create(dealer=where, system="diagnostics", old="unknown", new=state, reason="-", at=at)


def reported(where, claim, *, kind="garage", source="garage:A", at=AT):
    return Evidence.objects.create(
        dealer=where, system="diagnostics", kind=kind, source=source, claim=claim, observed_at=at
    )


def record(source="garage:A"):
    return SourceRecord.objects.filter(source=source).values_list("agreed", "disagreed").first()


@pytest.mark.parametrize(
    ("claim", "state", "expected"),
    [
        ("down", "down", (1, 0)),
        ("down", "degraded", (1, 0)),
        ("operational", "operational", (1, 0)),
        ("down", "operational", (0, 1)),
        ("operational", "degraded", (0, 1)),
        ("down", "unknown", None),
    ],
)
def test_a_report_agrees_when_the_settled_state_says_the_same(here, claim, state, expected):
    turned(here, state)
    reported(here, claim)
    trust.learn(at=LATER)
    assert record() == expected


def test_a_report_is_scored_once_and_not_before_things_have_settled(here):
    turned(here, "down")
    reported(here, "down")
    assert trust.learn(at=AT + timedelta(hours=5)) == 0
    assert trust.learn(at=LATER) == 1
    assert trust.learn(at=LATER + timedelta(hours=1)) == 0
    assert record() == (1, 0)


def test_who_was_first_to_say_so_was_right(here):
    turned(here, "operational")
    reported(here, "down")
    turned(here, "down", at=AT + timedelta(minutes=40))
    trust.learn(at=LATER)
    assert record() == (1, 0)


def test_a_system_that_went_on_changing_proves_nothing(here):
    turned(here, "operational")
    reported(here, "down")
    turned(here, "down", at=AT + timedelta(hours=4))
    trust.learn(at=LATER)
    assert record() is None


def test_saying_the_same_all_day_is_one_proof(here):
    turned(here, "down")
    for hour in range(6):
        reported(here, "down", at=AT + timedelta(hours=hour))
    trust.learn(at=AT + timedelta(hours=20))
    assert record() == (1, 0)


def test_only_garages_are_scored(here):
    turned(here, "operational")
    reported(here, "down", kind="dealer", source="dealer:X")
    reported(here, "down", kind="public", source="public:X")
    assert trust.learn(at=LATER) == 0
    assert not SourceRecord.objects.exists()


def test_old_scores_fade(here):
    turned(here, "down")
    reported(here, "down")
    SourceRecord.objects.create(source="garage:A", agreed=100, disagreed=50)
    SourceRecord.objects.update(updated_at=LATER - timedelta(weeks=1))
    trust.learn(at=LATER)
    assert record() == (pytest.approx(99), pytest.approx(49))
