"""A request as the routes see it, and the answer they give. No sockets here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from garagehub.sandbox.faults import Fault
from garagehub.sandbox.refusals import refuse


@dataclass(frozen=True)
class Request:
    """One request: header names in lower case, query values as text, and the faults that apply to it."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = ""
    faults: Mapping[str, Fault] = field(default_factory=dict)

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object, or a 400."""
        try:
            value = json.loads(self.body or b"{}")
        except (ValueError, RecursionError):
            raise refuse(400, "not_json", "The body is not JSON.") from None
        if not isinstance(value, dict):
            raise refuse(400, "not_an_object", "The body must be a JSON object.")
        return value

    def form(self) -> dict[str, str]:
        """The body as a form, the last value of a repeated field."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50))

    def accepts_gzip(self) -> bool:
        """Whether the client takes gzip (RFC 9110 §12.5.3; `gzip;q=0` refuses it)."""
        for item in self.headers.get("accept-encoding", "").lower().split(","):
            coding, _, weight = item.partition(";")
            if coding.strip() in {"gzip", "*"}:
                return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
        return False

    def has_etag(self, etag: str) -> bool:
        """Whether the client already has what this tag names (RFC 9110 §13.1.2, weak comparison)."""
        sent = self.headers.get("if-none-match", "")
        return sent.strip() == "*" or etag in {item.strip().removeprefix("W/") for item in sent.split(",")}

    def with_faults(self, faults: Mapping[str, Fault]) -> Request:
        """The same request, knowing the faults that apply to it."""
        return replace(self, faults=faults)


@dataclass
class Response:
    """An answer: `body`, or `chunks` when it is made while it is sent (with `length` if that is known).

    `faults` spoil its way to the client; an answer with `is_reset` never gets there.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunks: Iterable[bytes] | None = None
    length: int | None = None
    is_reset: bool = False
    faults: Mapping[str, Fault] = field(default_factory=dict)


def json_response(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    body = json.dumps(value, ensure_ascii=False, separators=(", ", ": ")).encode() + b"\n"
    return Response(status, {"Content-Type": "application/json", "Cache-Control": "no-store", **(headers or {})}, body)
