"""What every call shares, asked of real calls: its errors are problem+json whatever is sent and however it is asked."""

import json

import pytest
from django.core.cache import cache

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
