"""The sign-in form: by e-mail address."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _


class SignInForm(AuthenticationForm):
    """Django's, with our words. It never says which of the two was wrong."""

    error_messages = {  # noqa: RUF012 - Django's own form of a class attribute
        "invalid_login": _("The e-mail address or the password is not right. Check both and try again."),
        "inactive": _("This account is closed. Ask the owner of your garage's account."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("E-mail address")
        self.fields["username"].widget = forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
