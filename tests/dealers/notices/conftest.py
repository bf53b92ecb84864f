"""Who is told: subscribers who confirmed, webhooks of a dealer that has nothing to do with the rest; and one at the sandbox."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from dealers.models import Dealer, Subscriber, Subscription, Webhook
from tests.factories import bearer, dealer, make, webhook

# Whom what has this scope concerns: readers of a dealer of LAND ROVER in region 4, of that make, of diagnostics, of all.
SCOPES = [
    ({}, "dealer", True),
    ({"make": "JAGUAR"}, "dealer", False),
    ({"regions": [4]}, "dealer", True),
    ({"regions": [5]}, "dealer", False),
    ({"make": "LAND ROVER"}, "make", True),
    ({"make": "JAGUAR"}, "make", False),
    ({"systems": ["warranty"]}, "system", False),
    ({"systems": ["diagnostics"]}, "system", True),
    ({"make": "JAGUAR", "systems": ["warranty"]}, "everything", True),
]


def reader(email: str = "ada@example.com", **about: Any) -> Subscription:
    """Somebody who confirmed, and what they asked for."""
    who, _ = Subscriber.objects.get_or_create(email=email)
    return Subscription.objects.create(subscriber=who, confirmed_at=timezone.now(), **about)


def reader_of(about: str, **more: Any) -> Subscription:
    """A reader of the subject that `SCOPES` names so; `more` are subjects of the test's own, by name."""
    here = dealer("LAND ROVER", region=4)
    subjects = {"dealer": here, "make": make("LAND ROVER"), "system": "diagnostics"} | more
    return reader(**({about: subjects[about]} if about in subjects else {}))


def with_make(scope: dict[str, Any]) -> dict[str, Any]:
    """The scope with its make as a row."""
    return scope | ({"make": make(scope["make"])} if "make" in scope else {})


@contextmanager
def begun_before_and_ended_after(write: Callable[[], object]) -> Iterator[None]:
    """`write` in a transaction of another connection that is open around the block and commits after it."""
    held, done = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with transaction.atomic():
            write()
            held.set()
            done.wait(20)
        connection.close()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    assert held.wait(20)
    try:
        yield
    finally:
        done.set()
        writer.join()


@pytest.fixture
def hook(db) -> Callable[..., Webhook]:
    """Makes a webhook of a dealer that has nothing to do with the rest."""
    owner = dealer("MINI")
    return lambda **fields: webhook(owner, **fields)


@pytest.fixture
def here(db) -> Dealer:
    """The dealer whose webhooks a test is about."""
    return dealer("LAND ROVER")


@pytest.fixture
def key(here) -> dict[str, str]:
    """The headers of its own software."""
    return bearer(here)


@pytest.fixture
def shop(settings, sandbox) -> str:
    """An address where the sandbox listens: `sandbox.hooks("shop")` is what came."""
    settings.SANDBOX_URL = sandbox.url
    return f"{sandbox.url}/hooks/shop"
