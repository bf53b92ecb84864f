"""Sign-in: the password, for some a code after it, and what happens after too many tries."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from dealers.team import waits_for_second_step
from garagehub.accounts import sign_in
from garagehub.accounts.devices import remember
from garagehub.accounts.limits import Turn
from garagehub.accounts.models import User
from garagehub.accounts.second_step import TooManyCodesError, check_code, has_second_step
from garagehub.lib.errors import DomainError
from garagehub.lib.pages import client_address, render
from garagehub.web.forms import CodeForm, SignInForm


def please_wait(request: HttpRequest, turn: Turn) -> HttpResponse:
    """Too many tries: a page that says how long to wait."""
    response = render(request, "web/sign_in_wait.html", {"minutes": turn.minutes}, status=429)
    response["Retry-After"] = str(int(turn.wait.total_seconds()) + 1)
    return response


@method_decorator(sensitive_post_parameters(), name="dispatch")
class SignIn(LoginView):
    """The first step. Who has a second one is sent on to it."""

    template_name = "web/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        email = request.POST.get("username", "")[:254]
        self.attempt = sign_in.begin(request, email=email, address=client_address(request), at=timezone.now())
        if (refusal := self.attempt.refusal) is not None:
            return please_wait(request, refusal)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: SignInForm) -> HttpResponse:  # type: ignore[override] # Django's types name its own form
        user, at = form.get_user(), timezone.now()
        assert isinstance(user, User)
        sign_in.was_good(self.attempt)
        if has_second_step(user):
            sign_in.wait_for_code(self.request, user, at=at)
            return HttpResponseRedirect(_code_address(self.get_redirect_url()))
        return enter(self.request, user, to=self.get_redirect_url())


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The second step: a code of the app, or a recovery code."""
    at = timezone.now()
    user = sign_in.awaited(request, at=at)
    view = LoginView(request=request)  # Django's check that `next` stays on this site
    if user is None:
        return redirect("sign-in")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            check_code(user=user, code=form.cleaned_data["code"], at=at)
            return enter(request, user, to=view.get_redirect_url())
        except TooManyCodesError as error:
            form.add_error(None, error.message)
            return render(request, "web/sign_in_code.html", {"form": form}, status=error.status)
        except DomainError as error:
            form.add_error("code", error.message)
    context = {"form": form, "next": view.get_redirect_url()}
    return render(request, "web/sign_in_code.html", context, status=400 if form.errors else 200)


def enter(request: HttpRequest, user: User, *, to: str = "", is_new: bool = False) -> HttpResponse:
    """Sign the person in and go on: to `to`, else admins to the admin and everybody else to the workbench.

    Whose garage asks for a second step sets it up before anything else.
    """
    sign_in.finish(request, user, at=timezone.now(), is_new=is_new)
    home = reverse("admin:index") if user.is_staff else reverse(settings.LOGIN_REDIRECT_URL)
    response = HttpResponseRedirect(reverse("account-two-step") if waits_for_second_step(user) else to or home)
    remember(response, request, user)
    return response


@never_cache
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """The admin's sign-in is everybody's: the same limits, the same second step."""
    if request.user.is_authenticated:  # and still sent here: no admin. To the form and back would be a circle.
        raise PermissionDenied
    asked = request.GET.get("next") or reverse("admin:index")
    return HttpResponseRedirect(f"{reverse('sign-in')}?{urlencode({'next': asked})}")


def _code_address(to: str) -> str:
    address = reverse("sign-in-code")
    return f"{address}?{urlencode({'next': to})}" if to else address
