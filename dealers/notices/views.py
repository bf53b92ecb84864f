"""Pages of subscriptions. Links in e-mails only show a button: mail scanners follow links, and must change nothing."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from dealers.models import Make, System
from dealers.notices import subscriptions
from garagehub.lib.errors import DomainError
from garagehub.lib.pages import client_address, render


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Ask for an e-mail address and what its owner wants to hear of."""
    about = (request.POST if request.method == "POST" else request.GET).get("about", "")
    email, error, status = request.POST.get("email", "")[:254], None, 200
    if request.method == "POST":
        try:
            subscriptions.subscribe(
                email=email,
                about=subscriptions.About.parse(about),
                language=request.LANGUAGE_CODE,
                address=client_address(request),
                at=timezone.now(),
            )
            return redirect("subscription-sent")
        except DomainError as refused:
            error, status = refused.message, refused.status
    context = {
        "about": about,
        "email": email,
        "error": error,
        "makes": Make.objects.order_by("name"),
        "systems": System.choices,
        "is_listed": about.partition(":")[0] in {"", "make", "system"},
    }
    return render(request, "notices/subscribe.html", context, status=status)


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """What to do next, the same for everybody."""
    return render(request, "notices/sent.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """A button; the subscription begins when it is pressed."""
    try:
        if request.method == "POST":
            subscription = subscriptions.confirm(token, at=timezone.now())
        else:
            subscription = subscriptions.waiting(token)
    except DomainError as error:
        return render(request, "notices/no_link.html", {"message": error.message}, status=error.status)
    return render(request, "notices/confirm.html", {"subscription": subscription})


# The token is the right to stop, and mail programs post without a cookie (RFC 8058).
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def manage(request: HttpRequest, token: str) -> HttpResponse:
    """What the reader is told of. A POST ends one subscription, or all and forgets the address."""
    one = _uuid(request.POST.get("subscription", ""))
    try:
        if request.method == "POST" and (one is None or not subscriptions.end_one(token, public_id=one)):
            subscriptions.end_all(token)
            return render(request, "notices/ended.html")  # not a redirect: RFC 8058 §3.1
        reader = subscriptions.subscriber(token)
    except DomainError as error:
        return render(request, "notices/no_link.html", {"message": error.message}, status=error.status)
    context = {"subscriptions": subscriptions.confirmed(reader), "email": reader.email}
    return render(request, "notices/manage.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
