"""Who may see and do what at a dealer. Pages and API ask here; strangers get 404."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from dealers.models import ApiKey, Dealer

KEY_PREFIX = "gh_"


def create_api_key(
    *, dealer: Dealer, name: str, by: Any = None, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A new key for the dealer: the row, and the secret, which is shown this once and stored nowhere."""
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        dealer=dealer, name=name, prefix=secret[:9], digest=_digest(secret), created_by=by, expires_at=expires_at
    )
    return row, secret


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
        if key.last_used_at is None or now - key.last_used_at > timedelta(minutes=5):
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="GarageHub"'
