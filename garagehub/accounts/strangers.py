"""Writing to an address that somebody typed: whether it is one, and how often we do before its owner says yes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from garagehub.accounts.limits import Limit, network_of, take_turn
from garagehub.lib.errors import DomainError

PLACE: Final = Limit("subscribe from one place", 20, timedelta(hours=1))
ADDRESS: Final = Limit("subscribe one address", 5, timedelta(days=1))


class TooManyError(DomainError):
    """Too many tries from one place."""

    status = 429


def checked_email(typed: str) -> str:
    """The address, in small letters. DomainError `bad_email` for what is none."""
    email = typed.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        message = _("Enter an e-mail address, such as name@example.com.")
        raise DomainError(message, code="bad_email", fields={"email": [message]}) from error
    return email


def take_turn_of_place(address: str, *, at: datetime) -> None:
    """Count a request from this network address. TooManyError when it was one too many."""
    turn = take_turn(PLACE, network_of(address), at=at)
    if turn.is_refused:
        message = _("That was often. Try again in %(minutes)s minutes.") % {"minutes": turn.minutes}
        raise TooManyError(message, code="too_many_tries")


def may_write_to(email: str, *, at: datetime) -> bool:
    """Count a letter to this address, whatever it is about; False when there were too many.

    Whoever floods an address must not learn, so the caller goes on as if it had written.
    """
    return not take_turn(ADDRESS, email, at=at).is_refused
