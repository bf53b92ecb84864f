"""The home page, errors, and the address for security reports."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from dealers.method import numbers
from garagehub.lib.api import problem_response
from garagehub.lib.pages import render
from garagehub.web import live


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The status board and the two questions."""
    at = timezone.now()
    # Who is signed in may just have changed something, and is to see it; others share one look for two seconds.
    known = None if request.user.is_authenticated else live.shared_version(at=at)
    # What moves by itself can be stopped (WCAG 2.2.2): ?live=off.
    context = {
        "pieces": live.fragments(at=at, of=known),
        "is_live": request.GET.get("live") != "off",
        "every_s": live.POLL_S,
    }
    return render(request, "web/home.html", context)


@require_safe
def how_we_decide(request: HttpRequest) -> HttpResponse:
    """The method, with the numbers in force."""
    return render(request, "web/how_we_decide.html", {"method": numbers()})


@require_safe
@gzip_page
def live_board(request: HttpRequest, language: str = settings.LANGUAGE_CODE) -> HttpResponseBase:
    """What changes on the home page, for open pages and shared caches: 304 to those who have it already.

    It is the same for everybody and sets no cookie. Its language is part of its address, so that no cache mixes them up.
    """
    if language not in dict(settings.LANGUAGES):
        raise Http404
    at = timezone.now()
    with translation.override(language):
        etag = f'"{live.shared_version(at=at)}"'
        response = get_conditional_response(request, etag=etag)
        if response is None:
            pieces = live.fragments(at=at, of=etag.strip('"'))
            response = HttpResponse(render_to_string("web/_live.html", {"pieces": pieces}))
    response["Content-Language"] = language
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={live.SHARED_S}, stale-while-revalidate={live.STALE_S}"
    return response


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Whom to tell of a weakness (RFC 9116)."""
    expires = (timezone.now() + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    lines = [f"Contact: {settings.SECURITY_CONTACT}", f"Expires: {expires}", "Preferred-Languages: en, cy"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, as a page or as problem+json."""
    if _is_api(request):
        return problem_response(400, _("Bad request"), _("The request could not be read."), code="bad_request")
    return render(request, "errors/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, as a page or as problem+json."""
    if _is_api(request):
        return problem_response(403, _("Not allowed"), _("You may not do this."), code="permission_denied")
    return render(request, "errors/403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, as a page or as problem+json."""
    if _is_api(request):
        return problem_response(404, _("Not found"), _("There is no such address in the API."), code="not_found")
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, as a page or as problem+json; the page reads nothing from the database."""
    if _is_api(request):
        return problem_response(500, "Our fault", "Something went wrong here; it was recorded.", code="server_error")
    return HttpResponse(render_to_string("errors/500.html"), status=500)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token: most often one that was open since before signing in. Nothing was done."""
    if _is_api(request):
        return problem_response(403, _("Not allowed"), _("The CSRF token is missing or old."), code="csrf_failed")
    return render(request, "errors/stale_form.html", status=403)
