"""Tokens of links: for one purpose, for as long as it says, and nobody else's."""

from datetime import timedelta
from uuid import uuid4

import pytest

from dealers.models import Subscriber
from garagehub.lib.tokens import Purpose

SOMEBODY = "dc412daa-8504-4d55-b525-33be3c6fc783"
HERE, THERE = Purpose("here"), Purpose("there")
BRIEF = Purpose("brief", timedelta(seconds=-1))


def test_a_token_is_read_for_its_own_purpose_only():
    public_id = uuid4()
    assert HERE.read(HERE.token(public_id)) == public_id
    assert THERE.read(HERE.token(public_id)) is None


@pytest.mark.parametrize("token", ["", "x", f"{SOMEBODY}:", f"{SOMEBODY}:forged"])
def test_what_is_no_token_reads_as_nothing(token):
    assert HERE.read(token) is None


def test_a_token_ends_with_its_lifetime():
    assert BRIEF.read(BRIEF.token(uuid4())) is None


@pytest.mark.django_db
def test_a_token_finds_its_row_among_those_it_is_asked_of():
    ada = Subscriber.objects.create(email="ada@example.com")
    token = HERE.token(ada.public_id)

    assert HERE.find(token, Subscriber.objects.all()) == ada
    assert HERE.find(token, Subscriber.objects.exclude(pk=ada.pk)) is None
    assert HERE.find(f"{token}x", Subscriber.objects.all()) is None
    assert THERE.find(token, Subscriber.objects.all()) is None
