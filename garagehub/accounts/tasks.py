"""Doors from Celery."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from garagehub.accounts import limits
from garagehub.accounts.sessions import SessionStore


@shared_task
def sweep() -> None:
    """Delete sessions that have run out and counts nobody waits for."""
    SessionStore.clear_expired()
    limits.forget_old(at=timezone.now())
