"""Pages and their htmx fragments from one template file."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_template


def render(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    fragment: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page, or only its `fragment` template when htmx asked for it."""
    htmx = getattr(request, "htmx", None)
    name = fragment if fragment and htmx and not htmx.boosted else template
    response = render_template(request, name, context, status=status)
    response["Vary"] = "HX-Request, Cookie"
    return response
