"""A dealer's API keys: owners make and revoke them, the secret is shown once."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from dealers.access import dealer_for, issue_api_key, own_dealer, owners_of, revoke_api_key
from dealers.models import ApiKey
from garagehub.lib.errors import DomainError
from garagehub.lib.pages import render
from garagehub.web.account import person
from garagehub.web.forms import KeyForm


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """The keys of the person's dealer, and a new one on POST, shown this once."""
    garage = dealer_for(request)
    if garage is None:
        return render(request, "garage/no_garage.html", status=403)
    form = KeyForm(request.POST if request.method == "POST" else None)
    secret, status, now = None, 200, timezone.now()
    if request.method == "POST":
        try:
            dealer = own_dealer(request.user, slug=garage.slug, as_owner=True)
            if form.is_valid():
                _row, secret = issue_api_key(dealer=dealer, **form.cleaned_data, by=request.user, at=now)
                form = KeyForm()
            else:
                status = 400
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
    context = {
        "garage": garage,
        "form": form,
        "secret": secret,
        "may_manage": owners_of(garage).filter(user=person(request)).exists(),
        "keys": ApiKey.objects.filter(dealer=garage).order_by(F("revoked_at").desc(nulls_first=True), "-created_at"),
        "now": now,
    }
    return render(request, "garage/keys.html", context, status=status)


@login_required
@require_POST
def revoke(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Stop a key at once."""
    garage = dealer_for(request)
    try:
        dealer = own_dealer(request.user, slug=garage.slug if garage else "", as_owner=True)
        key = revoke_api_key(dealer=dealer, public_id=public_id, at=timezone.now())
        messages.success(request, _("The key “%(name)s” no longer works.") % {"name": key.name})
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("garage-keys")
