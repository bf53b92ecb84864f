"""What the API's document says of webhooks is what is sent: every event, provoked, delivered, and held to its schema."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator, FormatChecker
from standardwebhooks import Webhook as Verifier

from dealers import incidents
from dealers.models import Event, StatusChange, Webhook
from dealers.notices import telling as news
from garagehub.outbox import delivery, endpoints
from parts.notices import telling, watches
from tests.dealers.statuspage.told import incident, planned
from tests.factories import dealer, make, webhook
from tests.parts.lookup.world import NOW
from tests.parts.notices.conftest import WatchedWorld

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "webhooks.md").read_text()
EVENTS = {*Event.values, endpoints.PING}
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def document():
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.fixture
def sent(settings, sandbox):
    """The messages that came to one webhook for everything, after all that can happen has, as the sandbox took them."""
    settings.SANDBOX_URL = sandbox.url
    world = WatchedWorld()
    garage = dealer("LAND ROVER")
    hook = webhook(garage, url=f"{sandbox.url}/hooks/shop")
    watches.watch_vehicles(garage, ["AA91AAA"], at=NOW)
    watches.watch_parts(garage, ["LR123456"], at=NOW)
    world.stock(2)
    telling.tell(at=NOW)
    statuses_change()
    words_are_said()
    endpoints.ping(hook.endpoint, at=NOW)
    delivery.deliver_webhooks(at=NOW)
    return sandbox.hooks("shop")


def statuses_change():
    """At one dealer; to and fro at another; and at many of a make at once."""

    def change(where, new, *, minutes_ago):
        at = NOW - timedelta(minutes=minutes_ago)
        StatusChange.objects.create(dealer=where, system="diagnostics", old="unknown", new=new, reason="-", at=at)

    restless = dealer("MINI")
    for number in range(6):
        change(restless, ["down", "operational"][number % 2], minutes_ago=60 - number * 5)
    for where in (dealer("JAGUAR"), *(dealer("LAND ROVER") for _ in range(6))):
        change(where, "down", minutes_ago=10)
    news.tell(at=NOW)


def words_are_said():
    """About an incident of one make and one of all, planned work, and a wave."""
    outage = incident(make=make("JAGUAR"), systems=["diagnostics"], at=NOW)
    incident("Of all", at=NOW)
    news.tell(at=NOW)
    incidents.update(outage, stage="identified", body="Found.", at=NOW)
    planned(make=make("LAND ROVER"), systems=["diagnostics"], regions=[4], at=NOW)
    planned("All of it", at=NOW)
    planned("Wave", incident=outage, regions=[11], at=NOW)
    news.tell(at=NOW)


def closed(schema):
    """The schema without room for members that it does not name: what comes is all described."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    extra = {"additionalProperties": False} if isinstance(schema.get("properties"), dict) else {}
    return {name: closed(value) for name, value in schema.items()} | extra


def faults(document, schema, value):
    """What is wrong with the value, no member being overlooked."""
    whole = closed(schema | {"components": {"schemas": document["components"]["schemas"]}})
    checker = Draft202012Validator(whole, format_checker=FormatChecker())
    return [(list(error.path), error.message) for error in checker.iter_errors(value)]


def schema_of(document, event):
    return document["webhooks"][event]["post"]["requestBody"]["content"]["application/json"]["schema"]


def test_every_event_is_described_and_no_other(document):
    assert document["webhooks"].keys() == EVENTS
    for event, methods in document["webhooks"].items():
        [(method, operation)] = methods.items()
        assert (method, operation["tags"], operation["operationId"]) == (
            "post",
            ["Webhooks"],
            f"event_{event.replace('.', '_')}",
        )
        assert operation["summary"], event
        assert {"2XX", "410", "default"} == operation["responses"].keys()
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert not {methods["post"]["operationId"] for methods in document["webhooks"].values()} & set(ids)


def test_what_is_sent_is_what_the_document_says(document, sent):
    bodies = [json.loads(taken["body"]) for taken in sent]
    assert {body["type"] for body in bodies} == EVENTS
    for body in bodies:
        assert faults(document, schema_of(document, body["type"]), body) == []
    told = [body["data"] for body in bodies if body["type"] == "status.changed"]
    assert {"changes_in_two_hours" in data for data in told} == {True, False}
    scopes = [body["data"]["make"] for body in bodies if body["type"] == "incident.published"]
    assert set(scopes) == {"jaguar", None}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body.update(type="status.digest"),
        lambda body: body.update(extra=1),
        lambda body: body["data"].pop("slug"),
        lambda body: body["data"].update(dealer_id=17),
        lambda body: body["data"].update(new="broken"),
        lambda body: body["data"].update(changes_in_two_hours="6"),
    ],
    ids=["another type", "a new member", "one that went", "one that is not described", "no such state", "no number"],
)
def test_what_is_not_as_described_is_noticed(document, sent, spoil):
    body = next(body for taken in sent if (body := json.loads(taken["body"]))["type"] == "status.changed")
    spoil(body)
    assert faults(document, schema_of(document, "status.changed"), body)


def test_headers_are_as_described_and_verify(document, sent):
    described = {
        reference["$ref"].split("/")[-1]
        for methods in document["webhooks"].values()
        for reference in methods["post"]["parameters"]
    }
    parameters = document["components"]["parameters"]
    [secret] = [hook.endpoint.secret for hook in Webhook.objects.select_related("endpoint")]
    for taken in sent:
        assert {name for name in taken["headers"] if name.startswith("webhook-")} == described
        for name in described:
            assert faults(document, parameters[name]["schema"], taken["headers"][name]) == [], name
        made_at = datetime.fromtimestamp(int(taken["headers"]["webhook-timestamp"]), UTC)
        ours = Verifier(secret).sign(taken["headers"]["webhook-id"], made_at, taken["body"])
        assert ours in taken["headers"]["webhook-signature"].split()


def test_examples_are_true_to_the_schema(document):
    for event, methods in document["webhooks"].items():
        content = methods["post"]["requestBody"]["content"]["application/json"]
        assert content["examples"], event
        for example in content["examples"].values():
            assert faults(document, content["schema"], example["value"]) == [], event


def test_the_guide_shows_and_names_what_the_document_says(document):
    examples = [json.loads(text) for text in re.findall(r'^\{"type".*?\}(?=\n```)', GUIDE, re.MULTILINE | re.DOTALL)]
    assert [body["type"] for body in examples] == ["status.changed", "restoration.changed"]
    for body in examples:
        assert faults(document, schema_of(document, body["type"]), body) == []
    table = re.findall(r"^\| (`[^|]+) \| (`[^|]+) \|$", GUIDE, re.MULTILINE)
    for event in EVENTS - {"restoration.changed"}:  # its members are "the same"
        [told] = [data for kinds, data in table if f"`{event}`" in kinds]
        assert members(document, schema_of(document, event)["properties"]["data"]) <= set(re.findall(r"`(\w+)`", told))


def members(document, schema):
    """The names of all members below."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].split("/")[-1]]
    found = set()
    for name, below in schema.get("properties", {}).items():
        found |= {name} | members(document, below)
    return found | (members(document, schema["items"]) if "items" in schema else set())
