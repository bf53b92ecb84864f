"""Doors from Celery."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from garagehub.accounts import idempotency, limits
from garagehub.accounts.sessions import SessionStore


@shared_task
def sweep() -> None:
    """Delete sessions that have run out, counts nobody waits for, and replies nobody will ask for again."""
    SessionStore.clear_expired()
    limits.forget_old(at=timezone.now())
    idempotency.forget_old(at=timezone.now())
