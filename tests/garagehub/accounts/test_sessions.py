"""Sessions: hashed, listed, ended, and cheap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.sessions.backends.base import UpdateError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from garagehub.accounts.models import Session
from garagehub.accounts.sessions import SessionStore, digest, end_session, end_sessions, sessions_of
from tests.factories import bearer, dealer, member, user

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
pytestmark = pytest.mark.django_db


def signed_in(person, **headers) -> Client:
    client = Client(headers=headers)
    client.post("/sign-in/", {"username": person.email, "password": "correct horse"})
    return client


def statements(client: Client, address: str, **options) -> list[str]:
    with CaptureQueriesContext(connection) as caught:
        client.get(address, **options)
    return [query["sql"] for query in caught.captured_queries]


def test_the_key_of_the_cookie_stands_nowhere_in_the_table():
    client = signed_in(user())
    key = client.cookies["sessionid"].value

    row = Session.objects.get()
    assert row.pk == digest(key)
    assert key not in f"{row.pk}{row.data}{row.public_id}"


def test_who_copies_the_table_cannot_sign_in_with_it():
    person = user()
    signed_in(person)
    thief = Client()
    thief.cookies["sessionid"] = Session.objects.get().pk

    assert thief.get("/account/").status_code == 302


def test_a_session_is_the_person_the_browser_and_the_time():
    person = user()
    with time_machine.travel(AT, tick=False):
        signed_in(person, user_agent=FIREFOX)

    row = sessions_of(person, at=AT).get()
    assert (row.device, row.signed_in_at, row.last_seen_at) == ("Firefox on Windows", AT, AT)


def test_when_somebody_was_seen_is_written_once_a_minute():
    person = user()
    with time_machine.travel(AT, tick=False) as clock:
        client = signed_in(person)
        clock.move_to(AT + timedelta(seconds=59))
        assert not [sql for sql in statements(client, "/account/") if sql.startswith("UPDATE")]
        clock.move_to(AT + timedelta(seconds=60))
        assert len([sql for sql in statements(client, "/account/") if sql.startswith("UPDATE")]) == 1
        assert not [sql for sql in statements(client, "/account/") if sql.startswith("UPDATE")]

    assert Session.objects.get().last_seen_at == AT + timedelta(seconds=60)


def test_a_call_with_a_key_asks_for_no_session():
    headers = bearer(dealer())
    client = Client()
    client.get("/api/v1/status", headers=headers)

    asked = statements(client, "/api/v1/status", headers=headers)
    assert not [sql for sql in asked if "accounts_session" in sql or sql.startswith("UPDATE")]


def test_a_session_runs_out():
    person = user()
    with time_machine.travel(AT, tick=False) as clock:
        client = signed_in(person)
        clock.move_to(AT + timedelta(hours=12, seconds=1))
        assert client.get("/account/").status_code == 302
        assert not sessions_of(person, at=AT + timedelta(hours=13)).exists()
        SessionStore.clear_expired()
    assert not Session.objects.exists()


def test_signing_in_changes_the_key_of_the_session():
    person, client = user(), Client()
    session = client.session
    session["before"] = 1
    session.save()
    client.cookies["sessionid"] = session.session_key
    client.post("/sign-in/", {"username": person.email, "password": "correct horse"})

    assert client.cookies["sessionid"].value != session.session_key
    assert not Session.objects.filter(pk=digest(session.session_key)).exists()


def test_one_can_end_ones_own_sessions_and_nobody_elses():
    ann, bob = user(), user()
    clients = [signed_in(ann), signed_in(ann), signed_in(bob)]
    first = Session.objects.get(pk=digest(clients[0].cookies["sessionid"].value))

    assert not end_session(user=bob, public_id=first.public_id)
    assert end_session(user=ann, public_id=first.public_id)
    assert [client.get("/account/").status_code for client in clients] == [302, 200, 200]
    assert end_sessions(user=ann) == 1
    assert [client.get("/account/").status_code for client in clients] == [302, 302, 200]


def test_an_ended_session_does_not_come_back_when_it_is_saved():
    store = SessionStore()
    store["a"] = 1
    store.create()
    again = SessionStore(store.session_key)
    assert again["a"] == 1
    end = SessionStore(store.session_key)
    end.delete()
    again["a"] = 2
    with pytest.raises(UpdateError):
        again.save()
    assert not Session.objects.exists()


def test_the_page_lists_the_sessions_with_as_many_questions_for_ten_as_for_two():
    person = member(dealer())
    client = signed_in(person)
    signed_in(person)
    few = len(statements(client, "/account/"))
    for _ in range(8):
        signed_in(person)

    assert len(statements(client, "/account/")) == few
    page = client.get("/account/").content.decode()
    assert page.count("this one") == 1
    assert page.count("/end/") == 9


def test_all_others_can_be_signed_out_from_the_page_and_one_alone():
    person = user()
    here, there, elsewhere = (signed_in(person) for _ in range(3))
    there_row = Session.objects.get(pk=digest(there.cookies["sessionid"].value))

    here.post(f"/account/sessions/{there_row.public_id}/end/")
    assert there.get("/account/").status_code == 302
    assert elsewhere.get("/account/").status_code == 200
    answer = here.post("/account/sessions/end-others/", follow=True)
    assert "1 other browser is signed out." in answer.content.decode()
    assert elsewhere.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200
