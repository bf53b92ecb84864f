"""Pages of owners' alerts. Links in e-mails only show a button: mail scanners follow links, and must change nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from garagehub.lib.errors import DomainError
from garagehub.lib.pages import client_address, render
from parts.notices import alerts, digests
from parts.notices.letters import masked


@never_cache
@sensitive_post_parameters("registration", "postcode", "email")
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The form below an answer. The plate travels in its body, never in an address."""
    if request.method != "POST":
        return redirect("vehicle")
    context = {name: request.POST.get(name, "")[:254] for name in ("registration", "postcode", "email")}
    try:
        alerts.ask(
            **context,
            language=request.LANGUAGE_CODE,
            address=client_address(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render(request, "alerts/ask.html", context | {"error": error.message}, status=error.status)
    return redirect("alert-sent")


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """What to do next, the same for everybody."""
    return render(request, "alerts/sent.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """A button; the alert begins when it is pressed."""
    try:
        alert = alerts.confirm(token, at=timezone.now()) if request.method == "POST" else alerts.waiting(token)
    except DomainError as error:
        return render(request, "alerts/no_link.html", {"message": error.message}, status=error.status)
    context = {"is_confirmed": alert.confirmed_at is not None, "car": masked(alert.vehicle.registration)}
    return render(request, "alerts/confirm.html", context)


# The token is the right to stop, and mail programs post without a cookie (RFC 8058).
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, token: str) -> HttpResponse:
    """What the reader is told of; a POST ends it and forgets the address."""
    try:
        if request.method == "POST":
            alerts.end(token)
            return render(request, "alerts/ended.html")  # not a redirect: RFC 8058 §3.1
        alert = alerts.find(token)
    except DomainError as error:
        return render(request, "alerts/no_link.html", {"message": error.message}, status=error.status)
    return render(request, "alerts/end.html", {"email": alert.email, "car": masked(alert.vehicle.registration)})


# As above: whoever holds the link may stop it, and nothing else.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def end_digest(request: HttpRequest, token: str) -> HttpResponse:
    """What a member of a garage is e-mailed; a POST ends it."""
    try:
        if request.method == "POST":
            digests.end(token)
            return render(request, "watches/mail_ended.html")
        digest = digests.find(token)
    except DomainError as error:
        return render(request, "alerts/no_link.html", {"message": error.message}, status=error.status)
    return render(request, "watches/mail_end.html", {"membership": digest.membership})
