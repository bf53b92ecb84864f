"""Planned work and waves of restoration: told before, moved on while they happen, closed after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from dealers import evidence
from dealers.access import visible_dealers
from dealers.models import (
    Dealer,
    Incident,
    Maintenance,
    MaintenanceQuerySet,
    MaintenanceUpdate,
    Make,
    Notice,
    State,
    Status,
    System,
)
from garagehub.lib.errors import DomainError

Stage = Maintenance.Stage

_BEGUN = "This has begun as planned."
_DONE = "This is done. Everything it concerned works again."
_OVERDUE = "The planned time is over. We are checking that everything works."
_CALLED_OFF = "This has been called off."
_ANNOUNCED = "This is planned."
_MOVED = "The planned time has changed."
_SCOPE_CHANGED = "What this concerns has changed."
_SCHEDULE, _SCOPE = {"scheduled_for", "scheduled_until"}, {"make", "systems", "regions", "dealers", "incident"}


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
    """Add an update, which moves the work to its stage.

    A wave of restoration that is done is the manufacturer's word that its systems work again where it was planned: a
    notice, weighed like any other. One that is opened again takes the word back.
    """
    held = Maintenance.objects.select_for_update(no_key=True).get(pk=planned.pk)
    held.stage = stage
    held.completed_at = (held.completed_at or at) if stage == Stage.COMPLETED else None
    held.save(update_fields=["stage", "completed_at", "updated_at"])
    planned.stage, planned.completed_at = held.stage, held.completed_at
    if held.incident_id is not None:
        _say_restored(held, at=at)
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
def complete(rows: Collection[Maintenance], *, at: datetime, by: Any = None) -> int:
    """Close what is not done yet with a standard last word; answers how many."""
    open_ones = list(Maintenance.objects.current().filter(pk__in=[row.pk for row in rows]))
    for row in open_ones:
        update(row, stage=Stage.COMPLETED, body=_DONE, at=at, by=by)
    return len(open_ones)


@transaction.atomic
def cancel(rows: Collection[Maintenance], *, at: datetime, by: Any = None) -> int:
    """Call off what is not done yet with a standard last word; calendars strike it out. Answers how many."""
    open_ones = list(
        Maintenance.objects.current().filter(pk__in=[row.pk for row in rows]).select_for_update(no_key=True)
    )
    Maintenance.objects.filter(pk__in=[row.pk for row in open_ones]).update(
        cancelled_at=at, updated_at=at, sequence=F("sequence") + 1
    )
    MaintenanceUpdate.objects.bulk_create(
        MaintenanceUpdate(maintenance=row, stage=row.stage, body=_CALLED_OFF, at=at, author=by) for row in open_ones
    )
    return len(open_ones)


def say_changed(planned: Maintenance, *, fields: Collection[str], at: datetime, by: Any = None) -> None:
    """Add a standard update about fields that were edited, as far as readers have to know; the first one announces."""
    if planned.completed_at is not None or planned.cancelled_at is not None:
        return
    if not planned.updates.exists():
        body = _ANNOUNCED
    else:
        said = ((_SCHEDULE, _MOVED), (_SCOPE, _SCOPE_CHANGED))
        body = " ".join(text for names, text in said if names.intersection(fields))
    if body:
        update(planned, stage=planned.stage, body=body, at=at, by=by)


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


@dataclass(frozen=True, slots=True)
class Wave:
    """A wave of restoration and how far it is: of `dealers` in its scope, at `working` all its systems work or partly do."""

    work: Maintenance
    dealers: int
    working: int

    @property
    def is_done(self) -> bool:
        """Whether somebody said that it is over."""
        return self.work.completed_at is not None

    @property
    def share(self) -> int:
        """Percent of its dealers where it has arrived, by what we know."""
        return 100 * self.working // self.dealers if self.dealers else 0


def waves(incident: Incident) -> list[Wave]:
    """The incident's waves, soonest first, held against what we know of their dealers. As many queries for many waves."""
    planned = restorations(incident)
    if not planned:
        return []
    places = list(visible_dealers().prefetch_related("makes"))
    up: dict[int, set[str]] = defaultdict(set)
    works = Status.objects.filter(state__in=[State.OPERATIONAL, State.DEGRADED])
    for dealer_id, system in works.values_list("dealer_id", "system"):
        up[dealer_id].add(system)
    of_incident = set(incident.dealers.values_list("pk", flat=True))
    found = []
    for work in planned:
        wanted = set(work.systems or incident.systems or System.values)
        named = {dealer.pk for dealer in work.dealers.all()} or of_incident
        make_id = work.make_id or incident.make_id
        concerned = [
            place.pk
            for place in places
            if (not named or place.pk in named)
            and (not work.regions or place.region in work.regions)
            and (make_id is None or any(make.pk == make_id for make in place.makes.all()))
        ]
        found.append(Wave(work, len(concerned), sum(wanted <= up[pk] for pk in concerned)))
    return found


def _say_restored(wave: Maintenance, *, at: datetime) -> None:
    """Keep the notices of a wave in line with whether it is done, and judge again."""
    said = Notice.objects.filter(wave=wave, withdrawn_at=None)
    if wave.completed_at is None:
        if said.exists():
            evidence.withdraw(said, at=at)
        return
    if said.exists():
        return
    assert wave.incident is not None, "only a wave of an incident restores"
    named = list(wave.dealers.all()) or list(wave.incident.dealers.all())
    make_id = wave.make_id or wave.incident.make_id
    served = Make.objects.filter(dealers__in=named) if named else Make.objects.filter(dealers__is_active=True)
    makes = Make.objects.filter(pk=make_id) if make_id else served.distinct()
    for make in makes:
        notice = Notice.objects.create(
            make=make,
            systems=wave.systems or wave.incident.systems,
            regions=wave.regions,
            wave=wave,
            claim=State.OPERATIONAL,
            text=f"Restored: {wave.title}",
            published_at=at,
        )
        notice.dealers.set(named)
    evidence.recompute(at=at, systems=wave.systems or wave.incident.systems or System.values)


def _check_times(scheduled_for: datetime, scheduled_until: datetime) -> None:
    if scheduled_until <= scheduled_for:
        raise DomainError(
            "The planned end has to be after the planned start.",
            code="ends_before_it_begins",
            fields={"scheduled_until": ["Enter a time after the planned start."]},
        )
