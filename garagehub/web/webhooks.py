"""A dealer's webhooks: owners make, try, rotate and delete them; the secret is shown once."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from dealers.access import dealer_for, own_dealer, owners_of
from dealers.models import Dealer, Webhook
from dealers.notices import webhooks as domain
from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.lib.pages import render
from garagehub.outbox import endpoints
from garagehub.web.account import person
from garagehub.web.webhook_form import WebhookForm

SHOWN = 50


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: HttpRequest) -> HttpResponse:
    """The webhooks of the person's dealer, and a new one on POST with its secret, shown this once."""
    garage = dealer_for(request)
    if garage is None:
        return render(request, "garage/no_garage.html", status=403)
    form, made, status = WebhookForm(request.POST if request.method == "POST" else None), None, 200
    if request.method == "POST":
        try:
            dealer = own_dealer(request.user, slug=garage.slug, as_owner=True)
            if form.is_valid():
                made = domain.create(dealer=dealer, **form.cleaned_data, by=request.user, at=timezone.now())
                form = WebhookForm()
            else:
                status = 400
        except DomainError as error:
            form.add_error("url" if "url" in error.fields else None, error.message)
            status = error.status
    context = {
        "garage": garage,
        "form": form,
        "made": made,
        "may_manage": _may_manage(request, garage),
        "webhooks": domain.of(garage),
    }
    return render(request, "garage/webhooks.html", context, status=status)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def webhook(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One webhook with its log. On POST, `do` says what an owner wants: ping, rotate, off, on, delete, or replay."""
    garage, secret = dealer_for(request), None
    if garage is None:
        return render(request, "garage/no_garage.html", status=403)
    try:
        found = domain.get(garage, public_id)
    except NotFoundError as error:
        raise Http404 from error
    if request.method == "POST":
        try:
            own_dealer(request.user, slug=garage.slug, as_owner=True)
            if not request.POST.get("do"):
                return redirect(request.path)
            if request.POST.get("do") == "delete":
                domain.delete(found)
                messages.success(request, _("The webhook “%(name)s” is deleted.") % {"name": found.name})
                return redirect("garage-webhooks")
            if request.POST.get("do") == "rotate":
                secret = endpoints.rotate(found.endpoint, at=timezone.now())
            else:
                messages.success(request, _act(request, found))
                return redirect(request.path)
        except DomainError as error:
            messages.error(request, error.message)
            return redirect(request.path)
    deliveries = endpoints.deliveries(found.endpoint).order_by("-created_at", "-pk")[:SHOWN]
    context = {
        "garage": garage,
        "webhook": found,
        "deliveries": deliveries,
        "secret": secret,
        "may_manage": _may_manage(request, garage),
    }
    return render(request, "garage/webhook.html", context)


def _act(request: HttpRequest, found: Webhook) -> str:
    """Do what the button says, and answer what was done."""
    now = timezone.now()
    match request.POST.get("do", ""):
        case "ping":
            endpoints.ping(found.endpoint, at=now)
            return _("A test message is on its way. Load this page again in a few seconds.")
        case "off":
            endpoints.turn_off(found.endpoint, at=now)
            return _("Nothing more is sent to it.")
        case "on":
            endpoints.turn_on(found.endpoint)
            return _("It is turned on again.")
        case replayed:
            endpoints.replay(found.endpoint, message_id=_message_id(replayed), at=now)
            return _("It is on its way once more.")


def _message_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise DomainError(_("That button is not known."), code="unknown_action") from None


def _may_manage(request: HttpRequest, garage: Dealer) -> bool:
    return owners_of(garage).filter(user=person(request)).exists()
