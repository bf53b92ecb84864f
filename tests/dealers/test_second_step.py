"""A garage that asks its team for two-step sign-in: who may decide it, what it stops, and whom it leaves alone."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from django.test import Client
from django.utils import timezone

from dealers import access, team
from dealers.models import Dealer
from garagehub.accounts import second_step
from garagehub.accounts.models import Authenticator
from garagehub.lib.errors import DomainError
from garagehub.outbox.models import Message
from tests.factories import bearer, dealer, member, user

pytestmark = pytest.mark.django_db
SET_UP, SWITCH = "/account/two-step/", "/garage/team/second-step/"
PASSWORD = "correct horse"
SEED = "one seed for all tests"


@pytest.fixture
def here():
    return dealer(name="Corner Garage")


@pytest.fixture
def owner(here):
    return with_step(member(here, role="owner"))


@pytest.fixture
def mate(here):
    return member(here)


def with_step(person):
    Authenticator.objects.create(user=person, seed=SEED, last_step=0, confirmed_at=timezone.now())
    return person


def as_(person) -> Client:
    client = Client()
    if person:
        client.force_login(person)
    return client


def signed_in(person):
    return Client().post("/sign-in/", {"username": person.email, "password": PASSWORD})


def is_asked(here) -> bool:
    return Dealer.objects.get(pk=here.pk).asks_second_step


def test_an_owner_asks_the_team_and_who_has_none_is_told(here, owner, mate):
    assert b"Ask everybody for it" in as_(owner).get("/garage/team/").content
    answer = as_(owner).post(SWITCH, {"do": "on"}, follow=True)

    assert "Everybody in your team signs in with two steps now." in answer.content.decode()
    assert "not set up yet" in answer.content.decode()
    assert is_asked(here)
    [letter] = Message.objects.filter(kind="two_step_asked")
    assert (letter.to, letter.subject) == (mate.email, "Corner Garage asks for two-step sign-in on GarageHub")
    as_(owner).post(SWITCH, {"do": "on"})
    assert Message.objects.filter(kind="two_step_asked").count() == 1, "told once"
    as_(owner).post(SWITCH, {"do": "off"})
    assert not is_asked(here)


def test_nobody_but_an_owner_of_the_garage_decides_it(here, owner, mate):
    other = dealer()
    stranger = with_step(member(other, role="owner"))
    for who in (mate, stranger, user(), None):
        as_(who).post(SWITCH, {"do": "on"})
        as_(who).post(f"{SWITCH}?dealer={here.code}", {"do": "on"})
        assert not is_asked(here)
    assert is_asked(other), "a stranger decides about their own place"


def test_an_owner_without_it_cannot_ask_others(here):
    alone = member(here, role="owner")
    page = as_(alone).get("/garage/team/").content
    assert b"Set it up for yourself first" in page
    assert b"Ask everybody for it" not in page
    answer = as_(alone).post(SWITCH, {"do": "on"}, follow=True)
    assert "Set two-step sign-in up for yourself first" in answer.content.decode()
    assert not is_asked(here)


def test_a_member_without_it_sets_it_up_at_sign_in_before_anything_else(here, owner, mate):
    team.ask_second_step(dealer=here, is_asked=True, by=owner, at=timezone.now())
    client = Client()
    answer = client.post("/sign-in/?next=/garage/watches/", {"username": mate.email, "password": PASSWORD})
    assert answer.url == SET_UP
    for page in ("/garage/", "/garage/watches/", "/garage/keys/", "/garage/team/", "/garage/stock/"):
        assert client.get(page).url == SET_UP
    for page in ("/garage/cars/", "/garage/parts/", "/garage/watches/"):
        assert client.post(page, {"cars-items": "AA91AAA"}).url == SET_UP
    page = client.get(SET_UP)
    assert "Corner Garage asks everybody in its team for it." in page.content.decode()

    code = pyotp.TOTP(page.context["secret"].replace(" ", "")).at(timezone.now())
    codes = client.post(SET_UP, {"code": code})

    assert b'href="/garage/"' in codes.content
    assert client.get("/garage/").status_code == 200
    assert signed_in(mate).url == "/sign-in/code/", "from now on it is asked for"


def test_who_was_signed_in_already_is_led_there_too(here, owner, mate):
    client = as_(mate)
    assert client.get("/garage/").status_code == 200
    team.ask_second_step(dealer=here, is_asked=True, by=owner, at=timezone.now())
    assert client.get("/garage/").url == SET_UP
    assert client.get("/").status_code == 200, "what anyone may read stays open"
    assert as_(owner).get("/garage/").status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic eDp5"}])
def test_the_api_is_no_way_round(here, owner, mate, headers):
    body = {"part_numbers": ["LR123456"]}
    ask = {"content_type": "application/json", "headers": headers}
    assert as_(mate).post("/api/v1/parts/check", body, **ask).status_code == 200
    team.ask_second_step(dealer=here, is_asked=True, by=owner, at=timezone.now())
    assert as_(mate).post("/api/v1/parts/check", body, **ask).status_code == 403
    assert as_(mate).get("/api/v1/watches").status_code in {403, 404}
    assert as_(mate).post("/api/v1/stock", {"id": ""}, content_type="application/json").status_code in {403, 404}
    assert as_(owner).post("/api/v1/parts/check", body, **ask).status_code == 200
    with pytest.raises(DomainError):
        access.own_dealer(mate, slug=here.slug)
    assert access.own_dealer(owner, slug=here.slug, as_owner=True) == here


def test_keys_go_on(here, owner):
    key = bearer(here)
    team.ask_second_step(dealer=here, is_asked=True, by=owner, at=timezone.now())
    body = {"part_numbers": ["LR123456"]}
    answer = Client().post("/api/v1/parts/check", body, content_type="application/json", headers=key)
    assert answer.status_code == 200
    assert Client().get("/api/v1/watches", headers=key).status_code == 200


def test_strangers_and_other_places_of_work_are_left_alone(here, owner, mate):
    other = dealer(name="Another Garage")
    other.memberships.create(user=mate)
    stranger = member(other, role="owner")
    team.ask_second_step(dealer=here, is_asked=True, by=owner, at=timezone.now())
    assert signed_in(stranger).url == "/garage/"
    assert as_(stranger).get("/garage/").status_code == 200
    assert list(Dealer.objects.of(mate)) == [other], "what one place asks does not shut another"
    assert as_(mate).get("/garage/").url == SET_UP
    Dealer.objects.filter(pk=here.pk).update(is_active=False)
    assert as_(mate).get("/garage/").status_code == 200, "a place that is closed asks nothing"


def test_it_cannot_be_turned_off_while_the_garage_asks_for_it(here, owner):
    team.ask_second_step(dealer=here, is_asked=True, by=owner, at=timezone.now())
    client = as_(owner)
    assert b"Turn it off" not in client.get("/account/").content
    answer = client.post("/account/two-step/change/", {"do": "off", "password": PASSWORD}, follow=True)
    assert "Corner Garage asks everybody in its team for it." in answer.content.decode()
    assert second_step.has_second_step(owner)
    second_step.turn_off(user=owner, at=timezone.now() + timedelta(minutes=1))  # by an admin, for a lost phone
    assert client.get("/garage/").url == SET_UP


def test_a_new_member_begins_with_it(here, owner):
    team.ask_second_step(dealer=here, is_asked=True, by=owner, at=timezone.now())
    team.invite(dealer=here, email="new@example.com", role="member", by=owner, at=timezone.now())
    token = Message.objects.get(kind="invitation").text.split("/invitation/")[1].split("/")[0]
    joined = Client().post(f"/invitation/{token}/", {"name": "Nora", "password": "long and odd one"})
    assert joined.url == SET_UP
