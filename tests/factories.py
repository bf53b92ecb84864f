"""Builders of rows that tests of several slices share, and readers of what was written to be sent.

Each takes only what the test is about.
"""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from django.utils import timezone

from dealers.access import create_api_key
from dealers.models import Dealer, Make, Membership, Webhook
from dealers.notices import webhooks
from garagehub.accounts.models import User
from garagehub.outbox.models import Message

_numbers = count(1)


def make(name: str = "LAND ROVER") -> Make:
    """The make with this name."""
    return Make.objects.get_or_create(name=name, defaults={"slug": name.lower().replace(" ", "-")})[0]


def dealer(*makes: str, **fields: Any) -> Dealer:
    """A dealer that serves these makes (LAND ROVER if none is named), in the East Midlands."""
    number = next(_numbers)
    values = {"code": f"T{number:04}", "slug": f"test-dealer-{number}", "name": f"Test dealer {number:04}", "region": 4}
    row = Dealer.objects.create(**(values | fields))
    row.makes.set([make(name) for name in makes or ("LAND ROVER",)])
    return row


def user(email: str = "", **fields: Any) -> User:
    """A person who can sign in, password `correct horse`."""
    return User.objects.create_user(email or f"person{next(_numbers)}@example.com", "correct horse", **fields)


def member(of: Dealer, *, role: str = "member", **fields: Any) -> User:
    """A person who works at the dealer."""
    person = user(**fields)
    Membership.objects.create(user=person, dealer=of, role=role)
    return person


def bearer(of: Dealer) -> dict[str, str]:
    """The headers of a request with a new key of the dealer, for Django's test client."""
    return {"Authorization": f"Bearer {create_api_key(dealer=of, name='test')[1]}"}


def webhook(of: Dealer, **fields: Any) -> Webhook:
    """A webhook of the dealer, to an address where nobody listens."""
    values = {"name": "x", "url": "https://shop.example/hook", "at": timezone.now()}
    return webhooks.create(dealer=of, **(values | fields))


def emails(**asked: Any) -> list[Message]:
    """The e-mails written so far, oldest first; those of one moment by who gets them."""
    return list(Message.objects.filter(channel=Message.Channel.EMAIL, **asked).order_by("created_at", "to", "pk"))


def events(of: Webhook) -> list[tuple[str, Any]]:
    """The type and data of each message written for the webhook, by type."""
    rows = Message.objects.filter(endpoint=of.endpoint).order_by("kind", "text")
    return [(row.kind, json.loads(row.text)["data"]) for row in rows]
