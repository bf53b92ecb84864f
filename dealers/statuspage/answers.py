"""How these addresses answer: cheaply while nothing changes, to anyone, from any page.

One query tells whether anything changed. It gives the ETag, and the key under which the built body is cached; one look
answers all who ask within two seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt

from dealers.statuspage.words import identifier
from garagehub.lib.api import problem_response
from garagehub.lib.errors import NotFoundError

_FORMAT = 2  # raise it when what is built of the same rows changes
_KEEP_S = 600
SHARED_S = 2

_ALLOWED = "GET, HEAD, OPTIONS"
_PREFLIGHT_S = 86_400
_P = ParamSpec("_P")

# Every change of a state adds a row of history; the rest is small tables that people edit.
_VERSION = """
SELECT (SELECT max(id) FROM dealers_statuschange),
       (SELECT concat_ws(' ', count(*), max(since), max(decided_at) FILTER (WHERE state = 'unknown')) FROM dealers_status),
       (SELECT concat_ws(' ', count(*), max(updated_at), count(*) FILTER (WHERE is_published)) FROM dealers_incident),
       (SELECT concat_ws(' ', count(*), max(id)) FROM dealers_incidentupdate),
       (SELECT concat_ws(' ', count(*), max(updated_at), sum(sequence), count(*) FILTER (WHERE is_published))
          FROM dealers_maintenance),
       (SELECT concat_ws(' ', count(*), max(id)) FROM dealers_maintenanceupdate),
       (SELECT sum(hashtext(concat_ws(' ', id, code, slug, name, kind, region, is_active))) FROM dealers_dealer),
       (SELECT concat_ws(' ', count(*), sum(hashtext(concat_ws(' ', dealer_id, make_id)))) FROM dealers_dealer_makes),
       (SELECT sum(hashtext(concat_ws(' ', id, slug, name))) FROM dealers_make)
"""


def readable(
    view: Callable[Concatenate[HttpRequest, _P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Let any page's script read the view: GET and HEAD, a preflight answered, everything else refused in JSON."""

    @csrf_exempt  # nothing is written here, and who tries is told so
    @wraps(view)
    def answered(request: HttpRequest, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponseBase:
        response: HttpResponseBase
        if request.method in {"GET", "HEAD"}:
            return view(request, *args, **kwargs)
        if request.method == "OPTIONS":
            response = HttpResponse(status=204)
            response["Access-Control-Allow-Methods"] = _ALLOWED
            response["Access-Control-Allow-Headers"] = "If-None-Match, If-Modified-Since, Cache-Control"
            response["Access-Control-Max-Age"] = str(_PREFLIGHT_S)
        else:
            detail = f"This address is only read: {_ALLOWED}."
            response = problem_response(405, "Not allowed here", detail, code="method_not_allowed")
        response["Allow"] = _ALLOWED
        response["Access-Control-Allow-Origin"] = "*"
        return response

    return answered


def answer(request: HttpRequest, build: Callable[[], str], *, content_type: str, max_age: int = 30) -> HttpResponseBase:
    """The body of `build`, made only when something changed; 304 to those who have it already.

    Where it raises NotFoundError, a problem+json answer.
    """
    version = identifier(_FORMAT, settings.SITE_URL, request.path, *_version())
    etag = f'"{version}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        try:
            response = HttpResponse(_body(version, build), content_type=content_type)
        except NotFoundError as error:
            response = problem_response(404, "Not found", error.message, code=error.code)
            response["Access-Control-Allow-Origin"] = "*"
            return response
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={max_age}"
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _version() -> tuple[object, ...]:
    found: tuple[object, ...] | None = cache.get("statuspage:version")
    if found is None:
        with connection.cursor() as cursor:
            cursor.execute(_VERSION)
            found = tuple(cursor.fetchone())
        cache.set("statuspage:version", found, SHARED_S)
    return found


def _body(version: str, build: Callable[[], str]) -> str:
    key = f"statuspage:{version}"
    body: str | None = cache.get(key)
    if body is None:
        body = build()
        cache.set(key, body, _KEEP_S)
    return body
