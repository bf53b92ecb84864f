"""Reports: by the dealer itself, by another garage, and by nobody else."""

from datetime import UTC, datetime, timedelta

import pytest

from dealers import crowd, evidence, reports
from dealers.models import DailySalt, Evidence, Probe, Status, Unjudged
from dealers.pace import Pace
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


def said(about, *, works=False, system="diagnostics", note=""):
    return reports.Said(about.code, system, works, note)


def test_many_reports_are_taken_in_order_and_a_wrong_one_refuses_no_other(here):
    garage, other = dealer(), dealer()
    taken = reports.submit_many(
        [said(here), reports.Said("NOONE", "diagnostics", works=True), said(other, works=True), said(garage)],
        by=garage,
        at=AT,
    )
    assert [getattr(row, "source", None) for row in taken] == [
        f"garage:{garage.code}",
        None,
        f"garage:{garage.code}",
        f"dealer:{garage.code}",
    ]
    assert taken[1].code == "unknown_dealer"
    assert Evidence.objects.exclude(kind="probe").count() == 3


def test_each_of_many_is_answered_with_its_own_row(here):
    places = [dealer() for _ in range(30)]
    taken = reports.submit_many([said(place, note=f"“{place.code}” \\ %s ½") for place in places], by=here, at=AT)
    stored = Evidence.objects.in_bulk([row.pk for row in taken])
    assert [stored[row.pk].dealer for row in taken] == places
    assert [stored[row.pk].note for row in taken] == [f"“{place.code}” \\ %s ½" for place in places]
    assert {row.observed_at for row in stored.values()} == {AT}


def test_a_list_says_the_same_twice_and_is_one_voice(here):
    garage = dealer()
    reports.submit_many([said(here), said(here, note="again")], by=garage, at=AT)
    row = Evidence.objects.get(kind="garage")
    assert row.note == "again"
    reports.submit_many([said(here)], by=garage, at=AT + timedelta(minutes=2))
    row.refresh_from_db()
    assert row.observed_at == AT + timedelta(minutes=2)
    reports.submit_many([said(here, works=True), said(here)], by=garage, at=AT + timedelta(minutes=3))
    assert Evidence.objects.filter(kind="garage").count() == 3


def test_what_a_list_says_is_judged_by_the_next_judgement_at_the_latest(here):
    reports.submit_many([said(here)], by=here, at=AT)
    evidence.judge_new(at=AT)
    assert Status.objects.get(dealer=here, system="diagnostics").state == "down"
    assert not Unjudged.objects.exists()


def test_while_another_judges_a_list_is_taken_and_does_not_wait(here, monkeypatch):
    monkeypatch.setattr(evidence, "try_lock", lambda kind: False)
    monkeypatch.setattr(reports, "_pace", Pace(rest=1))
    reports.submit_many([said(here)], by=here, at=AT)
    assert Evidence.objects.filter(kind="dealer").exists()
    assert Unjudged.objects.get().dealer == here


def test_a_list_past_the_hours_limit_says_so_for_each_report_left_over(here, monkeypatch):
    monkeypatch.setattr(reports, "MOST_PER_HOUR", 2)
    systems = ["diagnostics", "programming", "warranty"]
    taken = reports.submit_many([said(here, system=system) for system in systems], by=dealer(), at=AT)
    assert [isinstance(row, Evidence) for row in taken] == [True, True, False]
    assert taken[2].code == "too_many_reports"


@pytest.mark.parametrize("count", [0, 501])
def test_a_list_has_one_to_five_hundred_reports(here, count):
    with pytest.raises(DomainError) as error:
        reports.submit_many([said(here)] * count, by=here, at=AT)
    assert error.value.code == "bad_number_of_reports"


