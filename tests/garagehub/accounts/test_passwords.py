"""New passwords: by the old one, or by a link that says nothing about who has an account."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from garagehub.accounts.models import Session, User
from garagehub.outbox.models import Message
from tests.factories import user

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RIGHT, NEW = "correct horse", "battery staple nine"
pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return user("ann@example.com")


def ask(email: str, **more):
    return Client().post("/password-reset/", {"email": email}, **more)


def link() -> str:
    return re.search(r"/password-reset/\S+", Message.objects.filter(kind="password_reset").latest("created_at").text)[0]


def signed_in(email: str = "ann@example.com", password: str = RIGHT) -> Client:
    client = Client()
    client.post("/sign-in/", {"username": email, "password": password})
    return client


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def choose(client: Client, address: str, password: str = NEW, again: str | None = None):
    form = client.get(address, follow=True)
    if not form.redirect_chain:
        return form
    return client.post(form.redirect_chain[-1][0], {"new_password1": password, "new_password2": again or password})


def test_the_link_sets_a_password_once_and_signs_everybody_out(person):
    elsewhere = signed_in()
    ask("ANN@example.com ")
    address = link()
    client = Client()
    answer = choose(client, address)

    assert answer["Location"] == "/sign-in/"
    assert not is_in(elsewhere)
    assert not Session.objects.filter(user=person).exists()
    assert not is_in(client)
    assert is_in(signed_in(password=NEW))
    assert "was used before" in choose(Client(), address, "yet another one").content.decode()
    assert Message.objects.get(kind="password_changed").to == person.email


def test_looking_at_the_link_changes_nothing(person):
    ask(person.email)
    Client().get(link(), follow=True)

    assert is_in(signed_in())


def test_the_address_of_the_form_holds_no_token_any_more(person):
    ask(person.email)
    token = link().split("/")[-2]

    assert token not in Client().get(link(), follow=True).redirect_chain[-1][0]


def test_the_link_works_for_two_hours(person):
    with time_machine.travel(AT, tick=False) as clock:
        ask(person.email)
        address = link()
        clock.move_to(AT + timedelta(hours=2, seconds=1))
        assert "older than two hours" in choose(Client(), address).content.decode()


def test_the_answer_and_the_work_are_the_same_for_an_address_nobody_has(person):
    def answer_of(email: str):
        with CaptureQueriesContext(connection) as caught:
            answer = ask(email)
        return (
            answer.status_code,
            answer["Location"],
            len([q for q in caught.captured_queries if "SAVEPOINT" not in q["sql"]]),
        )

    assert answer_of(person.email) == answer_of("nobody@example.com")
    assert list(Message.objects.values_list("to", flat=True)) == [person.email]


def test_a_closed_account_gets_no_link(person):
    person.is_active = False
    person.save()
    ask(person.email)

    assert not Message.objects.exists()


def test_an_account_without_a_password_gets_its_first_by_the_link():
    User.objects.create_user("new@example.com")
    ask("new@example.com")
    choose(Client(), link())

    assert is_in(signed_in("new@example.com", NEW))


def test_nobody_is_flooded_with_links(person):
    for number in range(6):
        assert ask(person.email, REMOTE_ADDR=f"192.0.2.{number}").status_code == 302

    assert Message.objects.filter(kind="password_reset").count() == 3


def test_one_place_may_ask_ten_times_an_hour(person):
    statuses = [ask(f"p{number}@example.com").status_code for number in range(11)]

    assert statuses == [302] * 10 + [429]


def test_the_host_of_the_request_does_not_get_into_the_link(person, settings):
    settings.ALLOWED_HOSTS = ["*"]
    ask(person.email, headers={"host": "evil.example"})

    assert f"{settings.SITE_URL}/password-reset/" in Message.objects.get().text
    assert "evil" not in Message.objects.get().text


@pytest.mark.parametrize("weak", ["short", "1234567890", "password123", "ann@example.com"])
def test_a_weak_password_is_refused_in_words(person, weak):
    ask(person.email)
    answer = choose(Client(), link(), weak)

    assert answer.status_code == 200
    assert 'class="error"' in answer.content.decode()
    assert is_in(signed_in())


def test_changing_the_password_keeps_this_browser_and_ends_the_others(person):
    here, elsewhere = signed_in(), signed_in()
    answer = here.post(
        "/account/password/", {"old_password": RIGHT, "new_password1": NEW, "new_password2": NEW}, follow=True
    )

    assert "Your password is changed." in answer.content.decode()
    assert is_in(here)
    assert not is_in(elsewhere)
    assert Session.objects.filter(user=person).count() == 1
    assert Message.objects.get(kind="password_changed").to == person.email


def test_the_password_cannot_be_changed_without_the_old_one(person):
    here = signed_in()
    here.post("/account/password/", {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW})

    assert is_in(signed_in())


def test_the_admin_s_own_page_for_it_leads_to_ours():
    admin = user(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(admin)

    assert client.get("/admin/password_change/")["Location"] == "/account/password/"


def test_a_reset_opens_an_account_that_was_closed_to_strangers(person):
    for number in range(25):
        Client().post("/sign-in/", {"username": person.email, "password": "x"}, REMOTE_ADDR=f"203.0.113.{number}")
    ask(person.email)
    choose(Client(), link())

    assert is_in(signed_in(password=NEW))


def test_no_letter_carries_a_password_or_anything_that_signs_in(person):
    here = signed_in()
    ask(person.email)
    here.post("/account/password/", {"old_password": RIGHT, "new_password1": NEW, "new_password2": NEW})

    for letter in Message.objects.all():
        assert RIGHT not in letter.text
        assert NEW not in letter.text
        assert here.cookies["sessionid"].value not in letter.text
        assert letter.text.count("http") <= 2
