"""Loading and removing the demonstration, against the running sandbox."""

import json

import pytest
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command
from django.utils import timezone

from dealers.models import Dealer, Incident, Maintenance, Membership, Probe, State, Status, StatusChange
from garagehub.accounts.models import User
from garagehub.lib.errors import DomainError, UnavailableError
from garagehub.scenario.dealers import demo_dealers
from garagehub.scenario.load import clear, load
from garagehub.scenario.outside import ask_sandbox
from garagehub.scenario.timeline import Timeline
from parts.blocking.models import BlockChange, Reason, RepairStatus
from parts.blocking.verify import verify
from parts.catalogue.models import Part, Repair
from parts.feeds.models import Feed
from parts.stock.models import Freshness, Offer, Supplier
from parts.vehicles.models import Defect, MotTest, Vehicle
from tests.sandbox_process import SEED, STARTED_ON

pytestmark = pytest.mark.django_db

VEHICLES = 400


def run(sandbox_url, *, vehicles=VEHICLES, seed=SEED, at=None):
    return load(vehicles=vehicles, seed=seed, sandbox_url=sandbox_url, at=at or timezone.now(), say=lambda _: None)


def answer_of(registration):
    return RepairStatus.objects.filter(vehicle__registration=registration).first()


def test_it_loads_polls_checks_and_decides(sandbox):
    at = timezone.now()
    summary = run(sandbox.url, at=at)

    assert summary["vehicles"] == VEHICLES == Vehicle.objects.filter(is_demo=True).count()
    assert summary["dealers"] == 150
    assert summary["offers"] == Offer.objects.count() > 20_000
    assert summary["blocked"] > 0
    assert summary["blocked"] == RepairStatus.objects.filter(status="blocked", vehicle__is_sorn=False).count()
    assert max(summary["by_reason"].values()) <= summary["blocked"] <= sum(summary["by_reason"].values())
    failed = Vehicle.objects.filter(open_fails__gt=0, is_sorn=False).count()
    assert summary["blocked"] + summary["unknown"] + summary["repairable"] == failed

    assert {supplier.freshness(at=at) for supplier in Supplier.objects.all()} == {Freshness.FRESH}
    assert verify(at=timezone.now())["differences"] == 0

    blocked = answer_of("AA19AAA")
    assert (blocked.status, blocked.reasons) == ("blocked", Reason.PART_UNAVAILABLE)
    assert (answer_of("AA19PPP").status, answer_of("AA19PPP").reasons) == ("unknown", Reason.REPAIR_UNKNOWN)
    assert answer_of("AA19AMP").reasons & Reason.NO_PROGRAMMING
    assert answer_of("AA19EEE") is None
    assert Vehicle.objects.get(registration="AA19SRN").is_sorn


def test_statuses_and_their_history_agree_with_the_timeline(sandbox):
    at = timezone.now()
    run(sandbox.url, at=at)
    started_on = ask_sandbox(sandbox.url, seed=SEED).clock.started_on
    assert started_on == STARTED_ON
    timeline = Timeline(
        at.replace(
            year=started_on.year, month=started_on.month, day=started_on.day, hour=0, minute=0, second=0, microsecond=0
        )
    )
    regions = {place.code: place.region for place in demo_dealers(SEED)}

    statuses = Status.objects.select_related("dealer")
    assert statuses.count() == Probe.objects.count()
    for status in statuses:
        code = status.dealer.code
        assert status.state == timeline.state(dealer_code=code, region=regions[code], system=status.system, at=at), (
            f"{code} {status.system}"
        )
        last = StatusChange.objects.filter(dealer=status.dealer, system=status.system).latest("at")
        assert (last.new, last.at) == (status.state, status.since)
    assert State.UNKNOWN not in set(StatusChange.objects.values_list("new", flat=True))
    assert not StatusChange.objects.filter(notified_at=None).exists()

    for incident in Incident.objects.all():
        assert incident.updates.latest("at").stage == incident.stage
        assert not incident.updates.filter(at__gt=at).exists()
    assert Incident.objects.filter(resolved_at=None).count() == 2
    stages = list(Maintenance.objects.soonest_first().values_list("stage", flat=True))
    assert stages == ["completed", "in_progress", *["scheduled"] * 4]


