"""Signing in: limits that stop strangers and not owners, the second step, and what is told by e-mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pyotp
import pytest
import time_machine
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from garagehub.accounts import devices, second_step
from garagehub.accounts.models import Session
from garagehub.outbox.models import Message
from tests.factories import dealer, member, user

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RIGHT, WRONG = "correct horse", "wrong"
SEED = "a seed"
pytestmark = pytest.mark.django_db


@pytest.fixture
def clock():
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def person(clock):
    return member(dealer(), email="ann@example.com")


def sign_in(client: Client, password: str = RIGHT, *, email: str = "ann@example.com", address="198.51.100.1", **more):
    return client.post("/sign-in/", {"username": email, "password": password, **more}, REMOTE_ADDR=address)


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def known_browser(person) -> Client:
    client = Client()
    sign_in(client)
    client.post("/sign-out/")
    return client


def letters(kind: str) -> list[str]:
    return list(Message.objects.filter(kind=kind).values_list("to", flat=True))


def with_second_step(person) -> list[str]:
    code = pyotp.TOTP(second_step.secret_of(SEED)).at(AT - timedelta(hours=1))
    return second_step.turn_on(user=person, seed=SEED, code=code, at=AT - timedelta(hours=1))


def app_code(at: datetime = AT) -> str:
    return pyotp.TOTP(second_step.secret_of(SEED)).at(at)


def test_ten_wrong_passwords_from_one_place_and_it_waits_whoever_is_meant(person):
    for number in range(10):
        assert sign_in(Client(), WRONG, email=f"somebody{number}@example.com").status_code == 200

    answer = sign_in(Client())
    assert answer.status_code == 429
    assert "Wait 15 minutes" in answer.content.decode()
    assert int(answer["Retry-After"]) > 800
    assert sign_in(Client(), address="198.51.100.2").status_code == 302


def test_right_passwords_do_not_use_up_the_place(person):
    for _ in range(12):
        assert sign_in(Client()).status_code == 302


def test_the_place_behind_a_proxy_is_the_visitor_s(person, settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": 1}
    for _ in range(10):
        Client().post("/sign-in/", {"username": "x@example.com", "password": WRONG}, headers={"X-Forwarded-For": "::1"})

    answer = Client().post(
        "/sign-in/", {"username": person.email, "password": RIGHT}, headers={"X-Forwarded-For": "::2:0:0:0:0"}
    )
    assert answer.status_code == 302


def guess_from_everywhere(times: int) -> list[int]:
    return [sign_in(Client(), WRONG, address=f"203.0.113.{number}").status_code for number in range(times)]


def test_guesses_from_many_places_close_the_account_to_strangers_but_not_to_its_owner(person):
    at_home = known_browser(person)
    assert guess_from_everywhere(25) == [200] * 20 + [429] * 5

    assert sign_in(Client(), address="192.0.2.1").status_code == 429
    assert sign_in(at_home, address="192.0.2.2").status_code == 302
    assert is_in(at_home)


def test_the_owner_is_told_once_that_strangers_were_shut_out(person):
    guess_from_everywhere(25)

    assert letters("sign_in_refused") == [person.email]


def test_nobody_is_told_of_guesses_at_an_account_that_is_not_there(clock):
    guess_from_everywhere(25)

    assert not Message.objects.exists()


def test_an_account_that_is_not_there_is_closed_just_the_same(clock):
    assert guess_from_everywhere(22) == [200] * 20 + [429] * 2


def test_after_an_hour_strangers_may_try_again(person, clock):
    guess_from_everywhere(25)
    clock.move_to(AT + timedelta(hours=1))

    assert sign_in(Client(), address="192.0.2.1").status_code == 302


def test_a_known_browser_has_its_own_limit(person):
    client = known_browser(person)
    statuses = [sign_in(client, WRONG, address=f"192.0.2.{number}").status_code for number in range(11)]

    assert statuses == [200] * 10 + [429]


def test_a_browser_known_to_another_person_is_a_stranger_s(person):
    other = user("bob@example.com")
    client = Client()
    sign_in(client, email=other.email)
    client.post("/sign-out/")
    guess_from_everywhere(25)

    assert sign_in(client, address="192.0.2.1").status_code == 429


@pytest.mark.parametrize("value", ["", "made up", "eyJuYW1lIjoiYSJ9:1:2"])
def test_a_made_up_device_cookie_is_worth_nothing(person, value):
    guess_from_everywhere(25)
    client = Client()
    client.cookies[devices.COOKIE] = value

    assert sign_in(client, address="192.0.2.1").status_code == 429


def test_a_sign_in_from_a_new_browser_is_told_and_from_a_known_one_not(person):
    client = known_browser(person)
    sign_in(client)
    assert letters("new_device") == [person.email]
    sign_in(Client())
    assert len(letters("new_device")) == 2


def test_a_new_password_makes_every_browser_a_new_one(person):
    client = known_browser(person)
    person.set_password("another horse")
    person.save()
    sign_in(client, "another horse")

    assert len(letters("new_device")) == 2


def test_a_browser_remembers_several_people(clock):
    people = [user(f"p{number}@example.com") for number in range(3)]
    client = Client()
    for one in people * 2:
        sign_in(client, email=one.email)
        client.post("/sign-out/")

    assert len(letters("new_device")) == 3


def test_the_device_cookie_is_sent_to_the_sign_in_only_and_scripts_cannot_read_it(person):
    client = Client()
    cookie = sign_in(client).cookies[devices.COOKIE]

    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/sign-in/", True, "Lax")
    assert person.email not in cookie.value


def test_a_closed_account_does_not_open(person):
    person.is_active = False
    person.save()

    assert sign_in(Client()).status_code == 200
    assert not Session.objects.filter(user=person).exists()


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere_after_signing_in(person, to):
    assert sign_in(Client(), next=to)["Location"] == "/garage/"


def test_a_password_alone_does_not_get_past_the_second_step(person):
    with_second_step(person)
    client = Client()
    answer = sign_in(client, next="/garage/keys/")

    assert answer["Location"] == "/sign-in/code/?next=%2Fgarage%2Fkeys%2F"
    assert not is_in(client)
    assert client.get("/garage/").status_code == 302
    assert client.post("/api/v1/parts/check", {}).status_code == 401


def test_password_and_code_get_in_and_go_on_to_where_one_wanted(person):
    with_second_step(person)
    client = Client()
    sign_in(client)
    answer = client.post("/sign-in/code/", {"code": app_code(), "next": "/garage/keys/"})

    assert answer["Location"] == "/garage/keys/"
    assert is_in(client)


def test_a_recovery_code_gets_in_once(person):
    codes = with_second_step(person)
    for works in (True, False):
        client = Client()
        sign_in(client)
        client.post("/sign-in/code/", {"code": codes[0]})
        assert is_in(client) is works


def test_after_the_code_nobody_is_sent_elsewhere(person):
    with_second_step(person)
    client = Client()
    sign_in(client)

    assert client.post("/sign-in/code/", {"code": app_code(), "next": "https://evil.example"})["Location"] == "/garage/"


def test_the_code_is_asked_for_only_of_who_gave_the_password(person):
    with_second_step(person)

    assert Client().post("/sign-in/code/", {"code": app_code()})["Location"] == "/sign-in/"


def test_the_code_is_awaited_for_ten_minutes(person, clock):
    with_second_step(person)
    client = Client()
    sign_in(client)
    clock.move_to(AT + timedelta(minutes=10))

    assert client.post("/sign-in/code/", {"code": app_code(AT + timedelta(minutes=10))})["Location"] == "/sign-in/"
    assert not is_in(client)


def test_a_password_changed_meanwhile_ends_the_wait_for_the_code(person):
    with_second_step(person)
    client = Client()
    sign_in(client)
    person.set_password("another horse")
    person.save()

    assert client.post("/sign-in/code/", {"code": app_code()})["Location"] == "/sign-in/"


def test_wrong_codes_run_out_and_starting_again_with_the_password_gives_no_more(person):
    with_second_step(person)
    statuses = []
    for _ in range(7):
        client = Client()
        sign_in(client)
        statuses.append(client.post("/sign-in/code/", {"code": "000000"}).status_code)

    assert statuses == [400] * 5 + [429] * 2
    assert letters("codes_refused") == [person.email]


def test_the_admin_s_sign_in_is_the_same_one(clock):
    admin = user("admin@example.com", is_staff=True, is_superuser=True)
    with_second_step(admin)
    client = Client()

    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/sign-in/?next=%2Fadmin%2F"
    asked = client.post("/admin/login/", {"username": admin.email, "password": RIGHT})
    assert asked["Location"].startswith("/sign-in/")
    sign_in(client, email=admin.email)
    assert client.get("/admin/").status_code == 302
    client.post("/sign-in/code/", {"code": app_code()})
    assert client.get("/admin/").status_code == 200


def test_who_is_no_admin_is_told_so_and_not_sent_round_in_circles(person):
    client = Client()
    sign_in(client)

    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "You cannot do that here" in answer.content.decode()


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; SM-S921B) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Mac"),
        (
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
            "Chrome on ChromeOS",
        ),
        ("curl/8.5.0", "an unknown browser"),
        ("", "an unknown browser"),
    ],
)
def test_a_browser_is_named_as_people_name_it(rf, agent, words):
    assert devices.describe(rf.get("/", headers={"user-agent": agent})) == words


@given(st.text(max_size=300))
def test_whatever_a_browser_calls_itself_fits_the_table(agent):
    asked = SimpleNamespace(headers={"User-Agent": agent})

    assert 0 < len(devices.describe(asked)) <= 80
