"""The `webhooks` of the API's document: what we send, described from the types that the messages are written in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import msgspec

from dealers.models import Event
from dealers.notices import payloads as of_dealers
from garagehub.outbox.endpoints import PING
from garagehub.outbox.payloads import PingData
from garagehub.outbox.schedule import WEBHOOK_WAITS
from garagehub.outbox.webhooks import READ_S
from parts.notices import payloads as of_watches

BY_EVENT: Final[dict[str, type]] = {**of_dealers.BY_EVENT, **of_watches.BY_EVENT, PING: PingData}
_REFERENCE = "#/components/schemas/{name}"


def _spoken(wait: timedelta) -> str:
    for unit, length in (("h", timedelta(hours=1)), ("min", timedelta(minutes=1))):
        if wait >= length:
            return f"{wait // length} {unit}"
    return f"{wait.seconds} s"


_WAITS = ", ".join(_spoken(wait) for wait in WEBHOOK_WAITS)
_HOW = (
    "Sent to each of your webhooks that asks for it, as Standard Webhooks 1.0.0 has it. It may come twice, under the "
    "same `webhook-id` and with the same body, and messages can come out of order. Members may be added: overlook those "
    "you do not know."
)
_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "webhook-id": {
        "description": "Of this message, the same whenever it is sent again: deal with each once.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "webhook-timestamp": {
        "description": "When this attempt was made, in seconds since 1970. Refuse what is five minutes off.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "webhook-signature": {
        "description": "One or more signatures parted by spaces, of which one must match: `v1,` and, in base64, the "
        "HMAC-SHA256 of `webhook-id.webhook-timestamp.body`. Its key is your secret after `whsec_`, decoded from base64.",
        "schema": {"type": "string", "pattern": "^v1,[A-Za-z0-9+/]+=*( v1,[A-Za-z0-9+/]+=*)*$"},
    },
}
_RESPONSES: dict[str, dict[str, str]] = {
    "2XX": {"description": "Taken. Only the status counts."},
    "410": {"description": "Nobody wants these messages any more: the webhook is turned off at once."},
    "default": {
        "description": f"Not taken, as is no answer within {READ_S} seconds, or a redirect. Sent again after {_WAITS}, each "
        "a little later at random; a longer `Retry-After` in seconds is kept, up to a day."
    },
}


def parameters() -> dict[str, dict[str, Any]]:
    """The headers of every message, by name, as components of the document."""
    return {name: {"in": "header", "name": name, "required": True, **rest} for name, rest in _HEADERS.items()}


def described() -> tuple[dict[str, Any], dict[str, Any]]:
    """The operations by event, and by name the schemas they refer to."""
    references, schemas = msgspec.json.schema_components(list(BY_EVENT.values()), ref_template=_REFERENCE)
    return {
        str(event): {"post": _operation(str(event), reference)}
        for event, reference in zip(BY_EVENT, references, strict=True)
    }, schemas


def _operation(event: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": f"event_{event.replace('.', '_')}",
        "summary": "Somebody tries the webhook out" if event == PING else str(Event(event).label),
        "description": _HOW,
        "tags": ["Webhooks"],
        "security": [],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in _HEADERS],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _envelope(event, data)}}},
        "responses": _RESPONSES,
    }


def _envelope(event: str, data: dict[str, Any]) -> dict[str, Any]:
    happened = {"type": "string", "format": "date-time", "description": "When it happened."}
    return {
        "type": "object",
        "properties": {"type": {"const": event}, "timestamp": happened, "data": data},
        "required": ["type", "timestamp", "data"],
    }
