"""A person's own account: the password, the second step, and where they are signed in."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import PasswordChangeView, PasswordResetConfirmView, PasswordResetView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dealers.team import asking_second_step
from garagehub.accounts import second_step
from garagehub.accounts.models import User
from garagehub.accounts.passwords import password_was_set, take_reset_turn
from garagehub.accounts.sessions import digest, end_session, end_sessions, sessions_of
from garagehub.lib.errors import DomainError
from garagehub.lib.pages import client_address, render
from garagehub.web.forms import AppCodeForm, ChangePasswordForm, NewPasswordForm, PasswordForm, ResetForm
from garagehub.web.sign_in import please_wait

_SEED = "second_step_seed"


def person(request: HttpRequest) -> User:
    """Who is signed in; for views behind `login_required`."""
    return cast("User", request.user)


@login_required
@never_cache
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """The account on one page."""
    return _page(request)


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    user = person(request)
    has_second_step = second_step.has_second_step(user)
    context = {
        "sessions": sessions_of(user, at=timezone.now()),
        "here": digest(request.session.session_key),
        "has_second_step": has_second_step,
        "asked_by": asking_second_step(user),
        "codes_left": second_step.codes_left(user) if has_second_step else 0,
        "password_form": PasswordForm(user=user),
    }
    return render(request, "accounts/account.html", context | more, status=status)


@login_required
@require_POST
def end_one(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Sign one other browser out."""
    if end_session(user=person(request), public_id=public_id):
        messages.success(request, _("That browser is signed out."))
    else:
        messages.error(request, _("You are not signed in there. It may have ended already."))
    return redirect("account")


@login_required
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """Sign every other browser out."""
    ended = end_sessions(user=person(request), keep=request.session.session_key)
    text = ngettext("%(n)d other browser is signed out.", "%(n)d other browsers are signed out.", ended)
    messages.success(request, text % {"n": ended})
    return redirect("account")


@login_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def set_up_second_step(request: HttpRequest) -> HttpResponse:
    """The secret for the app; on POST with the app's first code, the second step is on and recovery codes are shown."""
    user = person(request)
    if second_step.has_second_step(user):
        return redirect("account")
    seed = request.session.get(_SEED) or second_step.new_seed()
    request.session[_SEED] = seed
    form = AppCodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            codes = second_step.turn_on(user=user, seed=seed, code=form.cleaned_data["code"], at=timezone.now())
            del request.session[_SEED]
            context = {"codes": codes, "is_new": True, "asked_by": asking_second_step(user)}
            return render(request, "accounts/recovery_codes.html", context)
        except DomainError as error:
            form.add_error("code", error.message)
    secret = second_step.secret_of(seed)
    context = {
        "form": form,
        "asked_by": asking_second_step(user),
        "picture": second_step.picture_of(seed, user=user),
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
    }
    return render(request, "accounts/set_up_second_step.html", context, status=400 if form.errors else 200)


@login_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def change_second_step(request: HttpRequest) -> HttpResponse:
    """Turn the second step off, or make new recovery codes; both ask for the password."""
    user = person(request)
    if request.method != "POST":
        return redirect("account")
    form = PasswordForm(request.POST, user=user)
    if not form.is_valid():
        return _page(request, password_form=form, status=400)
    if request.POST.get("do") == "codes" and second_step.has_second_step(user):
        return render(request, "accounts/recovery_codes.html", {"codes": second_step.renew_recovery_codes(user=user)})
    if request.POST.get("do") == "off" and (asked_by := asking_second_step(user)):
        messages.error(request, _("%(dealer)s asks everybody in its team for it.") % {"dealer": asked_by[0].name})
    elif request.POST.get("do") == "off":
        second_step.turn_off(user=user, at=timezone.now())
        messages.success(request, _("Two-step sign-in is off."))
    return redirect("account")


class ChangePassword(PasswordChangeView):
    """A new password by who knows the old one. Other browsers are signed out."""

    form_class = ChangePasswordForm
    template_name = "accounts/change_password.html"
    success_url = reverse_lazy("account")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        password_was_set(person(self.request), at=timezone.now(), keep=self.request.session.session_key)
        messages.success(self.request, _("Your password is changed. Other browsers are signed out."))
        return response


class Reset(PasswordResetView):
    """Ask for a link to set a new password. The answer is the same whether or not there is such an account."""

    form_class = ResetForm
    template_name = "accounts/reset.html"
    success_url = reverse_lazy("password-reset-sent")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        turn = take_reset_turn(address=client_address(request), at=timezone.now())
        return please_wait(request, turn) if turn.is_refused else super().post(request, *args, **kwargs)


@method_decorator(never_cache, name="dispatch")
class ResetConfirm(PasswordResetConfirmView):
    """The new password, by who has the link. Everybody is signed out; the second step is asked for as before."""

    form_class = NewPasswordForm
    template_name = "accounts/reset_confirm.html"
    success_url = reverse_lazy("sign-in")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        password_was_set(cast("User", self.user), at=timezone.now())
        messages.success(self.request, _("Your password is changed. Sign in with the new one."))
        return response
