"""Signing in: how many tries there are, the wait for the second step, and what is told to whom."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple, cast

from django.contrib.auth import login
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest

from garagehub.accounts import devices
from garagehub.accounts.letters import send_letter
from garagehub.accounts.limits import Limit, Turn, give_back, network_of, start_again, take_turn
from garagehub.accounts.models import User
from garagehub.accounts.sessions import DEVICE, SIGNED_IN_AT

# Wrong passwords. From one place, whoever is meant:
PLACE = Limit("sign-in from a place", 10, timedelta(minutes=15))
# For one account, from all browsers it has not been used in together: so many places are no help.
ACCOUNT = Limit("sign-in to an account", 20, timedelta(hours=1))
# For one account in a browser it has been used in. Strangers cannot use these up, so they lock nobody out.
KNOWN_BROWSER = Limit("sign-in in a known browser", 10, timedelta(minutes=15))

_WAITING = "second_step"
_WAITS_FOR = timedelta(minutes=10)


class Attempt(NamedTuple):
    """One try to sign in, counted."""

    turns: tuple[Turn, ...]

    @property
    def refusal(self) -> Turn | None:
        """The limit that has been reached and is longest to wait for, if one has."""
        return max((turn for turn in self.turns if turn.is_refused), key=lambda turn: turn.wait, default=None)


def begin(request: HttpRequest, *, email: str, address: str, at: datetime) -> Attempt:
    """Count a try before its password is looked at. The owner is told once when their account is closed to strangers."""
    email = email.strip().lower()
    user = User.objects.filter(email__iexact=email).first()
    device = devices.device_of(request)
    place = take_turn(PLACE, network_of(address), at=at)
    if user is not None and device is not None and device.knows(user):
        return Attempt((place, take_turn(KNOWN_BROWSER, f"{device.name} {email}", at=at)))
    account = take_turn(ACCOUNT, email, at=at)
    if user is not None and user.is_active and account.is_first_refused:
        send_letter("sign_in_refused", to=user.email, at=at)
    return Attempt((place, account))


def was_good(attempt: Attempt) -> None:
    """The password was right: the try does not count."""
    for turn in attempt.turns:
        give_back(turn)


def wait_for_code(request: HttpRequest, user: User, *, at: datetime) -> None:
    """Remember in the session, which is nobody's yet, whose code is awaited."""
    request.session.cycle_key()
    request.session[_WAITING] = {
        "user": user.pk,
        "proof": user.get_session_auth_hash(),
        "until": (at + _WAITS_FOR).isoformat(),
    }


def awaited(request: HttpRequest, *, at: datetime) -> User | None:
    """Whose code is awaited here. Nobody's after ten minutes, or once the password or the account has changed."""
    waiting = request.session.get(_WAITING)
    if not waiting or datetime.fromisoformat(waiting["until"]) <= at:
        return None
    user = User.objects.filter(pk=waiting["user"], is_active=True).first()
    return user if user is not None and user.get_session_auth_hash() == waiting["proof"] else None


def finish(request: HttpRequest, user: AbstractBaseUser, *, at: datetime, is_new: bool = False) -> None:
    """Sign the person in, in a session of their own. In a browser new to them they are told by e-mail.

    `is_new`: the account was made just now, so nobody has to be told.
    """
    person = cast("User", user)
    request.session.pop(_WAITING, None)
    device = devices.device_of(request)
    if not is_new and (device is None or not device.knows(person)):
        send_letter("new_device", to=person.email, at=at, device=devices.describe(request))
    login(request, person, backend="django.contrib.auth.backends.ModelBackend")
    request.session[DEVICE] = devices.describe(request)
    request.session[SIGNED_IN_AT] = at.isoformat()


def open_again(user: User) -> None:
    """Let strangers' browsers try again, after the owner has set a new password."""
    start_again(ACCOUNT, user.email)
