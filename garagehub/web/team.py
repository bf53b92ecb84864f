"""The team of a garage or dealer: who works there, who is invited, and joining by an invitation."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from dealers import team as domain
from dealers.access import dealer_for, own_dealer
from dealers.models import Dealer, Membership
from garagehub.lib.errors import DomainError
from garagehub.lib.pages import render
from garagehub.web.account import person
from garagehub.web.forms import InviteForm, JoinForm, RoleForm
from garagehub.web.sign_in import enter


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def team(request: HttpRequest) -> HttpResponse:
    """Who works here and who is invited; on POST, an owner invites somebody."""
    garage = _garage(request)
    if garage is None:
        return render(request, "garage/no_garage.html", status=403)
    form, status = InviteForm(request.POST if request.method == "POST" else None), 200
    if request.method == "POST":
        try:
            dealer = own_dealer(request.user, slug=garage.slug, as_owner=True)
            if form.is_valid():
                domain.invite(dealer=dealer, **form.cleaned_data, by=person(request), at=timezone.now())
                messages.success(request, _("An invitation is on its way to %(email)s.") % form.cleaned_data)
                return _back(request)
            status = 400
        except DomainError as error:
            form.add_error("email" if "email" in error.fields else None, error.message)
            status = error.status
    members = list(domain.members(garage))
    context = {
        "garage": garage,
        "members": members,
        "invitations": domain.open_invitations(garage, at=timezone.now()),
        "form": form,
        "may_manage": any(one.user == request.user and one.role == Membership.Role.OWNER for one in members),
        "query": _query(request),
        "places": Dealer.objects.of(request.user),
    }
    return render(request, "garage/team.html", context, status=status)


@login_required
@require_POST
def role(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Make somebody an owner or a member."""

    def change(dealer: Dealer) -> str:
        form = RoleForm(request.POST)
        if not form.is_valid():
            raise DomainError(_("Choose owner or member."), code="role_unknown")
        membership = domain.change_role(dealer=dealer, public_id=public_id, role=form.cleaned_data["role"])
        if membership.role == Membership.Role.OWNER:
            return _("%(name)s is an owner now.") % {"name": membership.user.get_full_name()}
        return _("%(name)s is a member now.") % {"name": membership.user.get_full_name()}

    return _do(request, change, as_owner=True)


@login_required
@require_POST
def remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take somebody out of the team. Everybody may leave by themselves."""
    is_own = person(request).public_id == public_id

    def take_out(dealer: Dealer) -> str:
        membership = domain.remove(dealer=dealer, public_id=public_id, by=person(request), at=timezone.now())
        if is_own:
            return _("You no longer belong to %(dealer)s.") % {"dealer": dealer.name}
        return _("%(name)s no longer belongs to the team.") % {"name": membership.user.get_full_name()}

    return _do(request, take_out, as_owner=not is_own)


@login_required
@require_POST
def withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Make an invitation's link stop working."""

    def take_back(dealer: Dealer) -> str:
        email = domain.withdraw(dealer=dealer, public_id=public_id).email
        return _("The invitation to %(email)s no longer works.") % {"email": email}

    return _do(request, take_back, as_owner=True)


@login_required
@require_POST
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask everybody in the team for two-step sign-in, or no longer."""
    is_asked = request.POST.get("do") == "on"

    def ask(dealer: Dealer) -> str:
        domain.ask_second_step(dealer=dealer, is_asked=is_asked, by=person(request), at=timezone.now())
        if is_asked:
            return _("Everybody in your team signs in with two steps now. Who has not set it up was told.")
        return _("Two-step sign-in is everybody's own choice now.")

    return _do(request, ask, as_owner=True)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """An invitation, by who has its link. Looking at it accepts nothing; POST does."""
    at = timezone.now()
    try:
        invited = domain.find_invitation(token, at=at)
    except DomainError as error:
        return render(request, "accounts/invitation_gone.html", {"message": error.message}, status=error.status)
    known = domain.invited_person(invited)
    context: dict[str, Any] = {"invitation": invited, "known": known}
    if request.user.is_authenticated and request.user != known:
        return render(request, "accounts/invitation.html", context | {"is_for_another": True})
    form = None if known else JoinForm(request.POST if request.method == "POST" else None, email=invited.email)
    if request.method != "POST" or (form is not None and not form.is_valid()):
        status = 400 if form is not None and form.errors else 200
        return render(request, "accounts/invitation.html", context | {"form": form}, status=status)
    try:
        membership = domain.accept(token=token, at=at, **(form.cleaned_data if form else {}))
    except DomainError as error:
        return render(request, "accounts/invitation_gone.html", {"message": error.message}, status=error.status)
    messages.success(request, _("You belong to %(dealer)s now.") % {"dealer": membership.dealer.name})
    if known is None:
        return enter(request, membership.user, is_new=True)
    return redirect("garage")  # who is not signed in gets the form first


def _do(request: HttpRequest, change: Any, *, as_owner: bool) -> HttpResponse:
    """Make a change of the team if the person may, and say what became of it."""
    garage = _garage(request)
    try:
        dealer = own_dealer(request.user, slug=garage.slug if garage else "", as_owner=as_owner)
        messages.success(request, change(dealer))
    except DomainError as error:
        messages.error(request, error.message)
    return _back(request)


def _garage(request: HttpRequest) -> Dealer | None:
    """The first place of work, or the one that `?dealer=` names."""
    return dealer_for(request, code=request.GET.get("dealer", "").strip().upper() or None)


def _query(request: HttpRequest) -> str:
    code = request.GET.get("dealer", "")
    return f"?{urlencode({'dealer': code})}" if code else ""


def _back(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(reverse("garage-team") + _query(request))
