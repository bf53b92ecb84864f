"""Fills in drf-spectacular's document what holds for every call: its errors, headers, and examples that were answered.

And what it knows nothing of: the webhooks we send.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from garagehub.accounts import idempotency
from garagehub.lib.api import PROBLEM_TYPE, TITLES, problem
from garagehub.openapi import webhooks

_EXAMPLES = Path(__file__).with_name("examples.json")
_TEXT, _NUMBER = {"type": "string"}, {"type": "integer", "minimum": 1}

HEADERS: dict[str, dict[str, Any]] = {
    "RateLimit-Policy": {
        "description": "How many calls (`q`) within how many seconds (`w`); the name is the budget's.",
        "schema": _TEXT,
        "example": '"garage";q=600;w=60',
    },
    "RateLimit": {
        "description": "Calls left (`r`), and the seconds until there are `q` again (`t`).",
        "schema": _TEXT,
        "example": '"garage";r=599;t=60',
    },
    "Retry-After": {"description": "Seconds to wait.", "schema": _NUMBER, "example": 17},
    "ETag": {
        "description": "Send it as `If-None-Match` with the next read: while nothing changes the answer is `304`.",
        "schema": _TEXT,
        "example": 'W/"5c1f0a8d2e7b4c6f9a3d1e0b"',
    },
    "Cache-Control": {"description": "Who may keep a copy.", "schema": _TEXT, "example": "public, no-cache"},
    "WWW-Authenticate": {"description": "How to sign in, or the scope that a key lacks.", "schema": _TEXT},
    idempotency.REPLAYED: {
        "description": "`true` where an earlier answer was sent again.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}

_SAID: dict[int, tuple[str, str, dict[str, list[str]]]] = {
    400: ("invalid", "postcode: Send text.", {"postcode": ["Send text."]}),
    401: ("key_not_valid", "This key is not known, or was revoked.", {}),
    403: ("scope_missing", "This key may not do that: it lacks the scope “read”.", {}),
    404: ("not_found", "There is no such thing, or it is not yours to see.", {}),
    406: ("not_acceptable", "Could not satisfy the request Accept header.", {}),
    409: ("idempotency_key_in_use", "The first call with this key is still under way.", {}),
    413: ("too_large", "The body is larger than 1 MiB. Send it in several calls.", {}),
    415: ("unsupported_media_type", "Unsupported media type “text/plain” in request.", {}),
    422: ("idempotency_key_reused", "This key came with another request before.", {}),
    429: ("throttled", "Request was throttled. Expected available in 17 seconds.", {}),
    503: ("authority_unavailable", "DVSA does not answer. Try again in a minute.", {}),
}


@cache
def examples() -> dict[str, dict[str, Any]]:
    """By operation: what was sent (`request`) and what was answered (`response`)."""
    found: dict[str, dict[str, Any]] = json.loads(_EXAMPLES.read_text())
    return found


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular's hook: the document with everything that holds for all calls."""
    result["components"]["headers"] = HEADERS
    for method, operation in _operations(result):
        _add_errors(operation)
        _add_headers(method, operation)
        _add_examples(operation)
    _add_webhooks(result)
    return result


def _add_webhooks(document: dict[str, Any]) -> None:
    document["webhooks"], schemas = webhooks.described()
    document["components"]["parameters"] = webhooks.parameters()
    document["components"]["schemas"] |= schemas
    for sent in document["webhooks"].values():
        _add_examples(sent["post"])


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in document["paths"].values():
        yield from path.items()


def _add_errors(operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    always = {401, 406, 429} | ({400, 413, 415} if "requestBody" in operation else set())
    if any(one.get("name") == "page_size" for one in operation.get("parameters", [])):
        always |= {400, 404}
    if {"apiKey": []} in operation.get("security", []) and {} not in operation["security"]:
        always.add(403)
    for status in always:
        answers.setdefault(
            str(status),
            {
                "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                "description": TITLES[status],
            },
        )
    for status, answer in answers.items():
        if (content := answer.get("content", {}).get(PROBLEM_TYPE)) is None:
            continue
        answer["description"] = TITLES[int(status)]
        code, detail, fields = _SAID[int(status)]
        shown = problem(int(status), TITLES[int(status)], detail, code=code, fields=fields)
        content.setdefault("examples", {})[code] = {"value": shown}
    operation["responses"] = dict(sorted(answers.items()))


def _add_headers(method: str, operation: dict[str, Any]) -> None:
    is_read = method == "get"
    is_kept = any(one.get("name") == idempotency.HEADER for one in operation.get("parameters", []))
    if is_read:
        operation.setdefault("parameters", []).append(
            {
                "in": "header",
                "name": "If-None-Match",
                "schema": _TEXT,
                "description": "The `ETag` of the answer you have.",
            }
        )
        operation["responses"]["304"] = {"description": "Nothing has changed since the answer with this `ETag`."}
    for status, answer in operation["responses"].items():
        names = ["Cache-Control"]
        if status not in {"401", "403", "406"}:  # these come before a call is counted
            names += ["RateLimit", "RateLimit-Policy"]
        names += ["Retry-After"] if status in {"429", "503"} else []
        names += ["WWW-Authenticate"] if status in {"401", "403"} else []
        names += ["ETag"] if is_read and status in {"200", "304"} else []
        names += [idempotency.REPLAYED] if is_kept and status.startswith("2") else []
        if status in {"200", "201", "202", "204"} and not answer.get("description"):
            answer["description"] = "Done." if status == "204" else operation["summary"] + "."
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _add_examples(operation: dict[str, Any]) -> None:
    shown = examples().get(operation["operationId"], {})
    body = operation.get("requestBody", {}).get("content", {})
    for media_type, sent in shown.get("request", {}).items():
        body[media_type].setdefault("examples", {})["Example"] = {"value": sent}
    for status, said in shown.get("response", {}).items():
        content = operation["responses"][status]["content"]["application/json"]
        content.setdefault("examples", {})["Example"] = {"value": said}
