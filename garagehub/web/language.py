"""In which language a page speaks: the reader's choice, else what their browser asks for. Machines are told English."""

from __future__ import annotations

import re
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

# The API, Statuspage documents, feeds, calendars, badges, figures and the admin. The board names its language itself.
_ENGLISH = re.compile(
    r"""
    / (?: api/ | admin/ | badge/ | board/ | metrics$ | \.well-known/ )  # by where they begin
    | .* /api/v2/                                                      # Statuspage's, below a dealer or a system
    | .* \. (?: atom | rss | ics | json | txt )$                       # by how they end
    """,
    re.VERBOSE,
)


def speaks_to_people(path: str) -> bool:
    """Whether what stands at this path follows its reader's language."""
    return _ENGLISH.match(path) is None


class PageLanguageMiddleware(LocaleMiddleware):
    """Django's, for pages only: what machines read is the same whoever asks, and so may be kept for all of them."""

    def process_request(self, request: HttpRequest) -> None:
        if speaks_to_people(request.path_info):
            super().process_request(request)
            return
        translation.activate(settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = settings.LANGUAGE_CODE

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if speaks_to_people(request.path_info):
            return super().process_response(request, response)
        response.headers.setdefault("Content-Language", settings.LANGUAGE_CODE)
        return response


@csrf_exempt  # a preference that one press undoes; a token on every page would set a cookie on every page
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the reader's language in a cookie and go back, to our own addresses only.

    `again` marks a page that answered a form: the browser then sends the form there once more, because its answer has no
    address to go back to. What the form does is guarded by its own token.
    """
    response = set_language(request)
    if "again" in request.POST and "next" in request.POST:
        response.status_code = HTTPStatus.TEMPORARY_REDIRECT
    return response
