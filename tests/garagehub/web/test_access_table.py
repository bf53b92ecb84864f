"""Every page and every call × everybody, held against the table; what the table does not name fails."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.messages import ERROR, get_messages
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from dealers import access, team
from dealers.models import Incident, Scope
from dealers.notices import webhooks
from garagehub.accounts.sessions import sessions_of
from garagehub.outbox.models import Message
from parts.catalogue.models import Brand, Part
from parts.feeds import uploading
from parts.notices.models import Watch
from tests.factories import dealer, member, user
from tests.garagehub.web.access_table import ANYONE, SCOPES, TABLE

# Its address needs a message that was sent; keys ask for it below, and who is signed in like the other webhooks.
NOT_ASKED = {"POST api/v1/webhooks/<uuid:public_id>/deliveries/<uuid:message_id>/replay"}
METHODS = ("get", "post", "put", "patch", "delete")
pytestmark = pytest.mark.django_db


def routes(patterns: list[Any], before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route, pattern


ALL = dict(routes(get_resolver().url_patterns))
ADMIN_LEFT = {name for name in ALL if name.startswith("admin/")} - {row.split(" ", 1)[1] for row in TABLE}
# What a call must be sent before it is looked at whose it is; all else is asked for with nothing.
BODIES = {"api/v1/webhooks": {"url": "https://example.com/hook"}, "/role/": {"role": "member"}}
REDIRECTING = {"admin/login/", "admin/password_change/", "sign-in/"}  # whoever is signed in, whatever they ask with
OPEN_IN_ADMIN = {"admin/logout/", "admin/jsi18n/"}


def api_methods(pattern: URLPattern) -> list[str]:
    """What a call answers to: DRF knows, pages do not say."""
    view = getattr(pattern.callback, "cls", None)
    return [method for method in METHODS if hasattr(view, method)]


def test_every_page_and_every_call_is_in_the_table():
    asked = {f"{method.upper()} {name}" for name, pattern in ALL.items() for method in api_methods(pattern)}
    pages = {name for name, pattern in ALL.items() if not api_methods(pattern)} - ADMIN_LEFT
    named = {row.split(" ", 1)[1] for row in TABLE}

    assert asked - set(TABLE) == set(), "say in tests/garagehub/web/access_table.py who may call this"
    assert pages - named == set(), "say in tests/garagehub/web/access_table.py who may see this"


def test_the_table_names_nothing_that_is_not_there():
    assert {row for row in TABLE if row.split(" ", 1)[1] not in ALL} == set()
    assert set(SCOPES) - set(TABLE) == set()


class World:
    """A garage with one of everything, and the people."""

    def __init__(self) -> None:
        now = timezone.now()
        self.here = dealer()
        self.owner, self.member = member(self.here, role="owner"), member(self.here)
        self.people = {
            "owner": self.owner,
            "member": self.member,
            "stranger": member(dealer(), role="owner"),
            "admin": user(is_staff=True, is_superuser=True),
        }
        self.now = now

    def client(self, who: str) -> Client:
        client = Client()
        if who != "anonymous":
            client.force_login(self.people[who])
        return client

    def value(self, route: str, name: str) -> Any:
        """What stands in the address for a part of the route: something of the garage's."""
        made: dict[str, Any] = {
            "code": lambda: self.here.code,
            "system": lambda: "diagnostics",
            "language": lambda: "cy",
            "uidb64": lambda: "MQ",
            "slug": lambda: self.slug(route),
            "token": lambda: self.token(route),
            "public_id": lambda: self.public_id(route),
            "message_id": uuid4,
        }
        return made[name]()

    def slug(self, route: str) -> str:
        if route.endswith(("incidents/<slug:slug>", "incidents/<slug:slug>/")):
            return Incident.objects.create(slug="outage", title="Outage", started_at=self.now, is_published=True).slug
        return self.here.makes.get().slug if "makes" in route else self.here.slug

    def token(self, route: str) -> str:
        if "invitation" not in route:
            return "made-up"
        team.invite(dealer=self.here, email="new@example.com", role="member", by=self.owner, at=self.now)
        return re.search(r"/invitation/(\S+)/", Message.objects.get(kind="invitation").text)[1]

    def public_id(self, route: str) -> Any:
        if "sessions" in route:
            self.client("owner").get("/account/")
            return sessions_of(self.owner, at=self.now).first().public_id
        if "keys" in route:
            return access.create_api_key(dealer=self.here, name="PC")[0].public_id
        if "team/invitations" in route:
            return team.invite(
                dealer=self.here, email="new@example.com", role="member", by=self.owner, at=self.now
            ).public_id
        if "team" in route:
            return self.member.public_id
        if "stock" in route:
            file = io.BytesIO(b"part number,brand,quantity\nLR123456,LAND ROVER,2\n")
            upload = uploading.Upload("stock.csv", iter([file.read()]), brand="")
            return uploading.prepare(self.here, upload, by="somebody", at=self.now).run.public_id
        assert "webhooks" in route or "watches" in route, f"the world has nothing yet for {route}"
        return self.webhook().endpoint_id if "webhooks" in route else self.watch().public_id

    def watch(self) -> Any:
        part = Part.objects.create(brand=Brand.objects.create(name="LUCAS", slug="lucas"))
        return Watch.objects.create(dealer=self.here, part=part, state="unknown")

    def webhook(self) -> Any:
        return webhooks.create(dealer=self.here, name="", url="https://example.com/", at=self.now)

    def address(self, route: str) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(self.value(route, found[1])), route)


def ask(client: Client, method: str, address: str, **headers: str) -> HttpResponse:
    if method == "GET":
        return client.get(address, headers=headers)
    body = next((body for part, body in BODIES.items() if address.endswith(part)), {})
    if "/api/" in address:
        return client.generic(method, address, json.dumps(body), content_type="application/json", headers=headers)
    return client.post(address, body) if method == "POST" else client.generic(method, address)


def is_refused(answer: HttpResponse) -> bool:
    """By its status, by being sent to sign in, or by a message that says so."""
    if answer.status_code in {401, 403, 404}:
        return True
    if answer.status_code == 302 and answer["Location"].startswith("/sign-in/"):
        return True
    return any(message.level == ERROR for message in get_messages(answer.wsgi_request))


@pytest.mark.parametrize("row", sorted(set(TABLE) - NOT_ASKED))
def test_who_may(row):
    method, route = row.split(" ", 1)
    world = World()
    address = world.address(route)
    for who in sorted(ANYONE):
        with transaction.atomic():  # each asks the same world
            answer = ask(world.client(who), method, address)
            assert answer.status_code < 500, who
            assert answer.status_code != 405, "the table names a method that the address does not know"
            assert is_refused(answer) is (who not in TABLE[row]), f"{who}: {answer.status_code}"
            transaction.set_rollback(True)


def test_methods_the_table_does_not_name_are_not_known():
    client = World().client("owner")
    asked = {
        f"{method} {route}"
        for route in {row.split(" ", 1)[1] for row in TABLE} - REDIRECTING
        for method in ("GET", "POST", "DELETE")
        if "<" not in route
    }
    known = {
        row for row in asked - set(TABLE) if ask(client, row.split(" ")[0], f"/{row.split(' ')[1]}").status_code != 405
    }

    assert known == set()


def test_nobody_but_admins_gets_into_the_admin():
    world = World()
    clients = {who: world.client(who) for who in ANYONE}
    let_in = set()
    for route in sorted(ADMIN_LEFT - OPEN_IN_ADMIN):
        address = "/" + re.sub(r"<[^>]+>|\(\?P[^)]*\)", "1", route).replace("\\Z", "").strip("^$")
        for who in ANYONE - {"admin"}:
            answer = clients[who].get(address)
            if not (answer.status_code == 302 and answer["Location"].startswith("/admin/login/")):
                let_in.add(f"{who}: {route} {answer.status_code}")
    assert let_in == set()
    assert clients["admin"].get("/admin/").status_code == 200


@pytest.mark.parametrize("row", SCOPES)
def test_a_key_gets_as_far_as_its_scope_and_its_garage(row):
    method, route = row.split(" ", 1)
    world = World()
    address = world.address(route)

    def answer_to(scopes: list[str], of=world.here) -> HttpResponse:
        _, key = access.create_api_key(dealer=of, name="PC", scopes=scopes)
        return ask(Client(), method, address, Authorization=f"Bearer {key}")

    without = answer_to([scope for scope in Scope.values if scope != SCOPES[row]])
    assert (without.status_code, without.json()["code"]) == (403, "scope_missing")
    if "<" in route:
        assert answer_to([SCOPES[row]], of=dealer()).status_code == 404
    if not route.endswith("/replay"):
        assert not is_refused(answer_to([SCOPES[row]]))


def test_every_call_that_takes_keys_names_its_scope():
    asking = {
        f"{method.upper()} {name}": getattr(pattern.callback.cls, "required_scope", None)
        for name, pattern in ALL.items()
        for method in api_methods(pattern)
        if access.IsGarage in pattern.callback.cls.permission_classes
    }

    assert asking == SCOPES
