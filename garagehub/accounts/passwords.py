"""New passwords: chosen by who knows the old one, or by who reads the account's mail."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from garagehub.accounts.letters import send_letter
from garagehub.accounts.limits import Limit, Turn, network_of, take_turn
from garagehub.accounts.models import User
from garagehub.accounts.sessions import end_sessions
from garagehub.accounts.sign_in import open_again
from garagehub.outbox.models import Message
from garagehub.outbox.nudging import nudge_after_commit

PLACE = Limit("reset from a place", 10, timedelta(hours=1))
ACCOUNT = Limit("reset of an account", 3, timedelta(hours=1))


def take_reset_turn(*, address: str, at: datetime) -> Turn:
    """Count a request for a reset from this address."""
    return take_turn(PLACE, network_of(address), at=at)


def send_reset(*, email: str, at: datetime) -> None:
    """E-mail a link with which a new password can be set, if there is an open account with this address.

    At most three an hour to one address. What it does, and how long it takes, is the same if there is no such account.
    """
    turn = take_turn(ACCOUNT, email.strip().lower(), at=at)
    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    with transaction.atomic():
        one = user or User(pk=0, email=email.strip())
        link = reverse(
            "password-reset-confirm",
            args=[urlsafe_base64_encode(force_bytes(one.pk)), default_token_generator.make_token(one)],
        )
        send_letter("password_reset", to=one.email, at=at, link=urljoin(settings.SITE_URL, link))
        if user is None or turn.is_refused:
            transaction.set_rollback(True)
    nudge_after_commit(Message.Channel.EMAIL)


def password_was_set(user: User, *, at: datetime, keep: str | None = None) -> None:
    """End the person's sessions elsewhere (all but the one with the key `keep`) and tell them of the new password."""
    with transaction.atomic():
        end_sessions(user=user, keep=keep)
        send_letter("password_changed", to=user.email, at=at)
    open_again(user)
