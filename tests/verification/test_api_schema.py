"""The API's own description is whole: nothing is left to guess, and its examples are true to it."""

import re
from pathlib import Path

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from garagehub.lib import api

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "api.md").read_text()


@pytest.fixture(scope="module")
def document():
    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        return SchemaGenerator().get_schema(request=None, public=True)


def operations(document):
    return {
        operation["operationId"]: (method, operation)
        for path in document["paths"].values()
        for method, operation in path.items()
    }


def test_it_is_made_without_a_warning(document):
    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache


def test_it_says_who_made_it_under_which_terms_and_where_it_is_served(document):
    assert document["openapi"] == "3.1.0"
    assert set(document["info"]) >= {"title", "version", "description", "contact", "license"}
    assert document["servers"]


def test_every_operation_says_what_it_is_for(document):
    for name, (_, operation) in operations(document).items():
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"][0][0].isupper(), name


def test_every_operation_has_examples_of_what_is_sent_and_answered(document):
    for name, (_, operation) in operations(document).items():
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            if media_type in {"application/json", "text/csv"}:
                assert content.get("examples"), (name, media_type)
        for status, answer in operation["responses"].items():
            contents = answer.get("content", {}).values()
            has_one = any(content.get("examples") for content in contents)
            assert has_one or not contents or (name, status) == ("stock_upload", "202"), (name, status)


def test_examples_are_true_to_the_schema(document):
    checked = 0
    for name, (_, operation) in operations(document).items():
        contents = [*operation.get("requestBody", {}).get("content", {}).values()]
        contents += [one for answer in operation["responses"].values() for one in answer.get("content", {}).values()]
        for content in contents:
            validator = Draft202012Validator(content["schema"] | {"components": document["components"]})
            for example in content.get("examples", {}).values():
                assert not list(validator.iter_errors(example["value"])), (name, example["value"])
                checked += 1
    assert checked > 100


def test_every_operation_names_the_errors_and_headers_it_can_answer_with(document):
    for name, (method, operation) in operations(document).items():
        answers = operation["responses"]
        assert {"401", "406", "429"} <= answers.keys(), name
        assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= answers["429"]["headers"].keys()
        if method == "get":
            assert "304" in answers
            assert "ETag" in answers["200"]["headers"]
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= answers.keys(), name
        if any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", [])):
            assert {"409", "422"} <= answers.keys(), name
        assert all(answer["description"] for answer in answers.values()), name


REACHABLE = [
    "garagehub/lib/api.py",
    "garagehub/accounts/idempotency.py",
    "garagehub/outbox/endpoints.py",
    "dealers/access.py",
    "dealers/board.py",
    "dealers/incidents.py",
    "dealers/notices/webhooks.py",
    "dealers/reports.py",
    "parts/api.py",
    "parts/feeds/uploading.py",
    "parts/lookup/answer.py",
    "parts/lookup/live.py",
    "parts/lookup/place.py",
    "parts/notices/watches.py",
]
# Said by Django REST framework, by functions that are handed a code, or by a name.
BEYOND = {
    "invalid", "parse_error", "not_authenticated", "authentication_failed", "permission_denied", "not_found",
    "method_not_allowed", "not_acceptable", "unsupported_media_type", "throttled", "too_large", "bad_request",
    "server_error", "unknown_events", "unknown_makes", "authority_unavailable",
}  # fmt: skip
# Raised in these files, but for pages and commands alone.
NOT_HERE = {"key_not_found", "make_not_found", "not_resolved", "starts_resolved"}


def test_the_guide_lists_every_code_an_error_can_have_and_no_other():
    said = set()
    for path in REACHABLE:
        said |= set(re.findall(r'code="([a-z_]+)"', (ROOT / path).read_text()))
    table = GUIDE.split("## Errors")[1].split("\n## ")[0]
    listed = {code: int(status) for code, status in re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", table, re.MULTILINE)}
    assert listed.keys() == (said | BEYOND) - NOT_HERE
    assert set(listed.values()) <= {*api.TITLES, 500}
