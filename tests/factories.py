"""Builders of rows that tests of several slices share. Each takes only what the test is about."""

from __future__ import annotations

from itertools import count
from typing import Any

from dealers.access import create_api_key
from dealers.models import Dealer, Make, Membership
from garagehub.accounts.models import User

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
