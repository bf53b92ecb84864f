"""Who may ask what of parts and vehicles. Garages have a key or an account at a dealer; owners need neither."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from dealers.models import ApiKey, Dealer, Membership


def garage_of(request: Any) -> Dealer | None:
    """The dealer or garage the caller acts for: its key's, or the first one the person belongs to."""
    key = getattr(request, "auth", None)
    if isinstance(key, ApiKey):
        return key.dealer
    if not request.user.is_authenticated:
        return None
    membership = (
        Membership.objects.filter(user=request.user, dealer__is_active=True)
        .select_related("dealer")
        .order_by("pk")
        .first()
    )
    return membership.dealer if membership else None


class IsGarage(BasePermission):
    """A garage's key, or a signed-in member of one."""

    message = "This is for garages: send a key, or sign in with an account that belongs to one."

    def has_permission(self, request: Request, view: Any) -> bool:
        return garage_of(request) is not None
