"""The people who can sign in while the scenario is loaded. Their passwords are new each time and kept nowhere."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import NamedTuple, TypedDict

from dealers.models import Dealer, Membership
from garagehub.accounts.models import User
from garagehub.scenario.dealers import FRANCHISED, INDEPENDENT, DemoDealer


class SignIn(TypedDict):
    """Who signs in with what, and on which page."""

    who: str
    email: str
    password: str
    page: str


class _Person(NamedTuple):
    who: str
    name: str
    email: str
    page: str
    kind: str = ""
    role: str = ""


# The top-level domain `.example` belongs to nobody (RFC 2606).
_PEOPLE = (
    _Person("Admin", "Demo Admin", "admin@garagehub.example", "/admin/"),
    _Person("Garage owner", "Gil Spanner", "owner@garage.example", "/garage/", INDEPENDENT, Membership.Role.OWNER),
    _Person("Garage member", "Mo Ratchet", "member@garage.example", "/garage/", INDEPENDENT, Membership.Role.MEMBER),
    _Person("Dealer owner", "Dee Sales", "owner@dealer.example", "/garage/", FRANCHISED, Membership.Role.OWNER),
)
EMAILS = tuple(person.email for person in _PEOPLE)


def write_people(places: Sequence[DemoDealer], dealers: dict[str, Dealer]) -> list[SignIn]:
    """Make the people, or give them new passwords; the only place where those are in clear is the answer."""
    at = {
        kind: next(dealers[place.code] for place in places if place.kind == kind) for kind in (FRANCHISED, INDEPENDENT)
    }
    return [_write_person(person, dealer=at.get(person.kind)) for person in _PEOPLE]


def _write_person(person: _Person, *, dealer: Dealer | None) -> SignIn:
    password = secrets.token_urlsafe(12)
    user, _ = User.objects.get_or_create(email=person.email)
    user.name = person.name
    user.is_staff = user.is_superuser = dealer is None
    user.set_password(password)
    user.save()
    if dealer is not None:
        Membership.objects.update_or_create(user=user, dealer=dealer, defaults={"role": person.role})
    return {"who": person.who, "email": person.email, "password": password, "page": person.page}
