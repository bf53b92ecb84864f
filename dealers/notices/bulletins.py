"""Tells of what people wrote: updates of incidents, planned work, and waves of restoration.

Each update carries its own mark, set in the transaction that writes the messages. What came together is told together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from django.conf import settings

from dealers.models import Event, Incident, IncidentUpdate, MaintenanceUpdate
from dealers.notices import audience, letters, plans
from dealers.notices.payloads import (
    MOST_WORKS,
    IncidentData,
    MaintenanceChangedData,
    PlannedWork,
    RestorationChangedData,
    Wave,
)
from dealers.notices.plans import Step
from garagehub.outbox.mail import queue_emails

MOST_UPDATES = 20  # of incidents in one transaction; the next run goes on


def tell_incidents(*, at: datetime) -> int:
    """Of each published incident's updates nobody was told of, oldest first, one message a reader."""
    untold = (
        IncidentUpdate.objects.filter(notified_at=None, incident__is_published=True, at__lte=at)
        .select_related("incident__make")
        .prefetch_related("incident__dealers")
        .order_by("at", "pk")
    )
    updates: dict[int, list[IncidentUpdate]] = defaultdict(list)
    for update in untold[:MOST_UPDATES]:
        updates[update.incident_id].append(update)
    written = 0
    for fresh in updates.values():
        incident = fresh[0].incident
        is_new = not IncidentUpdate.objects.filter(incident=incident, notified_at__isnull=False).exists()
        event = Event.INCIDENT_PUBLISHED if is_new else Event.INCIDENT_UPDATED
        written += _write_incident(incident, fresh, event, at=at) + _post_incident(incident, fresh, event)
        IncidentUpdate.objects.filter(pk__in=[update.pk for update in fresh]).update(notified_at=at)
    return written


def _write_incident(incident: Incident, fresh: list[IncidentUpdate], event: Event, *, at: datetime) -> int:
    scope = audience.scope_of(incident)
    written = [
        letters.about_incident(incident, fresh, reader)
        for reader, asked in audience.readers().items()
        if audience.concerns(asked, scope)
    ]
    queue_emails(written, kind=event, at=at)
    return len(written)


def _post_incident(incident: Incident, fresh: list[IncidentUpdate], event: Event) -> int:
    scope = audience.scope_of(incident)
    data: IncidentData = {
        "incident": incident.slug,
        "title": incident.title,
        "stage": fresh[-1].stage,
        "impact": incident.impact,
        "make": incident.make.slug if incident.make else None,
        "systems": incident.systems,
    }
    return sum(
        audience.post(webhook, event, data, at=fresh[-1].at)
        for webhook in audience.webhooks()
        if audience.wants(webhook, event, scope)
    )


def tell_planned(*, at: datetime) -> int:
    """Of planned work and of waves of restoration: all that happened in one message a reader, and a few a webhook."""
    untold = plans.gather(at=at)
    waves = [step for step in untold.steps if step.work.incident_id]
    others = [step for step in untold.steps if not step.work.incident_id]
    written = 0
    for event, steps in ((Event.RESTORATION_CHANGED, waves), (Event.MAINTENANCE_CHANGED, others)):
        if steps:
            written += _write_planned(steps, event, at=at) + _post_planned(steps, event)
    MaintenanceUpdate.objects.filter(pk__in=untold.settled).update(notified_at=at)
    return written


def _write_planned(steps: Sequence[Step], event: Event, *, at: datetime) -> int:
    written = [
        letters.about_planned(own, reader)
        for reader, asked in audience.readers().items()
        if (own := [step for step in steps if audience.concerns(asked, step.scope)])
    ]
    queue_emails(written, kind=event, at=at)
    return len(written)


def _post_planned(steps: Sequence[Step], event: Event) -> int:
    written = 0
    for webhook in audience.webhooks():
        own = [step for step in steps if audience.wants(webhook, event, step.scope)]
        for lot in _lots(own):
            written += audience.post(webhook, event, _planned_data(lot, event), at=max(step.at for step in lot))
    return written


def _lots(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    for start in range(0, len(steps), MOST_WORKS):
        yield steps[start : start + MOST_WORKS]


def _planned_data(steps: Sequence[Step], event: Event) -> MaintenanceChangedData | RestorationChangedData:
    if event == Event.RESTORATION_CHANGED:
        return {"waves": [_wave(step) for step in steps]}
    return {"works": [_work(step) for step in steps]}


def _wave(step: Step) -> Wave:
    assert step.work.incident is not None, "a wave has its incident"
    return {**_work(step), "incident": step.work.incident.slug}


def _work(step: Step) -> PlannedWork:
    work, scope = step.work, step.scope
    return {
        "id": str(work.public_id),
        "change": step.change.value,
        "stage": work.stage,
        "title": work.title,
        "scheduled_for": _time(work.scheduled_for),
        "scheduled_until": _time(work.scheduled_until),
        "make": scope.make.slug if scope.make else None,
        "systems": list(scope.systems),
        "regions": scope.region_slugs,
        "link": f"{settings.SITE_URL}{work.get_absolute_url()}",
    }


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
