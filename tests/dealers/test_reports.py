"""Reports: by the dealer itself, by another garage, and by nobody else."""

from datetime import UTC, datetime, timedelta

import pytest

from dealers import evidence, reports
from dealers.models import Evidence, Status
from garagehub.lib.errors import DomainError, NotAllowedError
from tests.factories import dealer, member

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    """A dealer whose diagnostics are known to work."""
    place = dealer()
    check = evidence.Claim(
        dealer_id=place.pk,
        system="diagnostics",
        kind="probe",
        source="probe",
        claim="operational",
        observed_at=AT,
        repeats=50,
    )
    evidence.record([check])
    evidence.recompute(at=AT)
    return place


def submit(about, *, by, works=False, at=AT, system="diagnostics", **extra):
    return reports.submit(dealer=about.code, system=system, works=works, by=by, at=at, **extra)


def test_the_dealers_own_report_shows_at_once(here):
    receipt = submit(here, by=here, note="No login")
    assert (receipt.evidence.kind, receipt.evidence.source) == ("dealer", f"dealer:{here.code}")
    assert receipt.status.state == "down"
    assert receipt.status.reasons[0]["kind"] == "dealer"
    assert submit(here, by=here, works=True, at=AT + timedelta(minutes=1)).status.state == "operational"


def test_a_strangers_report_is_taken_but_does_not_flip_what_is_known(here):
    stranger = dealer()
    receipt = submit(here, by=stranger)
    assert (receipt.evidence.kind, receipt.evidence.source) == ("garage", f"garage:{stranger.code}")
    assert receipt.status.state == "operational"


def test_team_mates_of_one_garage_are_one_voice(here):
    garage = dealer()
    for minute in range(5):
        submit(here, by=garage, user=member(garage), at=AT + timedelta(minutes=10 * minute))
    status = Status.objects.get(dealer=here, system="diagnostics")
    assert [reason["count"] for reason in status.reasons if reason["kind"] == "garage"] == [1]
    assert Evidence.objects.filter(kind="garage").count() == 5


def test_the_same_report_within_five_minutes_renews_the_last(here):
    garage = dealer()
    submit(here, by=garage, note="first")
    submit(here, by=garage, at=AT + timedelta(minutes=4))
    row = Evidence.objects.get(kind="garage")
    assert (row.observed_at, row.note) == (AT + timedelta(minutes=4), "first")
    submit(here, by=garage, works=True, at=AT + timedelta(minutes=5))
    assert Evidence.objects.filter(kind="garage").count() == 2


def test_who_reported_is_kept_but_not_among_the_reasons(here):
    person = member(here)
    receipt = submit(here, by=here, user=person, note="ask Pat on 01632 960123")
    assert receipt.evidence.reporter == person
    shown = str(receipt.status.reasons)
    assert person.email not in shown
    assert "Pat" not in shown


def test_without_a_garage_there_is_no_report(here):
    with pytest.raises(NotAllowedError) as error:
        submit(here, by=None)
    assert error.value.code == "not_a_garage"
    assert not Evidence.objects.exclude(kind="probe").exists()


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"dealer": "NOONE"}, "unknown_dealer", "dealer"),
        ({"system": "coffee"}, "unknown_system", "system"),
        ({"note": "x" * 501}, "note_too_long", "note"),
    ],
)
def test_what_is_wrong_is_named(here, change, code, field):
    with pytest.raises(DomainError) as error:
        reports.submit(**({"dealer": here.code, "system": "diagnostics", "works": True, "by": here, "at": AT} | change))
    assert error.value.code == code
    assert list(error.value.fields) == [field]


def test_a_hidden_dealer_cannot_be_reported_on():
    with pytest.raises(DomainError) as error:
        submit(dealer(is_active=False), by=dealer())
    assert error.value.code == "unknown_dealer"


def test_one_garage_cannot_flood(here, monkeypatch):
    monkeypatch.setattr(reports, "MOST_PER_HOUR", 3)
    garage = dealer()
    systems = ["diagnostics", "programming", "warranty", "parts_ordering"]
    for system in systems[:3]:
        submit(here, by=garage, system=system)
    with pytest.raises(reports.TooManyReportsError) as error:
        submit(here, by=garage, system=systems[3])
    assert error.value.status == 429
    submit(here, by=garage, system=systems[3], at=AT + timedelta(hours=2))


def test_a_report_is_kept_even_when_judging_fails(here, monkeypatch):
    def fails(*args, **kwargs):
        raise RuntimeError("judging failed")

    monkeypatch.setattr(evidence, "recompute", fails)
    with pytest.raises(RuntimeError):
        submit(here, by=here)
    assert Evidence.objects.filter(kind="dealer").exists()
