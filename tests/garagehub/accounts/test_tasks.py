"""The door from Celery."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from garagehub.accounts import tasks
from garagehub.accounts.limits import Limit, take_turn
from garagehub.accounts.models import Session, TryCount
from garagehub.accounts.sessions import SessionStore
from garagehub.celery import app

pytestmark = pytest.mark.django_db


def test_the_beat_sweeps():
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert "garagehub.accounts.tasks.sweep" in named & set(app.tasks)


def test_the_sweep_leaves_what_still_counts():
    for _ in range(2):
        SessionStore().create()
    Session.objects.filter(pk=Session.objects.first().pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    take_turn(Limit("test", 1, timedelta(minutes=1)), "old", at=timezone.now() - timedelta(minutes=2))
    take_turn(Limit("test", 1, timedelta(minutes=1)), "new", at=timezone.now())
    tasks.sweep()

    assert Session.objects.count() == 1
    assert TryCount.objects.count() == 1
