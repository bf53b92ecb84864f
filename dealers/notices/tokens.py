"""What the links in e-mails carry: signed, so that nobody can make one up, and good for one purpose only."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.core import signing

from dealers.models import Subscriber, Subscription

CONFIRM_WITHIN: Final = timedelta(hours=48)

_CONFIRM = signing.TimestampSigner(salt="dealers.notices.confirm")
_MANAGE = signing.Signer(salt="dealers.notices.manage")


def for_confirming(subscription: Subscription) -> str:
    """A token for `read_confirming`, good for two days."""
    return _CONFIRM.sign(str(subscription.public_id))


def read_confirming(token: str) -> UUID | None:
    """The subscription's public id, or None for a token that is too old or not ours."""
    try:
        return UUID(_CONFIRM.unsign(token, max_age=CONFIRM_WITHIN))
    except (signing.BadSignature, ValueError):
        return None


def for_managing(subscriber: Subscriber) -> str:
    """A token for `read_managing`. It does not age: an old e-mail must still let its reader leave."""
    return _MANAGE.sign(str(subscriber.public_id))


def read_managing(token: str) -> UUID | None:
    """The subscriber's public id, or None for a token that is not ours."""
    try:
        return UUID(_MANAGE.unsign(token))
    except (signing.BadSignature, ValueError):
        return None
