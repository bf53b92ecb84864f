"""The Celery app. Settings are Django's, prefixed `CELERY_`; tasks live in `dealers/tasks.py` and `parts/tasks.py`."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "garagehub.settings")

app = Celery("garagehub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
