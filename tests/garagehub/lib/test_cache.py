"""The cache shares a Redis with Celery's queues."""

import pytest
import redis
from django.conf import settings
from django.core.cache import cache


@pytest.fixture
def queue():
    """A message that waits, and a queue that is bound, under the broker's own prefix."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    names = ("garagehub:waiting", "garagehub:_kombu.binding.waiting")
    client.lpush(names[0], "message")
    client.sadd(names[1], "binding")
    yield lambda: client.exists(*names) == len(names)
    client.delete(*names)
    client.close()


def test_clearing_the_cache_forgets_all_of_it_and_leaves_celerys_queues(queue):
    for number in range(2_500):
        cache.set(f"kept-{number}", number)
    assert cache.get("kept-7") == 7

    cache.clear()

    assert [cache.get(f"kept-{number}") for number in (0, 7, 2_499)] == [None] * 3
    assert queue()
