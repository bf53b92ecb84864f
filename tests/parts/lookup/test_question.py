"""The question past the limit: people answer it, and each answer counts once."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from django.test import Client
from rest_framework.throttling import SimpleRateThrottle

from parts.lookup import question, throttle
from tests.factories import member
from tests.parts.lookup.world import SPRING, World

WORDS = "zero one two three four five six seven eight nine ten".split()  # noqa: SIM905 - reads as counting


@pytest.fixture(autouse=True)
def _clean_cache():
    cache.clear()


def answer_to(text: str) -> str:
    one, sign, other = re.search(r"What is (\w+) (plus|take away) (\w+)\?", text).groups()
    first, second = WORDS.index(one), WORDS.index(other)
    return str(first + second if sign == "plus" else first - second)


def rates(monkeypatch, lookup: str = "2/min", total: str = "1000/min") -> None:
    monkeypatch.setattr(
        SimpleRateThrottle, "THROTTLE_RATES", {"lookup": lookup, "lookup_total": total, "garage": "9/min"}
    )


def test_its_answer_is_right_once_and_no_other_is():
    for _ in range(30):
        asked = question.ask()
        assert question.is_answered(asked.token, f" {answer_to(asked.text)} ")
        assert not question.is_answered(asked.token, answer_to(asked.text))


def test_a_wrong_answer_uses_the_question_up():
    asked = question.ask()

    assert not question.is_answered(asked.token, "99")
    assert not question.is_answered(asked.token, answer_to(asked.text))


@pytest.mark.parametrize("token", ["", "made up", "a.b:c:d"])
def test_a_question_that_is_not_ours_has_no_answer(token):
    assert not question.is_answered(token, "1")


def test_an_old_question_has_no_answer(monkeypatch):
    asked = question.ask()
    monkeypatch.setattr(question, "LIFETIME", -question.LIFETIME)

    assert not question.is_answered(asked.token, answer_to(asked.text))


def post(client: Client, **more: str):
    return client.post("/vehicle/", {"registration": "AA91AAA", **more})


def hidden(page: str) -> tuple[str, str]:
    token = re.search(r'name="question" value="([^"]+)"', page)[1]
    return token, answer_to(page)


@pytest.mark.django_db
def test_past_the_limit_a_person_answers_and_goes_on(client: Client, monkeypatch):
    world = World()
    world.vehicle("AA91AAA", SPRING)
    world.decide()
    rates(monkeypatch)
    assert [post(client).status_code for _ in range(2)] == [200, 200]

    refused = post(client)
    page = refused.content.decode()
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert "Many were made from your network" in page
    assert 'value="AA91AAA"' in page
    token, answer = hidden(page)
    assert post(client, question=token, answer=answer).status_code == 200
    assert post(client, question=token, answer=answer).status_code == 429


@pytest.mark.django_db
def test_below_the_limit_nobody_is_asked(client: Client):
    assert "question" not in client.get("/vehicle/").content.decode()


@pytest.mark.django_db
def test_answers_end_where_one_address_has_had_its_share(client: Client, monkeypatch):
    rates(monkeypatch, lookup="1/min")
    monkeypatch.setattr(throttle, "PEOPLE_FACTOR", 3)
    post(client)
    token, answer = hidden(post(client).content.decode())
    post(client)

    assert post(client, question=token, answer=answer).status_code == 429


@pytest.mark.django_db
def test_all_together_have_a_budget_that_is_told_plainly_and_spares_garages(monkeypatch):
    rates(monkeypatch, lookup="50/min", total="2/min")
    for number in range(2):
        assert post(Client(REMOTE_ADDR=f"192.0.2.{number}")).status_code == 404

    refused = post(Client(REMOTE_ADDR="192.0.2.99"))
    assert refused.status_code == 429
    assert "Very many people are asking at the moment" in refused.content.decode()
    assert 'name="question"' not in refused.content.decode()

    by_api = Client(REMOTE_ADDR="192.0.2.98").post(
        "/api/v1/vehicles/lookup", {"registration": "AA91AAA"}, content_type="application/json"
    )
    assert (by_api.status_code, by_api.json()["code"]) == (429, "throttled")

    known = Client(REMOTE_ADDR="192.0.2.97")
    known.force_login(member(World().dealer))
    assert post(known).status_code == 404


@pytest.mark.django_db
def test_what_an_address_is_refused_costs_the_others_nothing(monkeypatch):
    rates(monkeypatch, lookup="1/min", total="3/min")
    flood = Client(REMOTE_ADDR="192.0.2.1")
    for _ in range(10):
        post(flood)

    assert post(Client(REMOTE_ADDR="192.0.2.2")).status_code == 404


@pytest.mark.django_db
def test_one_household_has_one_budget_however_many_addresses(monkeypatch):
    rates(monkeypatch, lookup="1/min")
    post(Client(REMOTE_ADDR="2001:db8::1"))

    assert post(Client(REMOTE_ADDR="2001:db8::2")).status_code == 429
    assert post(Client(REMOTE_ADDR="2001:db8:1::1")).status_code == 404
