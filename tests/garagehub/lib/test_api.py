"""What every call shares, asked of real calls: its errors are problem+json whatever is sent and however it is asked."""

import json

import pytest
from django.core.cache import cache
from django.utils import timezone
from jsonschema import validate

from dealers import evidence
from tests import factories

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


@pytest.fixture(autouse=True)
def _fresh_throttles():
    cache.clear()


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000])
def test_a_body_nested_too_deep_is_the_senders_mistake(client, body):
    answer = client.post("/api/v1/vehicles/lookup", body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    assert answer.json()["code"] == "parse_error"


@pytest.mark.parametrize("path", ["/api/v1/schema", "/api/v1/docs"])
def test_what_answers_in_another_format_still_errs_in_json(client, path):
    for answer, status in ((client.delete(path), 405), (client.get(path, headers={"accept": "image/png"}), 406)):
        assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM)
        assert json.loads(answer.content)["status"] == status


def test_an_address_that_no_dealer_can_have_is_not_found(client):
    answer = client.get("/api/v1/dealers/%00")
    assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM)


def schema_of(client, path, method, status):
    document = client.get("/api/v1/schema", headers={"accept": "application/json"}).json()
    [answer] = document["paths"][path][method]["responses"][str(status)]["content"].values()
    return answer["schema"] | {"components": document["components"]}


def test_answers_keep_to_the_schema_where_a_choice_is_empty(client):
    here = factories.dealer("LAND ROVER")
    claim = evidence.Claim(
        dealer_id=here.pk, system="diagnostics", kind="probe", source="x", claim="down", observed_at=timezone.now()
    )
    evidence.record([claim])
    evidence.recompute([here.pk], at=timezone.now())
    dealer = client.get(f"/api/v1/dealers/{here.code}").json()
    assert "" in [reason["claim"] for reason in dealer["systems"]["diagnostics"]["reasons"]]
    validate(dealer, schema_of(client, "/api/v1/dealers/{code}", "get", 200))
    body = {"part_numbers": ["nobody-knows-it"]}
    parts = client.post("/api/v1/parts/check", body, content_type="application/json", headers=factories.bearer(here))
    assert parts.json()["results"][0]["lifecycle"] is None
    validate(parts.json(), schema_of(client, "/api/v1/parts/check", "post", 200))


def test_a_wrong_key_is_told_so_even_where_none_is_needed(client):
    answer = client.get("/api/v1/status", headers={"authorization": "Bearer wrong"})
    assert answer.status_code == 401
    validate(answer.json(), schema_of(client, "/api/v1/status", "get", 401))