def test_loading_again_changes_addresses_and_passwords_and_nothing_else(sandbox):
    first = run(sandbox.url)
    Probe.objects.update(url="http://127.0.0.1:1/old")
    Feed.objects.update(url="http://127.0.0.1:1/old")
    changes = BlockChange.objects.count(), StatusChange.objects.count()

    again = run(sandbox.url)

    assert again["vehicles"] == first["vehicles"]
    assert abs(again["blocked"] - first["blocked"]) <= 2  # a few offers change between two polls
    assert not Probe.objects.filter(url__contains="/old").exists()
    assert not Feed.objects.filter(url__contains="/old").exists()
    assert StatusChange.objects.count() == changes[1]
    assert BlockChange.objects.count() - changes[0] <= 4
    assert all(old["password"] != new["password"] for old, new in zip(first["sign_in"], again["sign_in"], strict=True))


def test_the_people_can_sign_in_and_see_their_place(sandbox, client):
    sign_in = {person["email"]: person["password"] for person in run("", vehicles=8)["sign_in"]}
    assert len(sign_in) == 4
    for email, password in sign_in.items():
        user = User.objects.get(email=email)
        assert check_password(password, user.password)
        assert user.is_superuser != user.memberships.exists()
    roles = set(Membership.objects.values_list("user__email", "role", "dealer__kind"))
    assert ("owner@garage.example", "owner", "independent") in roles
    assert ("member@garage.example", "member", "independent") in roles
    assert ("owner@dealer.example", "owner", "franchised") in roles


def test_without_a_sandbox_nothing_is_known_of_parts_and_nothing_is_blocked_for_want_of_them():
    summary = run("")
    assert summary["offers"] == 0
    assert not Feed.objects.exists()
    assert not Probe.objects.exists()
    assert summary["by_reason"]["part_unavailable"] == 0
    assert summary["unknown"] > 0
    assert set(Status.objects.values_list("state", flat=True)) == {"operational", "degraded", "down"}


def test_a_smaller_fleet_or_another_seed_takes_the_place_of_the_old(sandbox):
    run("", vehicles=60, seed=1)
    run("", vehicles=20, seed=1)
    assert Vehicle.objects.count() == 20
    run("", vehicles=20, seed=2)
    assert Vehicle.objects.count() == 20
    assert set(Dealer.objects.values_list("code", flat=True)) == {place.code for place in demo_dealers(2)}


def test_unloading_leaves_what_is_not_of_the_demonstration(sandbox):
    kept_dealer = Dealer.objects.create(code="Z9Z99", slug="kept", name="Kept")
    kept_car = Vehicle.objects.create(registration="ZZ99ZZZ")
    kept_user = User.objects.create_user("kept@garagehub.example")
    run(sandbox.url)

    removed = clear(at=timezone.now())

    assert removed["vehicles"] == VEHICLES
    assert removed["dealers"] == 150
    assert list(Dealer.objects.all()) == [kept_dealer]
    assert list(Vehicle.objects.all()) == [kept_car]
    assert list(User.objects.all()) == [kept_user]
    for model in (
        MotTest,
        Defect,
        RepairStatus,
        BlockChange,
        Offer,
        Supplier,
        Feed,
        Repair,
        Part,
        Incident,
        StatusChange,
    ):
        assert not model.objects.exists(), model.__name__


def test_the_command_ends_with_one_line_of_json(sandbox, capsys):
    call_command("load_scenario", vehicles=12, seed=SEED, sandbox=sandbox.url)
    written = capsys.readouterr()
    assert json.loads(written.out.strip().splitlines()[-1])["vehicles"] == 12
    assert len(written.out.strip().splitlines()) == 1
    assert "deciding" in written.err


def test_a_sandbox_that_plays_another_seed_is_refused(sandbox):
    with pytest.raises(DomainError, match=f"plays seed {SEED}, not 8"):
        ask_sandbox(sandbox.url, seed=8)
    with pytest.raises(CommandError, match="plays seed"):
        call_command("load_scenario", vehicles=12, seed=8, sandbox=sandbox.url)
    assert not Dealer.objects.exists()


def test_a_silent_sandbox_is_told_apart_from_something_else_that_answers(sandbox):
    with pytest.raises(UnavailableError):
        ask_sandbox("http://127.0.0.1:1", seed=SEED)
    with pytest.raises(DomainError, match="is not the sandbox"):
        ask_sandbox(f"{sandbox.url}/clock?", seed=SEED)


@pytest.mark.parametrize("vehicles", [0, 7, 10**9])
def test_a_fleet_of_no_or_too_many_vehicles_is_refused(vehicles):
    with pytest.raises(CommandError, match="--vehicles"):
        call_command("load_scenario", vehicles=vehicles, sandbox="")
