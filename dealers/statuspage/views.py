"""Statuspage documents over HTTP."""

from __future__ import annotations

import json

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from dealers.statuspage.answers import answer
from dealers.statuspage.documents import document


@require_safe
def statuspage(
    request: HttpRequest, name: str, *, slug: str | None = None, system: str | None = None
) -> HttpResponseBase:
    """One document, of the whole service, of the dealer `slug` or of the system."""

    def build() -> str:
        return json.dumps(document(name, dealer=slug, system=system), ensure_ascii=False, separators=(",", ":"))

    return answer(request, build, content_type="application/json; charset=utf-8")
