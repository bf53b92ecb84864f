"""How often a caller may ask."""

import re
import time

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisConnectionError
from rest_framework.views import APIView

from garagehub.lib.throttle import CountingThrottle


@pytest.fixture(autouse=True)
def _clean_cache():
    cache.clear()


class Twice(CountingThrottle):
    rate = "2/second"

    def get_cache_key(self, request, view):
        return request


def ask(who):
    throttle = Twice()
    return throttle.allow_request(who, APIView()), throttle.wait()


def test_calls_past_the_rate_are_told_how_long_the_period_still_lasts():
    assert [ask("one")[0] for _ in range(2)] == [True, True]
    allowed, wait = ask("one")
    assert not allowed
    assert 0 < wait <= 1


def test_each_caller_has_a_count_of_its_own():
    for _ in range(3):
        ask("one")
    assert ask("another")[0]


def test_a_period_that_is_over_counts_anew():
    for _ in range(3):
        ask("one")
    time.sleep(1.1)  # Redis keeps the time
    assert ask("one")[0]


def test_a_caller_without_a_key_is_never_held_back():
    assert all(ask(None)[0] for _ in range(5))


def test_nobody_is_held_back_while_redis_is_away(monkeypatch):
    def refuse(*args):
        raise RedisConnectionError

    ask("one")
    monkeypatch.setattr(cache._client, "eval", refuse)
    assert all(ask("one")[0] for _ in range(5))


@pytest.mark.parametrize("calls", [1, 4])
def test_a_call_is_one_round_trip(calls, monkeypatch):
    asked = []
    script = cache._client.execute_command
    monkeypatch.setattr(
        cache._client, "execute_command", lambda *args, **kw: asked.append(args[0]) or script(*args, **kw)
    )
    for _ in range(calls):
        ask("one")
    assert asked == ["EVAL"] * calls


@pytest.mark.django_db
def test_each_answer_says_what_is_left_and_for_how_long(client):
    for left in (299, 298):
        answer = client.get("/api/v1/status")
        assert answer["RateLimit-Policy"] == '"public";q=300;w=60'
        said = re.fullmatch(r'"public";r=(\d+);t=(\d+)', answer["RateLimit"])
        assert int(said[1]) == left
        assert 1 <= int(said[2]) <= 60


@pytest.mark.django_db
def test_a_refusal_says_that_nothing_is_left(client, monkeypatch):
    monkeypatch.setattr(CountingThrottle, "parse_rate", lambda self, rate: (1, 60))
    client.get("/api/v1/status")
    answer = client.get("/api/v1/status")
    assert answer.status_code == 429
    assert answer["RateLimit"].startswith('"public";r=0;t=')
    assert int(answer["Retry-After"]) >= 1
