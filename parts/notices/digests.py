"""A member's wish to be e-mailed what changed of what the garage watches: off until asked for, ended by one press.

It hangs on the membership, so it goes when somebody leaves the team.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from dealers.models import Dealer, Membership
from garagehub.accounts.models import User
from garagehub.lib.errors import NotFoundError
from garagehub.lib.tokens import Purpose
from parts.notices.models import Digest

ENDING: Final = Purpose("parts.notices.digest.end")  # an old e-mail must still let its reader leave


def is_on(user: User, dealer: Dealer) -> bool:
    """Whether the person is e-mailed about what this dealer watches."""
    return Digest.objects.filter(membership__user=user, membership__dealer=dealer).exists()


def turn_on(user: User, dealer: Dealer, *, at: datetime) -> None:
    """E-mail the person from now on. Twice changes nothing. NotFoundError for who does not work there."""
    membership = Membership.objects.filter(user=user, dealer=dealer).first()
    if membership is None:
        raise NotFoundError(_("There is no such dealer among those you work for."), code="dealer_not_found")
    Digest.objects.get_or_create(membership=membership, defaults={"asked_at": at})


def turn_off(user: User, dealer: Dealer) -> None:
    """E-mail the person no longer. Twice does no harm."""
    Digest.objects.filter(membership__user=user, membership__dealer=dealer).delete()


def find(token: str) -> Digest:
    """The digest that this link ends; NotFoundError for a link that is not ours, or a digest that is gone."""
    digest = ENDING.find(token, Digest.objects.select_related("membership__user", "membership__dealer"))
    if digest is None:
        raise _gone()
    return digest


def end(token: str) -> None:
    """E-mail no more. Twice does no harm. NotFoundError for a link that is not ours."""
    public_id = ENDING.read(token)
    if public_id is None:
        raise _gone()
    Digest.objects.filter(public_id=public_id).delete()


def readers(dealer_ids: Collection[int]) -> QuerySet[Digest]:
    """Who is to be e-mailed at these dealers: those who asked, still work there and may sign in."""
    wanted = Digest.objects.filter(
        membership__dealer__in=dealer_ids, membership__dealer__is_active=True, membership__user__is_active=True
    )
    return wanted.select_related("membership__user", "membership__dealer").order_by("pk")


def _gone() -> NotFoundError:
    return NotFoundError(_("There are no e-mails to stop: we do not write to you about this list."), code="digest_gone")
