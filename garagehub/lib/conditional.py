"""Reads that cost little while nothing changes: ETags, `304`, and who may keep a copy."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.http import ConditionalGetMiddleware
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.decorators import decorator_from_middleware
from django.utils.http import parse_etags
from rest_framework import status as http
from rest_framework.request import Request
from rest_framework.response import Response

from garagehub.lib.api import caller_of

FORMAT = 1  # raise it when what is shown of the same rows changes

_READS = {"GET", "HEAD"}
_Get = Callable[..., Response]


def versioned(version: Callable[[], object]) -> Callable[[_Get], _Get]:
    """For a view's `get` that anyone may read: `304` before anything is read or built, while `version()` stays the same.

    Ages in seconds are not worth a new answer, so the tag is weak, and no tag lives longer than its minute.
    """

    def decorate(get: _Get) -> _Get:
        @wraps(get)
        def answer(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
            etag = _weak_etag(request, version(), at=timezone.now())
            if _has_it(request, etag):
                response = Response(status=http.HTTP_304_NOT_MODIFIED)
            else:
                response = get(self, request, *args, **kwargs)
            response.headers["ETag"] = etag
            response.headers["Cache-Control"] = "private, no-cache" if caller_of(request) else "public, no-cache"
            return response

        return answer

    return decorate


def _weak_etag(request: Request, version: object, *, at: datetime) -> str:
    minute = int(at.timestamp() // 60)
    seen = repr((FORMAT, settings.SITE_URL, request.build_absolute_uri(), version, minute))
    return f'W/"{hashlib.blake2b(seen.encode(), digest_size=12).hexdigest()}"'


def _has_it(request: Request, etag: str) -> bool:
    """Weak comparison, as RFC 9110, section 13.1.2, wants it of reads."""
    return etag in parse_etags(request.headers.get("If-None-Match", ""))


class _CallMiddleware(ConditionalGetMiddleware):
    """A tag of the body where the view gave none, and by default a copy for nobody but the caller."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.has_header("Cache-Control"):
            response.headers["Cache-Control"] = "private, no-cache" if request.method in _READS else "no-store"
        patch_vary_headers(response, ["Accept", "Authorization", "Cookie"])
        return super().process_response(request, response)


call = decorator_from_middleware(_CallMiddleware)
