"""Planned work and waves of restoration: which of their updates are news, and what happened in a word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as lazy

from dealers.models import Maintenance, MaintenanceUpdate
from dealers.notices.audience import Scope, scope_of

MOST_UPDATES = 500  # in one transaction; the next run goes on

Stage = Maintenance.Stage


class Change(models.TextChoices):
    """What happened to planned work."""

    ANNOUNCED = "announced", lazy("Planned")
    CHANGED = "changed", lazy("Changed")
    BEGUN = "begun", lazy("Begun")
    CHECKING = "checking", lazy("Being checked")
    COMPLETED = "completed", lazy("Done")
    CANCELLED = "cancelled", lazy("Called off")


_BY_STAGE = {
    Stage.SCHEDULED: Change.CHANGED,
    Stage.IN_PROGRESS: Change.BEGUN,
    Stage.VERIFYING: Change.CHECKING,
    Stage.COMPLETED: Change.COMPLETED,
}


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be told of one work: what happened in a word, and the updates that nobody was told of, newest first."""

    work: Maintenance
    scope: Scope
    change: Change
    updates: Sequence[MaintenanceUpdate]

    @property
    def at(self) -> datetime:
        """When the last of it happened."""
        return self.updates[0].at


@dataclass(frozen=True, slots=True)
class Untold:
    """The steps to tell of, soonest work first, and the updates that are dealt with, told or not."""

    steps: Sequence[Step]
    settled: Sequence[int]


def gather(*, at: datetime) -> Untold:
    """What nobody was told of, of all that people may read. What was called off before anybody heard of it is no news."""
    rows = (
        MaintenanceUpdate.objects.filter(notified_at=None, maintenance__is_published=True, at__lte=at)
        .select_related("maintenance__make", "maintenance__incident__make")
        .prefetch_related("maintenance__dealers", "maintenance__incident__dealers")
        .order_by("at", "pk")[:MOST_UPDATES]
    )
    fresh: dict[Maintenance, list[MaintenanceUpdate]] = defaultdict(list)
    for row in rows:
        fresh[row.maintenance].insert(0, row)
    heard = _last_heard([work.pk for work in fresh])
    steps = [
        Step(work, scope_of(work), change, updates)
        for work, updates in fresh.items()
        if (change := _change(work, updates[0], heard.get(work.pk)))
    ]
    steps.sort(key=lambda step: (step.work.scheduled_for, step.work.pk))
    return Untold(steps, [update.pk for updates in fresh.values() for update in updates])


def _last_heard(work_ids: Sequence[int]) -> dict[int, str]:
    """The stage of each that people last heard of."""
    told = MaintenanceUpdate.objects.filter(maintenance__in=work_ids, notified_at__isnull=False)
    return dict(told.order_by("at", "pk").values_list("maintenance_id", "stage"))


def _change(work: Maintenance, last: MaintenanceUpdate, heard: str | None) -> Change | None:
    if work.cancelled_at is not None:
        return Change.CANCELLED if heard else None
    if last.stage == heard:
        return Change.CHANGED
    if heard is None and last.stage == Stage.SCHEDULED:
        return Change.ANNOUNCED
    return _BY_STAGE[Stage(last.stage)]
