"""Incidents: what people are told of an outage, and each update on it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from dealers.models import Dealer, Incident, IncidentQuerySet, IncidentUpdate, Make, UpdateTemplate
from garagehub.lib.errors import DomainError, NotFoundError


@transaction.atomic
def start(
    *,
    title: str,
    body: str,
    at: datetime,
    by: Any = None,
    make: Make | None = None,
    systems: Collection[str] = (),
    regions: Collection[int] = (),
    dealers: Collection[Dealer] = (),
    impact: str = Incident.Impact.MAJOR,
    stage: str = Incident.Stage.INVESTIGATING,
    is_published: bool = True,
) -> Incident:
    """Open an incident with its first update. An empty scope means all makes, systems, regions or dealers."""
    if stage == Incident.Stage.RESOLVED:
        raise DomainError("An incident starts unresolved.", code="starts_resolved")
    incident = Incident.objects.create(
        slug=_free_slug(title, at),
        title=title,
        stage=stage,
        impact=impact,
        make=make,
        systems=list(systems),
        regions=list(regions),
        started_at=at,
        is_published=is_published,
    )
    incident.dealers.set(dealers)
    IncidentUpdate.objects.create(incident=incident, stage=stage, body=body, at=at, author=by)
    return incident


@transaction.atomic
def update(incident: Incident, *, stage: str, body: str, at: datetime, by: Any = None) -> IncidentUpdate:
    """Add an update, which moves the incident to its stage. After `resolved`, an earlier stage opens it again."""
    held = Incident.objects.select_for_update(no_key=True).get(pk=incident.pk)
    held.stage = stage
    held.resolved_at = (held.resolved_at or at) if stage == Incident.Stage.RESOLVED else None
    held.save(update_fields=["stage", "resolved_at", "updated_at"])
    incident.stage, incident.resolved_at = held.stage, held.resolved_at
    return IncidentUpdate.objects.create(incident=held, stage=stage, body=body, at=at, author=by)


def resolve(incident: Incident, *, body: str, at: datetime, by: Any = None) -> IncidentUpdate:
    """Close the incident with a last word."""
    return update(incident, stage=Incident.Stage.RESOLVED, body=body, at=at, by=by)


@transaction.atomic
def resolve_all(rows: Collection[Incident], *, at: datetime, by: Any = None) -> int:
    """Close those that are still going on with a standard last word; answers how many."""
    open_ones = [row for row in rows if row.resolved_at is None]
    for row in open_ones:
        resolve(row, body="This is over. Everything works as usual again.", at=at, by=by)
    return len(open_ones)


def fill(template: UpdateTemplate, *, incident: Incident) -> str:
    """The template's text with the names of what the incident concerns."""
    words = {
        "{systems}": ", ".join(incident.system_names).lower() or "every system",
        "{make}": incident.make.name.title() if incident.make else "every make",
        "{regions}": ", ".join(incident.region_names) or "the whole United Kingdom",
    }
    text = template.body
    for name, said in words.items():
        text = text.replace(name, said)
    return text


def publish(incidents: Collection[Incident]) -> int:
    """Show drafts to everyone; answers how many were not shown before."""
    return Incident.objects.filter(pk__in=[row.pk for row in incidents], is_published=False).update(is_published=True)


def published(*, only_unresolved: bool = False) -> IncidentQuerySet:
    """What people may read, with updates; not ordered, so that a page can be cut from it."""
    found = Incident.objects.published().with_updates()
    return found.unresolved() if only_unresolved else found


def current() -> list[Incident]:
    """The published incidents that are not over, newest first, with their updates."""
    return list(Incident.objects.published().unresolved().newest_first().with_updates())


def touching(dealer: Dealer) -> list[Incident]:
    """The current incidents whose scope holds the dealer, newest first."""
    return list(Incident.objects.published().unresolved().touching(dealer).newest_first())


def get(slug: str) -> Incident:
    """The published incident with this slug, with its updates; NotFoundError for drafts and for none."""
    incident = Incident.objects.published().with_updates().filter(slug=slug).first()
    if incident is None:
        raise NotFoundError("There is no such incident.", code="incident_not_found")
    return incident


def _free_slug(title: str, at: datetime) -> str:
    """`parts-ordering-down-2025-09-01`, and `…-2` where that is taken."""
    base = f"{slugify(title)[:60] or 'incident'}-{at:%Y-%m-%d}"
    taken = set(Incident.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    number, slug = 2, base
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug
