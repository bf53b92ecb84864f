"""Who may do what at a dealer: its owner, a team mate, a stranger, and someone not signed in."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dealers import access
from dealers.models import ApiKey, Scope
from garagehub.lib.errors import NotAllowedError, NotFoundError
from garagehub.outbox.models import Message
from tests.factories import bearer, dealer, member

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    return dealer(name="Here")


@pytest.fixture
def owner(here):
    return member(here, role="owner")


@pytest.fixture
def mate(here):
    return member(here)


@pytest.fixture
def stranger():
    return member(dealer(name="Elsewhere"), role="owner")


def asking(user=None, key=None):
    return SimpleNamespace(user=user or AnonymousUser(), auth=key)


def test_the_owner_reaches_the_dealer_and_what_owners_do(here, owner):
    assert access.own_dealer(owner, slug=here.slug) == here
    assert access.own_dealer(owner, slug=here.slug, as_owner=True) == here


def test_a_team_mate_reaches_the_dealer_but_not_what_owners_do(here, mate):
    assert access.own_dealer(mate, slug=here.slug) == here
    with pytest.raises(NotAllowedError):
        access.own_dealer(mate, slug=here.slug, as_owner=True)


@pytest.mark.parametrize("as_owner", [False, True])
def test_a_stranger_and_someone_not_signed_in_find_nothing(here, stranger, as_owner):
    for person in (stranger, AnonymousUser()):
        with pytest.raises(NotFoundError):
            access.own_dealer(person, slug=here.slug, as_owner=as_owner)


def test_a_member_of_a_closed_dealer_finds_nothing(here, owner):
    here.is_active = False
    here.save()
    with pytest.raises(NotFoundError):
        access.own_dealer(owner, slug=here.slug)
    assert access.dealer_for(asking(owner)) is None


def test_one_acts_for_where_one_works(here, owner, mate, stranger):
    assert access.dealer_for(asking(owner)) == here
    assert access.dealer_for(asking(mate), code=here.code) == here
    assert access.dealer_for(asking(stranger), code=here.code) is None
    assert access.dealer_for(asking()) is None


def test_a_key_acts_for_its_dealer_only(here, stranger):
    key, _ = access.create_api_key(dealer=here, name="PC")
    assert access.dealer_for(asking(key=key)) == here
    assert access.dealer_for(asking(key=key), code="OTHER") is None


def test_a_key_is_stored_as_a_hash_only(here, owner):
    row, secret = access.create_api_key(dealer=here, name="PC", by=owner)
    assert secret.startswith("gh_")
    assert len(secret) > 40
    stored = json.dumps({field.name: str(getattr(row, field.name)) for field in ApiKey._meta.fields})
    assert secret not in stored
    assert secret[10:] not in stored


def test_a_key_of_another_dealer_cannot_be_revoked(here):
    row, _ = access.create_api_key(dealer=here, name="PC")
    with pytest.raises(NotFoundError):
        access.revoke_api_key(dealer=dealer(), public_id=row.public_id, at=AT)
    with pytest.raises(NotFoundError):
        access.revoke_api_key(dealer=here, public_id=uuid4(), at=AT)
    row.refresh_from_db()
    assert row.revoked_at is None


def test_a_revoked_key_is_refused_and_revoking_twice_changes_nothing(client, here):
    headers = bearer(here)
    row = ApiKey.objects.get()
    assert client.get("/api/v1/dealers", headers=headers).status_code == 200
    access.revoke_api_key(dealer=here, public_id=row.public_id, at=AT)
    assert access.revoke_api_key(dealer=here, public_id=row.public_id, at=AT + timedelta(days=1)).revoked_at == AT
    refused = client.get("/api/v1/dealers", headers=headers)
    assert refused.status_code == 401
    assert refused.json()["code"] == "key_not_valid"


def test_an_expired_key_a_wrong_one_and_one_of_a_closed_dealer_are_refused(client, here):
    headers = bearer(here)
    ApiKey.objects.update(expires_at=AT - timedelta(days=9999))
    assert client.get("/api/v1/dealers", headers=headers).json()["code"] == "key_expired"
    ApiKey.objects.update(expires_at=None)
    here.is_active = False
    here.save()
    assert client.get("/api/v1/dealers", headers=headers).json()["code"] == "key_not_valid"
    assert client.get("/api/v1/dealers", headers={"Authorization": "Bearer gh_no"}).status_code == 401


def test_the_command_prints_a_key_that_works(client, here, capsys):
    call_command("create_api_key", "--dealer", here.code.lower(), "--name", "test PC")
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed["dealer"] == here.code
    assert printed["key"].startswith(printed["prefix"])
    answer = client.get("/api/v1/dealers", headers={"Authorization": f"Bearer {printed['key']}"})
    assert answer.status_code == 200


def test_the_command_says_when_there_is_no_such_dealer():
    with pytest.raises(CommandError, match="no dealer with the code"):
        call_command("create_api_key", "--dealer", "NOONE")


def call(client, key: str, path: str, body: object = None):
    return client.post(path, body or {}, content_type="application/json", headers={"Authorization": f"Bearer {key}"})


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/api/v1/parts/check", "read"),
        ("/api/v1/vehicles/check", "read"),
        ("/api/v1/reports", "report"),
        ("/api/v1/stock", "stock"),
        ("/api/v1/stock/preview", "stock"),
    ],
)
def test_a_key_does_what_its_scopes_say_and_is_told_which_one_it_lacks(client, here, path, scope):
    others = [other for other in Scope.values if other != scope]
    _, without = access.create_api_key(dealer=here, name="without", scopes=others)
    _, alone = access.create_api_key(dealer=here, name="alone", scopes=[scope])

    refused = call(client, without, path)
    assert refused.status_code == 403
    assert refused["Content-Type"] == "application/problem+json"
    assert refused["WWW-Authenticate"] == f'Bearer realm="GarageHub", error="insufficient_scope", scope="{scope}"'
    assert (refused.json()["code"], f"“{scope}”" in refused.json()["detail"]) == ("scope_missing", True)
    assert call(client, alone, path).status_code != 403


def test_a_key_without_any_scope_reads_what_anyone_may_read(client, here):
    _, key = access.create_api_key(dealer=here, name="none", scopes=[])

    assert client.get("/api/v1/dealers", headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_a_call_that_names_no_scope_takes_no_key(here):
    key, _ = access.create_api_key(dealer=here, name="PC")

    with pytest.raises(access.ScopeMissingError):
        access.IsGarage().has_permission(asking(key=key), SimpleNamespace())


def test_scopes_are_no_matter_of_who_is_signed_in(client, owner):
    client.force_login(owner)

    assert client.post("/api/v1/parts/check", {}, content_type="application/json").status_code == 400


def test_when_a_key_was_used_is_written_once_a_minute(client, here):
    headers = bearer(here)
    with time_machine.travel(AT, tick=False) as clock:
        for seconds, writes in ((0, 1), (59, 0), (60, 1), (61, 0)):
            clock.move_to(AT + timedelta(seconds=seconds))
            with CaptureQueriesContext(connection) as caught:
                client.get("/api/v1/status", headers=headers)
            assert sum(query["sql"].startswith("UPDATE") for query in caught) == writes
    assert ApiKey.objects.get().last_used_at == AT + timedelta(seconds=60)


def test_owners_are_told_of_a_new_key_and_not_what_it_is(here, owner, mate):
    _, secret = access.issue_api_key(dealer=here, name="PC", scopes=["read"], days=30, at=AT, by=owner)

    letter = Message.objects.get()
    assert (letter.kind, letter.to) == ("key_made", owner.email)
    assert secret not in letter.text
    assert "check parts and cars" in letter.text


def test_a_key_made_for_days_ends_then(here):
    row, _ = access.issue_api_key(dealer=here, name="PC", scopes=["read"], days=30, at=AT)

    assert row.expires_at == AT + timedelta(days=30)


def test_the_command_gives_all_scopes_for_good_unless_told(here, capsys):
    call_command("create_api_key", "--dealer", here.code)
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (printed["scopes"], printed["expires_at"]) == (Scope.values, None)

    call_command("create_api_key", "--dealer", here.code, "--scope", "stock", "--scope", "read", "--days", "7")
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed["scopes"] == ["read", "stock"]
    assert printed["expires_at"]


@pytest.mark.parametrize(
    "wrong", [["--scope", "everything"], ["--days", "0"], ["--days", "x"], ["--name", "n" * 81], ["--name", " "]]
)
def test_the_command_refuses_what_it_cannot_do(here, wrong):
    with pytest.raises(CommandError):
        call_command("create_api_key", "--dealer", here.code, *wrong)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"name": "x" * 81, "scopes": ["read"]}, "This name is too long. Use at most 80 characters."),
        ({"name": "", "scopes": ["read"]}, "Give the key a name"),
        ({"name": "PC"}, "Tick at least one thing"),
        ({"name": "PC", "scopes": ["everything"]}, "everything"),
        ({"name": "PC", "scopes": ["read"], "days": "12345"}, "12345"),
    ],
)
def test_a_key_that_cannot_be_made_is_said_so_beside_its_field(client, owner, body, says):
    client.force_login(owner)
    answer = client.post("/garage/keys/", body)

    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_an_owner_makes_a_key_with_chosen_scopes_for_some_days(client, owner):
    client.force_login(owner)
    page = client.post("/garage/keys/", {"name": "PC", "scopes": ["stock", "read"], "days": "30"}).content.decode()

    row = ApiKey.objects.get()
    assert (row.scopes, row.created_by) == (["read", "stock"], owner)
    assert timedelta(days=29) < row.expires_at - timezone.now() <= timedelta(days=30)
    assert 'class="secret">gh_' in page


def test_a_team_mate_makes_no_key_and_is_told_why(client, here, mate):
    member(here, role="owner")
    client.force_login(mate)
    answer = client.post("/garage/keys/", {"name": "PC", "scopes": ["read"]})

    assert answer.status_code == 403
    assert "Only an owner of this dealer may do that" in answer.content.decode()
    assert not ApiKey.objects.exists()
