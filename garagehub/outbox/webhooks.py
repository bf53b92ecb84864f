"""Webhooks as Standard Webhooks 1.0.0 has them: written as a row in the caller's transaction, posted after it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from garagehub.lib.http import OutboundError, open_url, retry_after_seconds
from garagehub.outbox.claims import Result
from garagehub.outbox.models import Attempt, Endpoint, Message
from garagehub.outbox.nudging import nudge_after_commit

MAX_BYTES: Final = 20_000  # of a body; what is more belongs behind an address of ours
CONNECT_S, READ_S, TOTAL_S = 5, 15, 20
MAX_ANSWER_BYTES: Final = 65_536
BUSY: Final = frozenset({429, 502, 503, 504})
BUSY_WAIT: Final = timedelta(seconds=60)  # for one that is busy and does not say how long

_PREFIX = "whsec_"
_TYPE = re.compile(r"[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)*\Z")


def queue_event(*, endpoint: Endpoint, event_type: str, data: Mapping[str, Any], at: datetime) -> UUID | None:
    """Write an event for one endpoint; answers its `webhook-id`, or None when the endpoint is disabled.

    `event_type` is like `status.changed`; `data` is thin (slugs, ids, states) and holds what JSON holds; `at` is when
    it happened. It leaves only if the caller's transaction commits. ValueError for a wrong type or too much data.
    """
    if not _TYPE.match(event_type):
        raise ValueError(f"{event_type!r} is not a type of event.")
    text = json.dumps(
        {"type": event_type, "timestamp": at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "data": data},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    if len(text.encode()) > MAX_BYTES:
        raise ValueError(f"An event may hold {MAX_BYTES:,} bytes.")
    if endpoint.state != Endpoint.State.ACTIVE:
        return None
    message = Message.objects.create(
        channel=Message.Channel.WEBHOOK, kind=event_type, text=text, endpoint=endpoint, created_at=at, due_at=at
    )
    nudge_after_commit(Message.Channel.WEBHOOK)
    return message.id


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(keys: Iterable[str], *, message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header: one `v1,…` for each secret, over `id.timestamp.body`."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.digest(base64.b64decode(key.removeprefix(_PREFIX)), signed, hashlib.sha256) for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def post(message: Message, *, at: datetime) -> Result:
    """One attempt. Any 2xx is taken; 410 is the end of the endpoint; all else, redirects too, is tried again."""
    endpoint = message.endpoint
    assert endpoint is not None, "a webhook has an endpoint"
    body = message.text.encode()
    timestamp = int(at.timestamp())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": str(message.id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(
            _keys(endpoint, at=at), message_id=str(message.id), timestamp=timestamp, body=body
        ),
    }
    started = time.monotonic()
    try:
        with open_url(
            "POST",
            endpoint.url,
            headers=headers,
            content=body,
            is_internal=endpoint.is_internal,
            connect_s=CONNECT_S,
            read_s=READ_S,
            total_s=TOTAL_S,
            max_bytes=MAX_ANSWER_BYTES,
            max_redirects=0,
        ) as answer:
            found = _judged(answer.status, retry_after_seconds(answer.headers))
    except OutboundError as error:
        found = Result(outcome=Attempt.Outcome.RETRY, detail=str(error))
    return replace(found, took_ms=int((time.monotonic() - started) * 1_000))


def _keys(endpoint: Endpoint, *, at: datetime) -> list[str]:
    """The secret, and the previous one while both are valid."""
    overlaps = endpoint.previous_until is not None and at < endpoint.previous_until
    return [endpoint.secret, endpoint.previous_secret] if overlaps else [endpoint.secret]


def _judged(status: int, retry_after_s: int | None) -> Result:
    if status in range(200, 300):
        return Result(outcome=Attempt.Outcome.DELIVERED, status=status)
    if status == HTTPStatus.GONE:
        detail = "It answered that nobody wants these messages any more."
        return Result(outcome=Attempt.Outcome.REFUSED, status=status, detail=detail, is_gone=True)
    asked = timedelta(seconds=retry_after_s or 0)
    if status in BUSY:
        asked = asked or BUSY_WAIT
    return Result(outcome=Attempt.Outcome.RETRY, status=status, detail=f"It answered {status}.", asked=asked)
