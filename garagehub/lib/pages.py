"""Pages and their htmx fragments from one template file."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_template
from django.views.decorators.gzip import gzip_page
from rest_framework.throttling import BaseThrottle


def client_address(request: HttpRequest) -> str:
    """The network address a request came from, as far as proxies are trusted (`NUM_PROXIES`), as throttles count it."""
    asked: Any = request
    return str(BaseThrottle().get_ident(asked) or "")


def render(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    fragment: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page, or only its `fragment` template when htmx asked for it; compressed if the browser wants."""
    htmx = getattr(request, "htmx", None)
    name = fragment if fragment and htmx and not htmx.boosted else template
    return _compressed(request, name, context, status)


# Pages only: the API's answers are small, and its callers are near. Django masks form tokens and pads what it
# compresses, so that no secret can be guessed from the size (BREACH).
@gzip_page
def _compressed(request: HttpRequest, name: str, context: dict[str, Any] | None, status: int) -> HttpResponse:
    response = render_template(request, name, context, status=status)
    response["Vary"] = "HX-Request, Cookie"
    return response
