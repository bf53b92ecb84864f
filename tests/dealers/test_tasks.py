"""The doors from Celery."""

import pytest
from django.conf import settings
from django.utils import timezone

from dealers import tasks
from dealers.models import Evidence, Probe, Status
from garagehub.celery import app
from tests.factories import dealer

pytestmark = pytest.mark.django_db


def test_the_beat_names_tasks_that_exist():
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values() if entry["task"].startswith("dealers.")}
    assert "dealers.tasks.recompute_statuses" in named
    assert named <= set(app.tasks)


def test_due_checks_run():
    row = Probe.objects.create(dealer=dealer(), system="warranty", url="http://127.0.0.1:1/", is_internal=True)
    tasks.run_due_probes()
    row.refresh_from_db()
    assert row.last_at is not None


def test_statuses_are_judged():
    here = dealer()
    Evidence.objects.create(
        dealer=here, system="warranty", kind="dealer", source="dealer", claim="down", observed_at=timezone.now()
    )
    tasks.recompute_statuses()
    assert Status.objects.get().state == "down"
