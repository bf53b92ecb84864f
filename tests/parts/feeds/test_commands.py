"""Suppliers added and polled from the command line."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from parts.feeds.models import Feed
from parts.stock.models import Offer
from tests.parts.feeds.conftest import row

pytestmark = pytest.mark.django_db


def add(**options: str | bool) -> dict[str, object]:
    out = StringIO()
    values = {"code": "acme", "name": "Acme", "adapter": "ndjson", "url": "https://acme.example/feed"} | options
    call_command("add_supplier", **values, stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


def test_a_supplier_is_added_and_due_at_once():
    assert add(internal=True) == {
        "supplier": "acme",
        "name": "Acme",
        "adapter": "ndjson",
        "url": "https://acme.example/feed",
        "internal": True,
    }
    feed = Feed.objects.get(supplier__code="acme")
    assert (feed.is_internal, feed.is_enabled) == (True, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"adapter": "fax"}, "There is no adapter “fax”"),
        ({"url": "ftp://acme.example"}, "must begin with http"),
        ({"url": "http://"}, "must begin with http"),
        ({"code": "a b"}, "letters, digits"),
        ({"name": " "}, "1 to 120 characters"),
        ({"config": "{"}, "--config is not JSON"),
        ({"adapter": "csv", "config": '{"sep": ";"}'}, "settings are wrong"),
    ],
)
def test_what_is_wrong_is_said(options, message):
    with pytest.raises(CommandError, match=message):
        add(**options)
    assert not Feed.objects.exists()


def test_the_same_code_again_says_how_to_change_it():
    add()
    with pytest.raises(CommandError, match="Change it in the admin"):
        add()


def test_polling_prints_what_it_did_as_json_last(server):
    add(url=f"{server.url}/s", internal=True)
    server.snapshot(row("A"), row("B", quantity="lots"), sequence=1)
    out = StringIO()

    call_command("poll_feed", "acme", stdout=out)

    said = json.loads(out.getvalue().splitlines()[-1])
    assert said["state"] == "succeeded"
    assert (said["rows"], said["inserted"], said["rejected"]) == (1, 1, 1)
    assert said["rejected_by_reason"] == {"bad_quantity": 1}
    assert Offer.objects.count() == 1


def test_polling_that_fails_exits_with_1_and_the_reason(server):
    add(url=f"{server.url}/nothing", internal=True)
    out = StringIO()

    with pytest.raises(SystemExit) as caught:
        call_command("poll_feed", "acme", stdout=out)

    assert caught.value.code == 1
    assert json.loads(out.getvalue().splitlines()[-1])["reason"] == "The supplier answered 404."


def test_a_private_address_is_not_asked_unless_it_was_allowed(server):
    add(url=f"{server.url}/s")
    out = StringIO()

    with pytest.raises(SystemExit):
        call_command("poll_feed", "acme", stdout=out)

    assert "not a public one" in out.getvalue()
    assert server.asked == []


def test_polling_nobody_is_an_error():
    with pytest.raises(CommandError, match="no supplier “nobody”"):
        call_command("poll_feed", "nobody")
