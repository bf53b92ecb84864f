"""Who may see and do what at a dealer. Pages and API ask here; strangers get 404."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import authentication, exceptions
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from dealers.models import ApiKey, Dealer, DealerQuerySet, Membership, Scope
from garagehub.accounts.letters import send_letter
from garagehub.lib.errors import NotAllowedError, NotFoundError

KEY_PREFIX = "gh_"
LAST_USE_EVERY = timedelta(minutes=1)
MOST_DAYS = 3_650  # of a key that expires


def visible_dealers() -> DealerQuerySet:
    """The dealers anyone may read about."""
    return Dealer.objects.active()


def dealer_for(request: Any, *, code: str | None = None) -> Dealer | None:
    """The dealer or garage the caller acts for: its key's, or one where the person works.

    `code` picks among several places of work; without it the first by name. None for anyone else.
    """
    key = getattr(request, "auth", None)
    if isinstance(key, ApiKey):
        return key.dealer if code in {None, key.dealer.code} else None
    if not request.user.is_authenticated:
        return None
    own = Dealer.objects.of(request.user)
    return (own.filter(code=code) if code else own).first()


def own_dealer(user: Any, *, slug: str, as_owner: bool = False) -> Dealer:
    """The dealer with this slug, where the person works; `as_owner`, where they manage people and keys.

    Raises NotFoundError for strangers, who learn nothing, and NotAllowedError for members who are not owners.
    """
    membership = None
    if user.is_authenticated:
        mine = Membership.objects.filter(user=user, dealer__in=Dealer.objects.of(user).filter(slug=slug))
        membership = mine.select_related("dealer").first()
    if membership is None:
        raise NotFoundError(_("There is no such dealer among those you work for."), code="dealer_not_found")
    if as_owner and membership.role != Membership.Role.OWNER:
        raise NotAllowedError(_("Only an owner of this dealer may do that. Ask one of them."), code="owners_only")
    return membership.dealer


def create_api_key(
    *,
    dealer: Dealer,
    name: str,
    by: Any = None,
    expires_at: datetime | None = None,
    scopes: Collection[str] = tuple(Scope),
) -> tuple[ApiKey, str]:
    """A new key for the dealer: the row, and the secret, which is shown this once and stored nowhere."""
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        dealer=dealer,
        name=name,
        prefix=secret[:9],
        digest=_digest(secret),
        scopes=[scope.value for scope in Scope if scope in scopes],
        created_by=by,
        expires_at=expires_at,
    )
    return row, secret


def issue_api_key(
    *, dealer: Dealer, name: str, scopes: Collection[str], days: int | None, at: datetime, by: Any = None
) -> tuple[ApiKey, str]:
    """`create_api_key` for `days` days, or for good with None, telling the dealer's owners by e-mail."""
    expires_at = at + timedelta(days=days) if days else None
    with transaction.atomic():
        row, secret = create_api_key(dealer=dealer, name=name, by=by, expires_at=expires_at, scopes=scopes)
        about = {"dealer": dealer.name, "name": name, "prefix": row.prefix, "scopes": ", ".join(row.scope_names)}
        for email in owners_of(dealer).values_list("user__email", flat=True):
            send_letter("key_made", to=email, at=at, by=by.get_full_name() if by else "", **about)
    return row, secret


def issue_api_key_for(
    *, code: str, name: str, scopes: Collection[str], days: int | None, at: datetime
) -> tuple[ApiKey, str]:
    """`issue_api_key` for the dealer with this code, by whoever runs the server. NotFoundError without one."""
    dealer = visible_dealers().filter(code=code.upper()).first()
    if dealer is None:
        raise NotFoundError(f"There is no dealer with the code {code!r}.", code="dealer_not_found")
    return issue_api_key(dealer=dealer, name=name, scopes=scopes, days=days, at=at)


def owners_of(dealer: Dealer) -> QuerySet[Membership]:
    """Who manages people and keys at the dealer, and can sign in."""
    return Membership.objects.filter(dealer=dealer, role=Membership.Role.OWNER, user__is_active=True)


def revoke_api_key(*, dealer: Dealer, public_id: UUID, at: datetime) -> ApiKey:
    """Stop a key of this dealer at once. Revoking twice changes nothing. NotFoundError for another dealer's key."""
    key = ApiKey.objects.filter(dealer=dealer, public_id=public_id).first()
    if key is None:
        raise NotFoundError(_("This dealer has no such key."), code="key_not_found")
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=at)
    key.refresh_from_db()
    return key


def revoke_api_keys(keys: QuerySet[ApiKey], *, at: datetime) -> int:
    """Stop these keys at once, for admins; answers how many were still in use."""
    return keys.filter(revoked_at=None).update(revoked_at=at)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer gh_…`. `request.auth` is the ApiKey; the user stays anonymous."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        now = timezone.now()
        key = ApiKey.objects.select_related("dealer").filter(digest=_digest(secret.strip())).first()
        if key is None or key.revoked_at is not None or not key.dealer.is_active:
            raise exceptions.AuthenticationFailed("This key is not known, or was revoked.", code="key_not_valid")
        if key.expires_at is not None and key.expires_at <= now:
            raise exceptions.AuthenticationFailed("This key has expired. Create a new one.", code="key_expired")
        if key.last_used_at is None or now - key.last_used_at >= LAST_USE_EVERY:
            ApiKey.objects.filter(pk=key.pk, last_used_at=key.last_used_at).update(last_used_at=now)
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="GarageHub"'


class ScopeMissingError(exceptions.PermissionDenied):
    """The key is good, but not for this. The challenge is that of RFC 6750, section 3.1."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This key may not do that: it lacks the scope “{scope}”.", code="scope_missing")
        self.auth_header = f'Bearer realm="GarageHub", error="insufficient_scope", scope="{scope}"'


class IsGarage(BasePermission):
    """A garage's or dealer's key with the view's `required_scope`, or a signed-in member of one.

    Views name their scope (`required_scope = Scope.READ`); one that names none takes no keys at all.
    """

    message = "This is for garages and dealers: send a key, or sign in with an account that belongs to one."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, ApiKey):
            return dealer_for(request) is not None
        scope = getattr(view, "required_scope", None)
        if scope not in request.auth.scopes:
            raise ScopeMissingError(str(scope))
        return True
