"""The statuses of the past weeks, and what people were told meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from dealers import evidence
from dealers.models import (
    Dealer,
    Evidence,
    Incident,
    IncidentUpdate,
    Maintenance,
    MaintenanceUpdate,
    State,
    Status,
    StatusChange,
    System,
)
from garagehub.scenario.dealers import FRANCHISED, DemoDealer
from garagehub.scenario.incidents import WAVES_OF, incidents, waves
from garagehub.scenario.rows.places import checked_systems
from garagehub.scenario.timeline import Timeline

_KEPT = timedelta(days=90)
_CHECKED_EVERY = timedelta(minutes=2)
_REPEATS = 30
_BEGAN = "Automatic checks began"
_REASONS = {
    State.OPERATIONAL: "Automatic check: working",
    State.DEGRADED: "Automatic check: partly working",
    State.DOWN: "Automatic check: not working",
}


def write_history(places: Sequence[DemoDealer], dealers: dict[str, Dealer], *, timeline: Timeline, at: datetime) -> int:
    """Write the changes of status since 90 days ago, the statuses they led to and the last checks behind those.

    Answers how many changes. Nothing is written for places that have a history. The changes count as told, so that
    nobody is sent old news.
    """
    known = set(StatusChange.objects.filter(dealer__in=dealers.values()).values_list("dealer__code", flat=True))
    changes: list[StatusChange] = []
    statuses: list[Status] = []
    checks: list[evidence.Claim] = []
    for place in places:
        if place.code in known:
            continue
        for system in checked_systems(place):
            told = _changes(place, dealers[place.code], system, timeline=timeline, at=at)
            changes += told
            last = told[-1]
            statuses.append(
                Status(dealer=last.dealer, system=system, state=last.new, since=last.at, decided_at=last.at)
            )
            checks.append(_last_check(last, at=at))
    Status.objects.bulk_create(statuses, ignore_conflicts=True, batch_size=1_000)
    StatusChange.objects.bulk_create(changes, batch_size=1_000)
    evidence.record(checks)
    return len(changes)


def _last_check(last: StatusChange, *, at: datetime) -> evidence.Claim:
    """The check before this moment's: without it, a status nobody has checked yet would count as not known."""
    return evidence.Claim(
        dealer_id=last.dealer_id,
        system=last.system,
        kind=Evidence.Kind.PROBE,
        source="probe",
        claim=last.new,
        observed_at=at - _CHECKED_EVERY,
        repeats=_REPEATS,
    )


def _changes(
    place: DemoDealer, dealer: Dealer, system: System, *, timeline: Timeline, at: datetime
) -> list[StatusChange]:
    since = at - _KEPT
    old: str = State.UNKNOWN
    first = timeline.state(dealer_code=place.code, region=place.region, system=system, at=since)
    later = timeline.changes(dealer_code=place.code, region=place.region, system=system, since=since, until=at)
    rows = []
    for moment, new in [(since, first), *later]:
        reason = _BEGAN if old == State.UNKNOWN else _REASONS[State(new)]
        rows.append(
            StatusChange(dealer=dealer, system=system, old=old, new=new, reason=reason, at=moment, notified_at=moment)
        )
        old = new
    return rows


def write_incidents(
    places: Sequence[DemoDealer], dealers: dict[str, Dealer], *, started_at: datetime, at: datetime
) -> int:
    """Write the incidents as far as they have been told; answers how many of them are not over."""
    franchised = [dealers[place.code] for place in places if place.kind == FRANCHISED]
    unresolved = 0
    for told in incidents(started_at):
        updates = [update for update in told.updates if update.at <= at]
        if not updates:
            continue
        is_over = updates[-1].stage == Incident.Stage.RESOLVED
        incident, _ = Incident.objects.update_or_create(
            slug=told.slug,
            defaults={
                "title": told.title,
                "impact": told.impact,
                "stage": updates[-1].stage,
                "systems": list(told.systems),
                "regions": list(told.regions),
                "started_at": told.started_at,
                "resolved_at": updates[-1].at if is_over else None,
            },
        )
        if not told.regions:
            incident.dealers.set(franchised)
        known = set(incident.updates.values_list("at", flat=True))
        IncidentUpdate.objects.bulk_create(
            IncidentUpdate(incident=incident, stage=update.stage, body=update.body, at=update.at)
            for update in updates
            if update.at not in known
        )
        unresolved += not is_over
        if told.slug == WAVES_OF:
            _write_waves(incident, started_at=started_at, at=at)
    return unresolved


def _write_waves(incident: Incident, *, started_at: datetime, at: datetime) -> None:
    """Write the waves of restoration as far as they have been told. What the checks find of them, they find themselves."""
    for wave in waves(started_at):
        updates = [update for update in wave.updates if update.at <= at]
        if not updates:
            continue
        stage = updates[-1].stage
        planned, _ = Maintenance.objects.update_or_create(
            incident=incident,
            title=wave.title,
            defaults={
                "stage": stage,
                "systems": list(wave.systems),
                "regions": list(wave.regions),
                "scheduled_for": wave.begins_at,
                "scheduled_until": wave.done_at,
                "completed_at": updates[-1].at if stage == Maintenance.Stage.COMPLETED else None,
            },
        )
        known = set(planned.updates.values_list("at", flat=True))
        MaintenanceUpdate.objects.bulk_create(
            MaintenanceUpdate(maintenance=planned, stage=update.stage, body=update.body, at=update.at)
            for update in updates
            if update.at not in known
        )
