"""Hold what is stored against what a full decision would store."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from garagehub.lib.lock import LockKind, wait_for_lock
from parts.blocking import layers
from parts.blocking.models import EngineClock
from parts.marks.models import Dirty


def verify(*, at: datetime) -> dict[str, int]:
    """Count the rows of each layer that a full decision would write, as of the last run; nothing is changed.

    Every layer is compared whole, given the layers below as they are stored: all are right when no layer differs.
    `pending` counts marks that no run has taken yet; their changes are rightly missing. Before the first run, `at`
    stands for its time.
    """
    with transaction.atomic():
        wait_for_lock(LockKind.DECISION)
        clock = EngineClock.objects.first()
        now = clock.now if clock else at
        with layers.scratch(now=now, last=now) as run:
            found = {layer.name: run.compare(layer, whole=True) for layer in layers.LAYERS}
        return {"differences": sum(found.values()), **found, "pending": Dirty.objects.count()}
