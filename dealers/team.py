"""Who works at a dealer: owners invite people, change what they may do, and let them go.

Everything that changes who owns a dealer holds the dealer's row, so that two owners cannot make each other leave it
with nobody.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from urllib.parse import urljoin
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from dealers.access import owners_of
from dealers.models import Dealer, Invitation, Membership
from garagehub.accounts.letters import send_letter
from garagehub.accounts.models import User
from garagehub.accounts.second_step import has_second_step
from garagehub.lib.errors import DomainError, NotFoundError

INVITATION_WORKS_FOR = timedelta(days=7)
FORGOTTEN_AFTER = timedelta(days=30)
MOST_INVITATIONS = 50  # open ones of a dealer: nobody's team is that large, and e-mails to strangers are not for free


def members(dealer: Dealer) -> QuerySet[Membership]:
    """Who works there, owners first, then by name."""
    people = Membership.objects.filter(dealer=dealer).select_related("user", "user__authenticator")
    return people.order_by("-role", "user__name", "user__email")


def open_invitations(dealer: Dealer, *, at: datetime) -> QuerySet[Invitation]:
    """Invitations that can still be accepted, newest first."""
    return Invitation.objects.filter(dealer=dealer, expires_at__gt=at).order_by("-created_at")


def invite(*, dealer: Dealer, email: str, role: str, by: User, at: datetime) -> Invitation:
    """E-mail somebody a link to join. Inviting again makes a new link, and the old one stops working.

    DomainError for somebody who works there already, and when there are too many open invitations.
    """
    email = email.strip().lower()
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        _hold(dealer)
        if Membership.objects.filter(dealer=dealer, user__email__iexact=email).exists():
            raise _at_email(_("This person is in your team already."), code="already_member")
        others = open_invitations(dealer, at=at).exclude(email=email)
        if others.count() >= MOST_INVITATIONS:
            raise _at_email(_("There are too many open invitations. Withdraw some first."), code="too_many_invitations")
        Invitation.objects.filter(dealer=dealer, email=email).delete()
        invitation = Invitation.objects.create(
            dealer=dealer,
            email=email,
            role=role,
            digest=_digest(token),
            invited_by=by,
            created_at=at,
            expires_at=at + INVITATION_WORKS_FOR,
        )
        link = urljoin(settings.SITE_URL, reverse("invitation", args=[token]))
        send_letter("invitation", to=email, at=at, dealer=dealer.name, by=by.get_full_name(), link=link)
    return invitation


def withdraw(*, dealer: Dealer, public_id: UUID) -> Invitation:
    """Make an invitation's link stop working. NotFoundError for another dealer's."""
    invitation = Invitation.objects.filter(dealer=dealer, public_id=public_id).first()
    if invitation is None:
        raise NotFoundError(_("There is no such invitation. It may have been accepted."), code="invitation_not_found")
    Invitation.objects.filter(pk=invitation.pk).delete()
    return invitation


def find_invitation(token: str, *, at: datetime) -> Invitation:
    """The open invitation with this token. NotFoundError if it was used, withdrawn or has expired."""
    invitation = _usable(token, at=at).first()
    if invitation is None:
        raise _gone()
    return invitation


def invited_person(invitation: Invitation) -> User | None:
    """The account with the invited address, if there is one."""
    return User.objects.filter(email__iexact=invitation.email).first()


@transaction.atomic
def accept(*, token: str, name: str = "", password: str | None = None, at: datetime) -> Membership:
    """Join: with the account of the invited address, or a new one with this name and password.

    The link came by e-mail, so whoever holds it reads the address's mail. Raises NotFoundError if it works no more, and
    DomainError for a closed account or a new one without a password.
    """
    invitation = _usable(token, at=at).select_for_update(of=("self",)).first()
    if invitation is None:
        raise _gone()
    user = invited_person(invitation)
    if user is None:
        if not password:
            raise DomainError(_("Choose a password."), code="password_missing")
        user = User.objects.create_user(invitation.email, password, name=name)
    elif not user.is_active:
        raise DomainError(_("This account is closed. Ask us to open it again."), code="account_closed")
    values = {"role": invitation.role}
    membership, _is_new = Membership.objects.get_or_create(user=user, dealer=invitation.dealer, defaults=values)
    invitation.delete()
    return membership


@transaction.atomic
def change_role(*, dealer: Dealer, public_id: UUID, role: str) -> Membership:
    """Make somebody an owner or a member. DomainError if that left the dealer without an owner."""
    _hold(dealer)
    membership = _member(dealer, public_id)
    if membership.role == Membership.Role.OWNER and role != Membership.Role.OWNER:
        _keep_an_owner(dealer, without=membership)
    membership.role = Membership.Role(role)
    membership.save(update_fields=["role"])
    return membership


@transaction.atomic
def remove(*, dealer: Dealer, public_id: UUID, by: User, at: datetime) -> Membership:
    """Take somebody out of the team; they are told, unless they did it themselves. What they reported stays.

    DomainError if that left the dealer without an owner.
    """
    _hold(dealer)
    membership = _member(dealer, public_id)
    if membership.role == Membership.Role.OWNER:
        _keep_an_owner(dealer, without=membership)
    Membership.objects.filter(pk=membership.pk).delete()
    if membership.user != by:
        send_letter("removed", to=membership.user.email, at=at, dealer=dealer.name, by=by.get_full_name())
    return membership


def forget_old(*, at: datetime) -> int:
    """Delete invitations that ran out a month ago; answers how many. They hold addresses of people who never came."""
    return Invitation.objects.filter(expires_at__lte=at - FORGOTTEN_AFTER).delete()[0]


@transaction.atomic
def ask_second_step(*, dealer: Dealer, is_asked: bool, by: User, at: datetime) -> None:
    """Have everybody in the team sign in with a second step, or no longer; who has none is told by e-mail.

    Who has none may from then on do nothing for the dealer until they have set it up; keys go on. DomainError for an
    owner who has none: nobody asks of others what would shut them out themselves.
    """
    if is_asked and not has_second_step(by):
        message = _("Set two-step sign-in up for yourself first: it is asked of owners, too.")
        raise DomainError(message, code="second_step_missing")
    changed = Dealer.objects.filter(pk=dealer.pk).exclude(asks_second_step=is_asked).update(asks_second_step=is_asked)
    if is_asked and changed:
        for one in members(dealer).filter(user__authenticator=None, user__is_active=True):
            send_letter("two_step_asked", to=one.user.email, at=at, dealer=dealer.name, by=by.get_full_name())


def asking_second_step(user: User) -> list[Dealer]:
    """The dealers where the person works that ask for the second step."""
    return list(Dealer.objects.asking_second_step(user))


def waits_for_second_step(user: User) -> bool:
    """Whether the person has to set the second step up before anything else."""
    return Dealer.objects.asking_second_step(user).exists() and not has_second_step(user)


def _hold(dealer: Dealer) -> None:
    Dealer.objects.select_for_update(no_key=True).get(pk=dealer.pk)


def _member(dealer: Dealer, public_id: UUID) -> Membership:
    membership = Membership.objects.filter(dealer=dealer, user__public_id=public_id).select_related("user").first()
    if membership is None:
        raise NotFoundError(_("This person is not in your team."), code="member_not_found")
    return membership


def _keep_an_owner(dealer: Dealer, *, without: Membership) -> None:
    if not owners_of(dealer).exclude(pk=without.pk).exists():
        message = _("A team needs an owner. Make somebody else an owner first.")
        raise DomainError(message, code="last_owner")


def _usable(token: str, *, at: datetime) -> QuerySet[Invitation]:
    usable = Invitation.objects.filter(digest=_digest(token), expires_at__gt=at, dealer__is_active=True)
    return usable.select_related("dealer")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _gone() -> NotFoundError:
    message = _("This invitation was used, withdrawn, or is older than seven days. Ask for a new one.")
    return NotFoundError(message, code="invitation_not_found")


def _at_email(message: str, *, code: str) -> DomainError:
    return DomainError(message, code=code, fields={"email": [message]})
