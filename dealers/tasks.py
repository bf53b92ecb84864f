"""Doors from Celery: each makes one domain call."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from dealers import evidence, maintenance, probes, reports, suggestions, team
from dealers.notices import telling, webhooks


@shared_task
def run_due_probes() -> None:
    """Run the automatic checks that are due."""
    probes.run_due(at=timezone.now())


@shared_task
def judge_reports() -> None:
    """Judge the reports that came in lists, as far as that has not been done."""
    reports.judge_lists(at=timezone.now())


@shared_task
def recompute_statuses() -> None:
    """Judge everything again, as evidence fades by itself, and delete what is too old."""
    evidence.refresh(at=timezone.now())


@shared_task
def suggest_incidents() -> None:
    """Draft incidents for what has just gone down at most dealers of a make."""
    suggestions.suggest(at=timezone.now())


@shared_task
def advance_maintenance() -> None:
    """Begin planned work that is due, and have checked what should be done by now."""
    maintenance.advance(at=timezone.now())


@shared_task
def tell() -> None:
    """Write to subscribers and webhooks about what changed."""
    telling.tell(at=timezone.now())


@shared_task
def tell_webhook_owners() -> None:
    """Write to owners of webhooks that had to be turned off."""
    webhooks.tell_owners(at=timezone.now())


@shared_task
def forget_readers() -> None:
    """Delete addresses of those who never confirmed, and of webhooks that nobody has any more."""
    telling.forget(at=timezone.now())


@shared_task
def tidy_invitations() -> None:
    """Forget whom nobody waits for any more."""
    team.forget_old(at=timezone.now())
