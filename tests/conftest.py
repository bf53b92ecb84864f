"""Fixtures every test may ask for, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings
from django.test import override_settings
from django.utils import translation

from tests.network import block_network

pytest_plugins = ["tests.browser", "tests.sandbox_process", "tests.worker_process"]

block_network()


@pytest.fixture(scope="session")
def redis_client() -> Iterator[redis.Redis]:
    """The Redis of these tests."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Passwords of tests are hashed quickly: half a second for each would be most of what they wait for."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def _empty_cache(redis_client: redis.Redis) -> None:
    """No test meets what another left in the cache, such as a throttle that has counted. Only our own keys go."""
    keys = list(redis_client.scan_iter(match=f"{settings.CACHES['default']['KEY_PREFIX']}:1:*", count=1_000))
    if keys:
        redis_client.delete(*keys)


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    """Django leaves the last reader's language in force until the next request."""
    yield
    translation.activate(settings.LANGUAGE_CODE)