def test_the_number_of_queries_does_not_depend_on_the_length_of_the_list(here, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(evidence, "judge_new", lambda **_: 0)
    places = [dealer() for _ in range(10)]
    garage = dealer()
    with django_assert_num_queries(3):
        reports.submit_many([said(place) for place in places], by=garage, at=AT)


def publicly(about, *, address="203.0.113.7", works=False, at=AT, system="diagnostics"):
    return reports.report_publicly(dealer=about.code, system=system, works=works, address=address, at=at)


def test_anyone_may_report_and_no_address_is_kept(here):
    row = publicly(here).evidence
    assert (row.kind, row.claim) == ("public", "down")
    assert "203.0.113" not in f"{row.source} {row.organisation} {row.note}"
    neighbour, stranger = (
        publicly(here, address="203.0.113.9").evidence,
        publicly(here, address="198.51.100.1").evidence,
    )
    assert row.organisation == neighbour.organisation != stranger.organisation
    assert row.source != neighbour.source


def test_a_crowd_does_not_flip_what_is_known_to_work(here):
    for n in range(40):
        receipt = publicly(here, address=f"198.51.{n}.1")
    assert receipt.status.state == "operational"


def test_one_address_is_one_voice_and_says_the_same_once_in_five_minutes(here):
    publicly(here)
    publicly(here, at=AT + timedelta(minutes=4))
    assert Evidence.objects.get(kind="public").observed_at == AT + timedelta(minutes=4)
    receipt = publicly(here, works=True, at=AT + timedelta(minutes=5))
    assert [reason["count"] for reason in receipt.status.reasons if reason["kind"] == "public"] == [1]


def test_once_the_salt_is_gone_the_same_address_is_somebody_else(here):
    first = publicly(here).evidence.source
    evidence.sweep(at=AT + timedelta(days=2))
    assert not DailySalt.objects.exists()
    assert publicly(here, at=AT + timedelta(days=2)).evidence.source != first


@pytest.mark.parametrize(("limit", "value"), [("MOST_BY_ADDRESS", 2), ("MOST_ABOUT_SYSTEM", 2), ("MOST_IN_ALL", 2)])
def test_the_public_cannot_fill_the_table(here, monkeypatch, limit, value):
    monkeypatch.setattr(crowd, limit, value)
    address = {"MOST_BY_ADDRESS": "203.0.113.{}"}.get(limit, "198.51.{}.1")
    hosts = [1, 1, 1] if limit == "MOST_BY_ADDRESS" else [1, 2, 3]
    systems = ["diagnostics"] * 3 if limit == "MOST_ABOUT_SYSTEM" else ["diagnostics", "warranty", "programming"]
    for host, system in list(zip(hosts, systems, strict=True))[:2]:
        publicly(here, address=address.format(host), system=system)
    with pytest.raises(reports.TooManyReportsError) as error:
        publicly(here, address=address.format(hosts[2]), system=systems[2])
    assert error.value.status == 429
    publicly(here, address=address.format(hosts[2]), system=systems[2], at=AT + timedelta(hours=1, minutes=1))


@pytest.mark.parametrize("address", ["", "not an address", "::ffff:203.0.113.7", "2001:db8::1"])
def test_any_address_is_a_voice(here, address):
    assert publicly(here, address=address).evidence.source.startswith("public:")


def test_a_report_where_we_are_not_sure_brings_the_check_forward_unless_it_has_just_run(here):
    later, fading = AT + timedelta(hours=1), AT + timedelta(minutes=10)
    check = Probe.objects.create(
        dealer=here, system="diagnostics", url="http://127.0.0.1:1/", next_at=later, last_at=AT
    )
    submit(here, by=dealer(), at=AT + timedelta(seconds=20))
    check.refresh_from_db()
    assert check.next_at == later
    Probe.objects.update(last_at=fading - timedelta(seconds=5))
    submit(here, by=dealer(), at=fading)
    check.refresh_from_db()
    assert check.next_at == later
    Probe.objects.update(last_at=fading - timedelta(seconds=30))
    submit(here, by=dealer(), at=fading)
    check.refresh_from_db()
    assert check.next_at == fading
