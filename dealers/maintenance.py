"""Planned work and waves of restoration: told before, moved on while they happen, closed after."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from dealers.models import Dealer, Incident, Maintenance, MaintenanceQuerySet, MaintenanceUpdate, Make
from garagehub.lib.errors import DomainError

Stage = Maintenance.Stage

_BEGUN = "This has begun as planned."
_OVERDUE = "The planned time is over. We are checking that everything works."


@transaction.atomic
def plan(
    *,
    title: str,
    body: str,
    scheduled_for: datetime,
    scheduled_until: datetime,
    at: datetime,
    by: Any = None,
    make: Make | None = None,
    systems: Collection[str] = (),
    regions: Collection[int] = (),
    dealers: Collection[Dealer] = (),
    incident: Incident | None = None,
) -> Maintenance:
    """Tell people of planned work, or with `incident` of a wave in which its systems come back.

    An empty scope means all makes, systems, regions or dealers. Raises DomainError when it would end before it begins.
    """
    _check_times(scheduled_for, scheduled_until)
    planned = Maintenance.objects.create(
        title=title,
        make=make,
        systems=list(systems),
        regions=list(regions),
        incident=incident,
        scheduled_for=scheduled_for,
        scheduled_until=scheduled_until,
        created_at=at,
    )
    planned.dealers.set(dealers)
    MaintenanceUpdate.objects.create(maintenance=planned, stage=Stage.SCHEDULED, body=body, at=at, author=by)
    return planned


@transaction.atomic
def update(planned: Maintenance, *, stage: str, body: str, at: datetime, by: Any = None) -> MaintenanceUpdate:
    """Add an update, which moves the work to its stage."""
    held = Maintenance.objects.select_for_update(no_key=True).get(pk=planned.pk)
    held.stage = stage
    held.completed_at = (held.completed_at or at) if stage == Stage.COMPLETED else None
    held.save(update_fields=["stage", "completed_at", "updated_at"])
    planned.stage, planned.completed_at = held.stage, held.completed_at
    return MaintenanceUpdate.objects.create(maintenance=held, stage=stage, body=body, at=at, author=by)


@transaction.atomic
def move(
    planned: Maintenance, *, scheduled_for: datetime, scheduled_until: datetime, body: str, at: datetime, by: Any = None
) -> None:
    """Give the work another time, say so, and have calendars follow."""
    _check_times(scheduled_for, scheduled_until)
    planned.scheduled_for, planned.scheduled_until = scheduled_for, scheduled_until
    planned.save(update_fields=["scheduled_for", "scheduled_until", "updated_at"])
    bump_sequence([planned])
    update(planned, stage=planned.stage, body=body, at=at, by=by)


@transaction.atomic
def cancel(rows: Collection[Maintenance], *, at: datetime) -> int:
    """Call off what is not done yet; calendars strike it out. Answers how many."""
    open_ones = Maintenance.objects.current().filter(pk__in=[row.pk for row in rows])
    return int(open_ones.update(cancelled_at=at, updated_at=at, sequence=F("sequence") + 1))


def bump_sequence(rows: Collection[Maintenance]) -> None:
    """Something a calendar shows was changed: the next reader must take the new version (RFC 5545, SEQUENCE)."""
    Maintenance.objects.filter(pk__in=[row.pk for row in rows]).update(sequence=F("sequence") + 1)


def advance(*, at: datetime) -> int:
    """Begin what was to begin by now, and have checked what was to end by now; answers how many moved.

    Nothing is completed by the clock: that everything works again is for somebody to say.
    """
    current = Maintenance.objects.published().current()
    begun = [
        update(row, stage=Stage.IN_PROGRESS, body=_BEGUN, at=at)
        for row in current.filter(stage=Stage.SCHEDULED, scheduled_for__lte=at)
    ]
    over = [
        update(row, stage=Stage.VERIFYING, body=_OVERDUE, at=at)
        for row in current.filter(stage=Stage.IN_PROGRESS, scheduled_until__lte=at)
    ]
    return len(begun) + len(over)


def for_calendars(*, since: datetime) -> MaintenanceQuerySet:
    """What people may read and was not over by `since`, with what was called off, soonest first."""
    return Maintenance.objects.published().filter(scheduled_until__gte=since).with_updates().soonest_first()


def current() -> list[Maintenance]:
    """What is planned or going on, soonest first, with its updates."""
    return list(Maintenance.objects.published().current().soonest_first().with_updates())


def restorations(incident: Incident) -> list[Maintenance]:
    """The waves in which systems come back after the incident, soonest first, with those that are done."""
    waves = Maintenance.objects.published().not_cancelled().filter(incident=incident)
    return list(waves.soonest_first().with_updates())


def _check_times(scheduled_for: datetime, scheduled_until: datetime) -> None:
    if scheduled_until <= scheduled_for:
        raise DomainError(
            "The planned end has to be after the planned start.",
            code="ends_before_it_begins",
            fields={"scheduled_until": ["Enter a time after the planned start."]},
        )
