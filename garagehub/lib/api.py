"""What every API call shares: problem+json errors (RFC 9457), paging, throttles."""

from __future__ import annotations

import logging
from io import BytesIO
from typing import Any, ClassVar

import msgspec
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.db import DataError
from django.http import Http404, HttpResponse, JsonResponse
from drf_spectacular.drainage import set_override
from rest_framework import exceptions, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle

from garagehub.lib.errors import DomainError, NotFoundError, UnavailableError
from garagehub.lib.throttle import CountingThrottle

logger = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"
_SIZE_DIGITS = 5


def problem(
    status: int, title: str, detail: str, *, code: str, fields: dict[str, list[str]] | None = None, **extra: Any
) -> dict[str, Any]:
    """The body of an error: RFC 9457 members, plus `code`, and `fields` naming each input at fault."""
    body: dict[str, Any] = {"type": f"urn:garagehub:problem:{code}", "title": title, "status": status, "detail": detail}
    return body | {"code": code} | ({"fields": fields} if fields else {}) | extra


def problem_response(status: int, title: str, detail: str, *, code: str, **extra: Any) -> HttpResponse:
    """A problem+json answer from a plain Django view."""
    return JsonResponse(problem(status, title, detail, code=code, **extra), status=status, content_type=PROBLEM_TYPE)


TITLES = {
    400: "Something in the request needs fixing",
    401: "Sign in or send a key",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    422: "At odds with what came before",
    429: "Too many requests",
    503: "Not available right now",
}


class TooLargeError(exceptions.APIException):
    """More than we read into memory for one call."""

    status_code = 413
    default_detail = "The body is larger than 1 MiB. Send it in several calls."
    default_code = "too_large"


