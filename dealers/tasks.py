"""Doors from Celery: each makes one domain call."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from dealers import evidence, probes


@shared_task
def run_due_probes() -> None:
    """Run the automatic checks that are due."""
    probes.run_due(at=timezone.now())


@shared_task
def recompute_statuses() -> None:
    """Judge everything again, as evidence fades by itself, and delete what is too old."""
    evidence.refresh(at=timezone.now())
