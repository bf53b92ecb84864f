"""The tests run on what the site runs on."""

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection


@pytest.mark.django_db
def test_the_database_is_postgresql_15_or_newer():
    assert connection.vendor == "postgresql"
    assert connection.pg_version >= 150_000


def test_redis_answers_and_says_who_it_is(redis_client):
    assert redis_client.info("server")["redis_version"]


def test_the_cache_and_the_broker_are_that_redis():
    cache.set("here", "yes", 5)

    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as client:
        assert client.get(cache.make_key("here")) is not None


@pytest.mark.parametrize("turn", [1, 2])
def test_a_test_never_finds_what_another_left_in_the_cache(turn):
    assert cache.get("left-behind") is None
    cache.set("left-behind", turn, 60)
