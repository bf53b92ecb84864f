"""A dealer's API keys: owners make and revoke them, the secret is shown once."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from dealers.access import create_api_key, dealer_for, own_dealer, revoke_api_key
from dealers.models import ApiKey, Membership
from garagehub.lib.errors import DomainError
from garagehub.lib.pages import render


class KeyForm(forms.Form):
    """A new key's name."""

    name = forms.CharField(
        label=gettext_lazy("Name of the new key"),
        max_length=80,
        help_text=gettext_lazy("Where it will be used, such as: workshop PC."),
        error_messages={"required": gettext_lazy("Give the key a name, so that you know it later.")},
    )


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """The keys of the person's dealer, and a new one on POST, shown this once."""
    garage = dealer_for(request)
    if garage is None:
        return render(request, "garage/no_garage.html", status=403)
    form = KeyForm(request.POST or None)
    secret = None
    if request.method == "POST" and form.is_valid():
        try:
            dealer = own_dealer(request.user, slug=garage.slug, as_owner=True)
            _row, secret = create_api_key(dealer=dealer, name=form.cleaned_data["name"], by=request.user)
            form = KeyForm()
        except DomainError as error:
            form.add_error(None, error.message)
    owners = Membership.objects.filter(dealer=garage, role=Membership.Role.OWNER).values_list("user_id", flat=True)
    context = {
        "garage": garage,
        "form": form,
        "secret": secret,
        "may_manage": request.user.pk in owners,
        "keys": ApiKey.objects.filter(dealer=garage).order_by("revoked_at", "-created_at"),
    }
    return render(request, "garage/keys.html", context)


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
