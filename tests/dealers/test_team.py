"""Teams: who may change them (owner, team mate, stranger, anonymous), invitations, and that an owner always stays."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dealers import team
from dealers.models import Invitation, Membership
from garagehub.accounts.models import User
from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.outbox.models import Message
from tests.factories import dealer, member, user

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    return dealer(name="Here & Sons")


@pytest.fixture
def owner(here):
    return member(here, role="owner", name="Olive Owner")


@pytest.fixture
def mate(here):
    return member(here, name="Mo Mate")


def as_(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def invite(here, owner, email="new@example.com", role="member", at=AT) -> str:
    """The token of the letter."""
    team.invite(dealer=here, email=email, role=role, by=owner, at=at)
    return re.search(
        r"/invitation/(\S+)/", Message.objects.filter(kind="invitation").order_by("created_at").last().text
    )[1]


def role_of(person, here) -> str | None:
    return Membership.objects.filter(user=person, dealer=here).values_list("role", flat=True).first()


def test_an_invitation_makes_an_account_and_a_place_at_the_dealer(here, owner):
    token = invite(here, owner, "New@Example.com", "owner")
    joined = team.accept(token=token, name="Nora New", password="a long enough one", at=AT + timedelta(days=6))

    assert (joined.user.email, joined.user.name, joined.role) == ("new@example.com", "Nora New", "owner")
    assert joined.user.check_password("a long enough one")


def test_an_invitation_of_somebody_with_an_account_adds_a_place_and_keeps_the_password(here, owner):
    known = member(dealer(), email="known@example.com")
    joined = team.accept(token=invite(here, owner, "Known@example.com"), password="ignored and long", at=AT)

    assert joined.user == known
    assert User.objects.get(pk=known.pk).check_password("correct horse")
    assert known.memberships.count() == 2


def test_an_invitation_works_once(here, owner):
    token = invite(here, owner)
    team.accept(token=token, password="a long enough one", at=AT)
    with pytest.raises(NotFoundError):
        team.accept(token=token, password="a long enough one", at=AT)


@pytest.mark.parametrize("why", ["expired", "withdrawn", "renewed", "dealer closed", "made up"])
def test_an_invitation_stops_working(here, owner, why):
    token, at = invite(here, owner), AT
    if why == "expired":
        at = AT + timedelta(days=7)
    elif why == "withdrawn":
        team.withdraw(dealer=here, public_id=Invitation.objects.get().public_id)
    elif why == "renewed":
        invite(here, owner, at=AT + timedelta(minutes=1))
    elif why == "dealer closed":
        here.is_active = False
        here.save()
    else:
        token = "made-up"
    with pytest.raises(NotFoundError):
        team.accept(token=token, password="a long enough one", at=at)
    assert not User.objects.filter(email="new@example.com").exists()


def test_only_a_hash_of_the_token_is_stored(here, owner):
    token = invite(here, owner)

    assert token not in str(Invitation.objects.values().get())


def test_a_closed_account_cannot_join(here, owner):
    user("closed@example.com", is_active=False)
    with pytest.raises(DomainError, match="closed"):
        team.accept(token=invite(here, owner, "closed@example.com"), at=AT)


def test_who_is_in_the_team_is_not_invited_again(here, owner, mate):
    with pytest.raises(DomainError, match="already"):
        team.invite(dealer=here, email=mate.email.upper(), role="owner", by=owner, at=AT)
    assert not Message.objects.exists()


def test_a_dealer_cannot_write_to_half_the_world(here, owner, monkeypatch):
    monkeypatch.setattr(team, "MOST_INVITATIONS", 2)
    invite(here, owner, "a@example.com")
    invite(here, owner, "b@example.com")
    with pytest.raises(DomainError, match="too many"):
        invite(here, owner, "c@example.com")
    invite(here, owner, "b@example.com")


def test_names_stand_in_letters_as_they_are(here, owner):
    invite(here, owner)

    letter = Message.objects.get()
    assert letter.subject == "Join Here & Sons on GarageHub"
    assert "Olive Owner invites you" in letter.text


def test_the_last_owner_can_neither_leave_nor_become_a_member(here, owner, mate):
    with pytest.raises(DomainError, match="needs an owner"):
        team.remove(dealer=here, public_id=owner.public_id, by=owner, at=AT)
    with pytest.raises(DomainError, match="needs an owner"):
        team.change_role(dealer=here, public_id=owner.public_id, role="member")
    assert role_of(owner, here) == "owner"

    team.change_role(dealer=here, public_id=mate.public_id, role="owner")
    team.remove(dealer=here, public_id=owner.public_id, by=owner, at=AT)
    assert role_of(owner, here) is None


def test_an_owner_who_cannot_sign_in_is_none(here, owner):
    member(here, role="owner", is_active=False)
    with pytest.raises(DomainError, match="needs an owner"):
        team.remove(dealer=here, public_id=owner.public_id, by=owner, at=AT)


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_leave_one_behind(here):
    owners = [member(here, role="owner") for _ in range(2)]

    def leave(person: User) -> bool:
        try:
            team.remove(dealer=here, public_id=person.public_id, by=person, at=AT)
        except DomainError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(leave, owners)) == [False, True]
    assert Membership.objects.filter(dealer=here, role="owner").count() == 1


def test_who_was_removed_is_told_and_who_left_is_not(here, owner, mate):
    team.remove(dealer=here, public_id=mate.public_id, by=owner, at=AT)
    other = member(here)
    team.remove(dealer=here, public_id=other.public_id, by=other, at=AT)

    assert list(Message.objects.values_list("kind", "to")) == [("removed", mate.email)]


def test_people_of_another_dealer_are_out_of_reach(here, owner):
    elsewhere = dealer()
    stranger = member(elsewhere)
    for change in (
        lambda: team.remove(dealer=here, public_id=stranger.public_id, by=owner, at=AT),
        lambda: team.change_role(dealer=here, public_id=stranger.public_id, role="owner"),
        lambda: team.withdraw(dealer=here, public_id=uuid4()),
    ):
        with pytest.raises(NotFoundError):
            change()
    assert role_of(stranger, elsewhere) == "member"


def test_a_removed_person_is_out_at_once(here, owner, mate):
    client = as_(mate)
    assert client.get("/garage/team/").status_code == 200
    as_(owner).post(f"/garage/team/{mate.public_id}/remove/")

    assert client.get("/garage/team/").status_code == 403


def test_the_owner_invites_promotes_and_removes_on_the_page(here, owner, mate):
    client = as_(owner)
    page = client.post("/garage/team/", {"email": "new@example.com", "role": "member"}, follow=True).content.decode()
    assert "An invitation is on its way to new@example.com." in page
    client.post(f"/garage/team/{mate.public_id}/role/", {"role": "owner"})
    assert role_of(mate, here) == "owner"
    client.post(f"/garage/team/{mate.public_id}/remove/")
    assert role_of(mate, here) is None
    client.post(f"/garage/team/invitations/{Invitation.objects.get().public_id}/withdraw/")
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("who", ["team mate", "stranger", "anonymous"])
def test_nobody_but_an_owner_changes_the_team(here, owner, mate, who):
    invite(here, owner)
    person = {"team mate": mate, "stranger": member(dealer(), role="owner"), "anonymous": None}[who]
    client = as_(person) if person else Client()
    before = list(Membership.objects.filter(dealer=here).values_list("user", "role")), Invitation.objects.count()
    client.post(f"/garage/team/?dealer={here.code}", {"email": "evil@example.com", "role": "owner"})
    client.post(f"/garage/team/{mate.public_id}/role/?dealer={here.code}", {"role": "owner"})
    client.post(f"/garage/team/{owner.public_id}/remove/?dealer={here.code}")
    client.post(f"/garage/team/invitations/{Invitation.objects.get().public_id}/withdraw/?dealer={here.code}")

    assert (
        list(Membership.objects.filter(dealer=here).values_list("user", "role")),
        Invitation.objects.count(),
    ) == before


def test_a_team_mate_sees_the_team_and_may_leave_it(here, owner, mate):
    client = as_(mate)
    page = client.get("/garage/team/").content.decode()
    assert owner.email in page
    assert "Send the invitation" not in page
    client.post(f"/garage/team/{mate.public_id}/remove/")
    assert role_of(mate, here) is None


def test_an_address_that_is_none_is_refused_beside_its_field(here, owner):
    answer = as_(owner).post("/garage/team/", {"email": "nonsense", "role": "member"})

    assert answer.status_code == 400
    assert 'id="id_email_error"' in answer.content.decode()


def test_looking_at_an_invitation_accepts_nothing(here, owner):
    address = f"/invitation/{invite(here, owner, at=team_now())}/"
    page = Client().get(address)

    assert page.status_code == 200
    assert "Make my account and join" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert Invitation.objects.exists()


def test_a_new_person_joins_on_the_page_and_is_signed_in(here, owner):
    client = Client()
    answer = client.post(
        f"/invitation/{invite(here, owner, at=team_now())}/", {"name": "Nora", "password": "long and odd one"}
    )

    assert answer["Location"] == "/garage/"
    assert "Here &amp; Sons" in client.get("/garage/").content.decode()
    assert not Message.objects.filter(kind="new_device").exists()


def test_a_known_person_who_is_not_signed_in_joins_and_is_then_asked_for_the_password(here, owner):
    known = user("known@example.com")
    client = Client()
    answer = client.post(f"/invitation/{invite(here, owner, known.email, at=team_now())}/")

    assert answer["Location"] == "/garage/"
    assert client.get("/garage/").status_code == 302
    assert role_of(known, here) == "member"


def test_an_invitation_is_not_taken_by_whoever_is_signed_in(here, owner):
    other = user()
    token = invite(here, owner, at=team_now())
    page = as_(other).post(f"/invitation/{token}/")

    assert "You are signed in with another account." in page.content.decode()
    assert role_of(other, here) is None


@pytest.mark.parametrize(
    "body", [{}, {"name": "Nora"}, {"name": "Nora", "password": "short"}, {"password": "long and odd one"}]
)
def test_a_new_account_needs_a_name_and_a_good_password(here, owner, body):
    answer = Client().post(f"/invitation/{invite(here, owner, at=team_now())}/", body)

    assert answer.status_code == 400
    assert not User.objects.filter(email="new@example.com").exists()


def test_a_dead_link_says_so():
    answer = Client().get("/invitation/made-up/")

    assert answer.status_code == 404
    assert "Ask for a new one" in answer.content.decode()


def test_the_page_asks_as_many_questions_for_ten_people_as_for_two(here, owner, mate):
    def questions() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert as_(owner).get("/garage/team/").status_code == 200
        return len(caught)

    few = questions()
    for number in range(8):
        member(here)
        invite(here, owner, f"p{number}@example.com", at=team_now())
    assert questions() == few


def team_now() -> datetime:
    return datetime.now(tz=UTC)


def test_invitations_nobody_accepted_are_forgotten_after_a_month(here, owner):
    invite(here, owner)

    assert team.forget_old(at=AT + timedelta(days=36)) == 0
    assert team.forget_old(at=AT + timedelta(days=37)) == 1
