"""Statuspage documents, feeds, the calendar and badges over HTTP."""

from __future__ import annotations

import json

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from dealers.statuspage import badges, feeds
from dealers.statuspage.answers import answer, readable
from dealers.statuspage.calendar import calendar
from dealers.statuspage.documents import document

_JSON = "application/json; charset=utf-8"
FEED_AGE_S = 60


@readable
def statuspage(
    request: HttpRequest, name: str, *, slug: str | None = None, system: str | None = None
) -> HttpResponseBase:
    """One document, of the whole service, of the dealer `slug` or of the system."""

    def build() -> str:
        return json.dumps(document(name, dealer=slug, system=system), ensure_ascii=False, separators=(",", ":"))

    return answer(request, build, content_type=_JSON)


@readable
def atom(request: HttpRequest) -> HttpResponseBase:
    """Updates on incidents as Atom."""
    return answer(
        request,
        lambda: feeds.history(feeds.Atom, path=request.path),
        content_type="application/atom+xml; charset=utf-8",
        max_age=FEED_AGE_S,
    )


@readable
def rss(request: HttpRequest) -> HttpResponseBase:
    """Updates on incidents as RSS."""
    return answer(
        request,
        lambda: feeds.history(feeds.Rss, path=request.path),
        content_type="application/rss+xml; charset=utf-8",
        max_age=FEED_AGE_S,
    )


@readable
def planned(request: HttpRequest) -> HttpResponseBase:
    """Planned work as a calendar."""
    return answer(
        request,
        lambda: calendar(at=timezone.now()),
        content_type="text/calendar; charset=utf-8",
        max_age=FEED_AGE_S,
    )


@readable
def badge_svg(request: HttpRequest, slug: str, system: str) -> HttpResponseBase:
    """A badge to put on a page."""
    return answer(request, lambda: badges.svg(dealer=slug, system=system), content_type="image/svg+xml; charset=utf-8")


@readable
def badge_json(request: HttpRequest, slug: str, system: str) -> HttpResponseBase:
    """A badge for shields.io to draw."""
    return answer(request, lambda: badges.shields(dealer=slug, system=system), content_type=_JSON)