def problem_json(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every anticipated error becomes one shape; anything else is a logged 500."""
    if isinstance(error, DomainError):
        response = _answer(error.status, error.message, error.code, error.fields)
        if isinstance(error, UnavailableError) and error.retry_after_s:
            response["Retry-After"] = str(error.retry_after_s)
        return response
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        error = TooLargeError()
    if not isinstance(error, exceptions.APIException):
        return None
    status = error.status_code
    # Whatever a view answers in, such as the schema's YAML, its errors are JSON.
    context["request"].accepted_renderer = JSONRenderer()
    context["request"].accepted_media_type = JSONRenderer.media_type
    fields: dict[str, list[str]] = {}
    if isinstance(error, exceptions.ValidationError):
        fields = _flatten(error.detail)
        detail = " ".join(f"{name}: {texts[0]}" if name else texts[0] for name, texts in fields.items())
        code = "invalid"
    else:
        detail = str(error.detail)
        code = str(getattr(error.detail, "code", error.default_code))
    response = _answer(status, detail, code, fields)
    if (header := getattr(error, "auth_header", None)) is not None:
        response["WWW-Authenticate"] = header
    if (wait := getattr(error, "wait", None)) is not None:
        response["Retry-After"] = str(max(1, int(wait) + 1))
    return response


def _answer(status: int, detail: str, code: str, fields: dict[str, list[str]]) -> Response:
    body = problem(status, TITLES.get(status, "Error"), detail, code=code, fields=fields)
    return Response(body, status=status, content_type=PROBLEM_TYPE)


def _flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """DRF's nested error detail as {"part_numbers.3": ["..."]}; the key of a whole-body error is empty."""
    if isinstance(detail, dict):
        flat: dict[str, list[str]] = {}
        for name, inner in detail.items():
            key = "" if name == "non_field_errors" else str(name)
            flat |= _flatten(inner, f"{path}.{key}".strip(".") if key else path)
        return flat
    if isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        flat = {}
        for index, item in enumerate(detail):
            if item:
                flat |= _flatten(item, f"{path}.{index}".strip("."))
        return flat
    texts = [str(item) for item in detail] if isinstance(detail, list) else [str(detail)]
    return {path: texts}


class BodyParser(JSONParser):
    """JSON; a body nested deeper than can be read is the sender's mistake like any other body that cannot be read."""

    def parse(self, stream: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(_bounded(stream), *args, **kwargs)
        except RecursionError as error:
            raise exceptions.ParseError("JSON parse error - nested too deeply") from error


def _bounded(stream: Any) -> BytesIO:
    """All of the body, which one caller must not fill our memory with."""
    body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise TooLargeError
    return BytesIO(body)


class QuickRenderer(JSONRenderer):
    """The same JSON as the standard renderer's, ten times as quick, for large answers of plain Python values."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else msgspec.json.encode(data, enc_hook=str)


class Text(serializers.CharField):
    """Text, and nothing that would only become it: DRF's own also takes numbers. The schema says what it takes.

    `pattern` is for the schema alone, where the domain checks the shape in its own words.
    """

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": "Send text."}

    def __init__(self, *, pattern: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        shape: dict[str, Any] = {"type": "string"}
        if not self.allow_blank:
            shape["minLength"] = 1
        if self.max_length is not None:
            shape["maxLength"] = self.max_length
        shape["pattern"] = pattern or (r"^[^\x00]*$" if self.allow_blank else r"^[^\x00]*\S[^\x00]*$")
        set_override(self, "field", shape)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


class Problem(serializers.Serializer[dict[str, Any]]):
    """An error as every call answers it (RFC 9457). `code` is stable; `fields` names each input at fault."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    fields = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), required=False)  # type: ignore[assignment] # RFC-style member that shares its name with DRF's


def problems(*statuses: int) -> dict[Any, Any]:
    """The error answers of a call, for its schema."""
    return {(status, PROBLEM_TYPE): Problem for status in statuses}


class Paging(CursorPagination):
    """Lists answer {"results": [...], "next": ...}: cursors stay right while rows come and go."""

    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "id"
    cursor_query_param = "page"

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any] | None:
        """A cursor that we never gave out is a page that does not exist, not a fault of ours."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError, DataError, exceptions.NotFound) as error:
            if self.cursor_query_param not in request.query_params:
                raise
            text = "This is not a page we gave out. Pages are not numbers: ask without `page`, then follow `next`."
            raise NotFoundError(text, code="not_found", fields={self.cursor_query_param: [text]}) from error

    def get_page_size(self, request: Request) -> int | None:
        """As asked for; what is no size is said to be none, not overlooked."""
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        if asked.isascii() and asked.isdigit() and len(asked) <= _SIZE_DIGITS and 0 < int(asked) <= self.max_page_size:
            return int(asked)
        text = f"Send a number from 1 to {self.max_page_size}."
        raise DomainError(text, code="invalid", fields={self.page_size_query_param: [text]})

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """`page` and `page_size`, for the schema."""
        page = {
            "name": self.cursor_query_param,
            "in": "query",
            "description": "Where to go on: as the address in `next` has it.",
            "schema": {"type": "string"},
        }
        size = {
            "name": self.page_size_query_param,
            "in": "query",
            "description": f"Rows a page, {self.page_size} unless told.",
            "schema": {"type": "integer", "minimum": 1, "maximum": self.max_page_size},
        }
        return [page, size]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {"type": ["string", "null"], "format": "uri", "description": "The next page, or null."},
            },
        }


def caller_of(request: Any) -> str:
    """Who calls, for counting: a key, else an account, else nobody in particular."""
    key = getattr(request, "auth", None)
    if key is not None and hasattr(key, "public_id"):
        return f"key-{key.public_id}"
    return f"user-{request.user.pk}" if request.user and request.user.is_authenticated else ""


class ScopedThrottle(ScopedRateThrottle, CountingThrottle):
    """Counts per API key where there is one, else per account, else per address; scopes are settings."""

    def get_cache_key(self, request: Any, view: Any) -> str | None:
        return self.cache_format % {"scope": self.scope, "ident": caller_of(request) or self.get_ident(request)}
