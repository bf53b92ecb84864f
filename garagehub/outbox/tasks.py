"""Doors from Celery: each makes one call. Every one may run twice, at once or after a kill, and do no harm."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from garagehub.outbox import delivery, retention


@shared_task
def deliver_mail() -> None:
    """Send the e-mails that are due."""
    delivery.deliver_mail(at=timezone.now())


@shared_task
def deliver_webhooks() -> None:
    """Post the webhooks that are due."""
    delivery.deliver_webhooks(at=timezone.now())


@shared_task
def sweep() -> None:
    """Delete what is no longer needed."""
    retention.sweep(at=timezone.now())
