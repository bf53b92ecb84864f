"""Forms of sign-in, accounts, teams and keys."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, PasswordResetForm, SetPasswordForm
from django.contrib.auth.password_validation import validate_password
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealers.models import Membership, Scope
from garagehub.accounts.models import User
from garagehub.accounts.passwords import send_reset

_EMAIL = {"autocomplete": "username", "autofocus": True}


class SignInForm(AuthenticationForm):
    """Django's, with our words. It never says which of the two was wrong."""

    error_messages = {  # noqa: RUF012 - Django's own form of a class attribute
        "invalid_login": _("The e-mail address or the password is not right. Check both and try again."),
        "inactive": _("This account is closed. Ask the owner of your garage's account."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("E-mail address")
        self.fields["username"].widget = forms.EmailInput(attrs=_EMAIL)


class CodeForm(forms.Form):
    """The second step."""

    code = forms.CharField(
        label=_("Code"),
        help_text=_("The six digits your authenticator app shows now, or one of your recovery codes."),
        max_length=40,
        error_messages={"required": _("Type the code.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "autocapitalize": "none", "spellcheck": "false"}
        ),
    )


class AppCodeForm(CodeForm):
    """The first code of a new authenticator app."""

    code = forms.CharField(
        label=_("Code"),
        help_text=_("The six digits the app shows now."),
        max_length=10,
        error_messages={"required": _("Type the code.")},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class PasswordForm(forms.Form):
    """The password again, before something that weakens the account."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=4_096,
        error_messages={"required": _("Type your password.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """The password, if it is theirs."""
        password = str(self.cleaned_data["password"])
        if not self.user.check_password(password):
            raise forms.ValidationError(_("That is not your password."))
        return password


class ResetForm(PasswordResetForm):
    """Django's, sending through our outbox and saying the same whether or not there is such an account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail address")
        self.fields["email"].widget = forms.EmailInput(attrs=_EMAIL)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Have the link sent. What Django's view passes is for its own way of sending."""
        send_reset(email=self.cleaned_data["email"], at=timezone.now())


class NewPasswordForm(SetPasswordForm):
    """A new password, typed twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word(self)


class ChangePasswordForm(PasswordChangeForm):
    """The old password, and a new one typed twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _("Your present password")
        _word(self)


class JoinForm(forms.Form):
    """A new account for somebody who was invited."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        error_messages={"required": _("Tell your team your name.")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Choose a password"),
        help_text=_("At least 10 characters. Three or four words together make a good one."),
        strip=False,
        max_length=4_096,
        error_messages={"required": _("Choose a password.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        """Hold the password against the rules, knowing whose it will be."""
        data = super().clean() or {}
        if password := data.get("password"):
            try:
                validate_password(password, User(email=self.email, name=data.get("name", "")))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


class InviteForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        error_messages={"required": _("Type the e-mail address of the person to invite.")},
    )
    role = forms.ChoiceField(
        label=_("What they may do"),
        choices=[
            (Membership.Role.MEMBER, _("Member: checks parts and cars, reports, sends stock")),
            (Membership.Role.OWNER, _("Owner: also manages the team and API keys")),
        ],
        initial=Membership.Role.MEMBER,
        widget=forms.RadioSelect,
    )


class RoleForm(forms.Form):
    """What somebody may do from now on."""

    role = forms.ChoiceField(choices=Membership.Role.choices)


class KeyForm(forms.Form):
    """A new key: its name, what it may be used for, and for how long."""

    name = forms.CharField(
        label=_("Name of the new key"),
        max_length=80,
        help_text=_("Where it will be used, such as: workshop PC."),
        error_messages={
            "required": _("Give the key a name, so that you know it later."),
            "max_length": _("This name is too long. Use at most 80 characters."),
        },
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may be used for"),
        help_text=_("Tick only what the software needs."),
        choices=Scope.choices,
        initial=[Scope.READ],
        error_messages={"required": _("Tick at least one thing the key may be used for.")},
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label=_("How long it works"),
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("a year")), ("", _("until it is revoked"))],
        coerce=int,
        empty_value=None,
        required=False,
        initial=365,
    )


def _word(form: SetPasswordForm) -> None:
    """Our labels, and one hint instead of Django's list."""
    form.fields["new_password1"].label = _("New password")
    form.fields["new_password2"].label = _("New password again")
    form.fields["new_password2"].help_text = ""
    hint = _("At least 10 characters. Three or four words together make a good one.")
    cast("forms.CharField", form.fields["new_password1"]).help_text = hint
