"""Who may do what at a dealer: its owner, a team mate, a stranger, and someone not signed in."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command

from dealers import access
from dealers.models import ApiKey
from garagehub.lib.errors import NotAllowedError, NotFoundError
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
