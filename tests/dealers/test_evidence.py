"""Evidence stored, statuses written: only what differs, in a fixed number of queries."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from dealers import evidence
from dealers.models import Evidence, Notice, SourceRecord, Status, StatusChange, System
from garagehub.lib.lock import LockKind, wait_for_lock
from tests.factories import dealer, make

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def claim(where, word, *, kind="probe", source=None, system="diagnostics", at=AT, **extra):
    return evidence.Claim(
        dealer_id=where.pk, system=system, kind=kind, source=source or kind, claim=word, observed_at=at, **extra
    )


def state(where, system="diagnostics"):
    return Status.objects.filter(dealer=where, system=system).values_list("state", flat=True).first()


def test_a_check_replaces_its_last_result_and_reports_are_kept():
    here = dealer()
    for minute, word in enumerate(["operational", "down"]):
        at = AT + timedelta(minutes=minute)
        evidence.record([claim(here, word, at=at), claim(here, word, kind="dealer", at=at)])
    assert Evidence.objects.get(kind="probe").claim == "down"
    assert Evidence.objects.filter(kind="dealer").count() == 2


def test_an_older_result_that_comes_late_does_not_replace_a_newer_one():
    here = dealer()
    evidence.record([claim(here, "operational")])
    evidence.record([claim(here, "down", at=AT - timedelta(minutes=1))])
    assert Evidence.objects.get().claim == "operational"


def test_recompute_writes_the_status_its_reasons_and_the_change():
    here = dealer()
    evidence.record([claim(here, "operational", at=AT - timedelta(seconds=50))])
    assert evidence.recompute(at=AT) == 1
    status = Status.objects.get()
    assert (status.state, status.since, status.evidence_at) == ("operational", AT, AT - timedelta(seconds=50))
    assert status.confidence > 90
    assert status.reasons_at(AT + timedelta(seconds=10))[0] == {
        "kind": "probe",
        "source": "Automatic check",
        "claim": "operational",
        "at": AT - timedelta(seconds=50),
        "age_s": 60,
        "weight": status.reasons[0]["weight"],
        "points": status.reasons[0]["points"],
        "count": 1,
    }
    change = StatusChange.objects.get()
    assert (change.old, change.new, change.at, change.reason) == (
        "unknown",
        "operational",
        AT,
        "Automatic check: working",
    )


def test_the_newest_claim_of_a_source_counts():
    here = dealer()
    evidence.record([claim(here, "down", kind="dealer", at=AT - timedelta(minutes=5))])
    evidence.record([claim(here, "operational", kind="dealer")])
    evidence.recompute(at=AT)
    assert state(here) == "operational"


def test_nothing_is_written_when_nothing_differs(django_assert_num_queries):
    here = dealer()
    evidence.record([claim(here, "operational")])
    evidence.recompute(at=AT)
    before = Status.objects.get()
    assert evidence.recompute(at=AT) == 0
    assert Status.objects.get().decided_at == before.decided_at
    with django_assert_num_queries(9):
        evidence.recompute(at=AT)


def test_the_number_of_queries_does_not_depend_on_the_number_of_dealers(django_assert_num_queries):
    places = [dealer() for _ in range(12)]
    evidence.record([claim(place, "operational", system=system) for place in places for system in System.values])
    with django_assert_num_queries(11):
        assert evidence.recompute(at=AT) == 12 * 7


def test_without_evidence_no_row_is_written():
    dealer()
    assert evidence.recompute(at=AT) == 0
    assert not Status.objects.exists()


def test_a_status_fades_to_unknown_and_says_so():
    here = dealer()
    evidence.record([claim(here, "operational")])
    evidence.recompute(at=AT)
    assert evidence.recompute(at=AT + timedelta(hours=5)) == 1
    status = Status.objects.get()
    assert (status.state, status.confidence, status.since) == ("unknown", 0, AT + timedelta(hours=5))
    assert StatusChange.objects.filter(new="unknown", reason="Not enough recent evidence").count() == 1
    assert evidence.recompute(at=AT + timedelta(days=10)) == 0
    assert Status.objects.get().reasons_at(AT)[0]["kind"] == "prior"


def test_peers_are_asked_even_when_one_dealer_is_judged():
    places = [dealer() for _ in range(6)]
    evidence.record([claim(place, "down") for place in places])
    evidence.recompute([places[0].pk], at=AT)
    assert state(places[0]) == "down"
    assert state(places[1]) is None


def test_a_dealer_of_another_make_is_no_peer():
    here = dealer("JAGUAR")
    others = [dealer("LAND ROVER") for _ in range(6)]
    evidence.record([claim(place, "down") for place in [here, *others]])
    evidence.recompute(at=AT)
    assert state(here) == "unknown"
    assert state(others[0]) == "down"


def test_an_inactive_dealer_is_neither_judged_nor_asked():
    here = dealer()
    hidden = [dealer(is_active=False) for _ in range(6)]
    evidence.record([claim(place, "down") for place in [here, *hidden]])
    evidence.recompute(at=AT)
    assert state(here) == "unknown"
    assert state(hidden[0]) is None


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({}, "down"),
        ({"systems": ["diagnostics"]}, "down"),
        ({"systems": ["warranty"]}, None),
        ({"regions": [4]}, "down"),
        ({"regions": [0]}, None),
    ],
)
def test_a_notice_counts_within_its_scope(scope, expected):
    here = dealer(region=4)
    Notice.objects.create(make=make(), claim="down", text="All systems are shut.", published_at=AT, **scope)
    evidence.recompute(at=AT)
    assert state(here) == expected


def test_the_newest_notice_holds_and_a_withdrawn_one_does_not():
    here = dealer()
    Notice.objects.create(make=make(), claim="down", text="Shut.", published_at=AT - timedelta(hours=2))
    Notice.objects.create(make=make(), claim="operational", text="Restored.", published_at=AT)
    evidence.recompute(at=AT)
    assert state(here) == "operational"
    evidence.withdraw(Notice.objects.all(), at=AT)
    assert state(here) == "unknown"


def test_a_garage_that_was_often_wrong_weighs_less():
    here = dealer()
    evidence.record([claim(here, "down", kind="garage", source="garage:A")])
    evidence.recompute(at=AT)
    usual = Status.objects.get().reasons[0]["points"]
    SourceRecord.objects.create(source="garage:A", disagreed=50)
    evidence.record([claim(here, "down", kind="garage", source="garage:B")])
    evidence.recompute(at=AT)
    assert Status.objects.get().reasons[0]["points"] < 2 * usual - 3


def test_false_claims_can_be_discarded():
    here = dealer()
    evidence.record([claim(here, "down", kind="dealer"), claim(here, "operational")])
    evidence.recompute(at=AT)
    assert state(here) == "down"
    evidence.discard(Evidence.objects.filter(kind="dealer"), at=AT)
    assert state(here) == "operational"


def test_old_evidence_is_swept():
    here = dealer()
    evidence.record(
        [claim(here, "down", kind="dealer", at=AT - timedelta(days=31)), claim(here, "operational", kind="dealer")]
    )
    evidence.refresh(at=AT)
    assert Evidence.objects.get().claim == "operational"


def test_150_dealers_are_judged_twice_in_under_a_second():
    places = [dealer() for _ in range(150)]
    evidence.record([claim(place, "operational", system=system) for place in places for system in System.values])
    started = time.process_time()  # our own share, whatever else the machine does
    assert evidence.recompute(at=AT) == 1050
    assert evidence.recompute(at=AT) == 0
    assert time.process_time() - started < 1


@pytest.mark.django_db(transaction=True)
def test_two_recomputations_do_not_run_at_the_same_time():
    here = dealer()
    evidence.record([claim(here, "operational")])
    done = threading.Event()

    def other():
        evidence.recompute(at=AT)
        connection.close()
        done.set()

    with transaction.atomic():
        wait_for_lock(LockKind.STATUS)
        thread = threading.Thread(target=other)
        thread.start()
        assert not done.wait(0.3)
    assert done.wait(5)
    thread.join()
    assert state(here) == "operational"


def test_what_goes_to_and_fro_is_not_called_working_and_its_swings_count_as_told():
    here = dealer()
    for minute in range(0, 70, 10):
        said = "down" if minute % 20 else "operational"
        evidence.record([claim(here, said, kind="dealer", source="own", at=AT + timedelta(minutes=minute))])
        evidence.recompute(at=AT + timedelta(minutes=minute))
    status = Status.objects.get()
    assert (status.state, status.is_unstable) == ("degraded", True)
    changes = list(StatusChange.objects.order_by("at"))
    assert all(change.notified_at is None for change in changes[:4])
    assert changes[-1].notified_at is not None
    assert changes[-1].reason.startswith("Goes to and fro.")
    evidence.record([claim(here, "operational", kind="dealer", source="own", at=AT + timedelta(hours=8))])
    evidence.recompute(at=AT + timedelta(hours=8))
    status.refresh_from_db()
    assert (status.state, status.is_unstable) == ("operational", False)


def test_dealers_that_came_back_make_an_old_word_of_trouble_fade_faster():
    here, others = dealer(), [dealer() for _ in range(6)]
    for place in [here, *others]:
        evidence.record([claim(place, "down", kind="dealer", source="own")])
    evidence.recompute(at=AT)
    later = AT + timedelta(hours=3)
    assert state(here) == "down"
    evidence.record([claim(place, "operational", kind="dealer", source="own", at=later) for place in others])
    evidence.recompute(at=later)
    assert state(others[0]) == "operational"
    evidence.recompute(at=later + timedelta(minutes=1))
    assert state(here) == "unknown"
