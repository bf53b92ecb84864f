"""Incidents: what people are told of an outage, and each update on it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.text import slugify

from dealers.course import Course, course
from dealers.models import (
    Dealer,
    Incident,
    IncidentQuerySet,
    IncidentUpdate,
    Make,
    State,
    Status,
    System,
    UpdateTemplate,
)
from garagehub.lib.errors import DomainError, NotFoundError

MOST_LISTED = 20
_RESTORED = "This looks restored at most dealers we hear from: {systems}. Still not working: {counts}. "
_WATCHED = "We are watching whether it stays so."
_FOR_GOOD = "We consider this over."


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
    if stage in Incident.OVER:
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
    """Add an update, which moves the incident to its stage. After `resolved`, an earlier stage opens it again.

    A post-mortem comes after the end: DomainError before. A later one stands in for the first.
    """
    held = Incident.objects.select_for_update(no_key=True).get(pk=incident.pk)
    check_stage(held, stage)
    held.stage = stage
    held.resolved_at = (held.resolved_at or at) if stage in Incident.OVER else None
    held.save(update_fields=["stage", "resolved_at", "updated_at"])
    incident.stage, incident.resolved_at = held.stage, held.resolved_at
    return IncidentUpdate.objects.create(incident=held, stage=stage, body=body, at=at, author=by)


def check_stage(incident: Incident, stage: str) -> None:
    """Raise DomainError where the incident cannot move to this stage."""
    if stage == Incident.Stage.POSTMORTEM and incident.resolved_at is None:
        text = "A post-mortem is for what is over. Resolve the incident first."
        raise DomainError(text, code="not_resolved", fields={"stage": [text]})


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
    """The template's text with the names of what the incident concerns, and how it stands now."""
    words = {
        "{systems}": ", ".join(incident.system_names).lower() or "every system",
        "{make}": incident.make.name.title() if incident.make else "every make",
        "{regions}": ", ".join(incident.region_names) or "the whole United Kingdom",
        "{began}": f"{timezone.localtime(incident.started_at):%-d %B, %H:%M}",
    }
    text = template.body
    if "{counts}" in text:
        words["{counts}"] = _counts(incident)
    for name, said in words.items():
        text = text.replace(name, said)
    return text


def restored(incident: Incident, *, for_good: bool = False) -> str:
    """A draft of what to say when most of what it concerns works again: that we watch it, or that it is over."""
    body = _RESTORED + (_FOR_GOOD if for_good else _WATCHED)
    return fill(UpdateTemplate(body=body), incident=incident)


def _counts(incident: Incident) -> str:
    """At how many of the dealers in scope something it concerns is down: `41 of 60 dealers`."""
    concerned = incident.concerned()
    said = Status.objects.filter(dealer=OuterRef("pk"), state=State.DOWN)
    down = concerned.filter(Exists(said.filter(system__in=incident.systems) if incident.systems else said))
    return f"{down.count()} of {concerned.count()} dealers"


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


def about(make: Make) -> list[Incident]:
    """The newest published incidents of this make, or of every make, those going on first."""
    found = Incident.objects.published().filter(Q(make=None) | Q(make=make))
    return list(found.order_by(F("resolved_at").desc(nulls_first=True), "-started_at")[:MOST_LISTED])


def postmortem(incident: Incident) -> IncidentUpdate | None:
    """What is said of the incident afterwards: the last post-mortem, if it has one and is still over."""
    found = [update for update in incident.updates.all() if update.stage == Incident.Stage.POSTMORTEM]
    return max(found, key=lambda update: (update.at, update.pk)) if found and incident.resolved_at else None


def course_of(incident: Incident, *, at: datetime) -> Course:
    """How the systems concerned were at the dealers concerned, from a little before it began to a little after its end."""
    end = incident.resolved_at or at
    margin = max((end - incident.started_at) / 10, timedelta(hours=2))
    dealer_ids = list(incident.concerned().values_list("pk", flat=True))
    systems = [system for system in System.values if not incident.systems or system in incident.systems]
    until = max(min(end + margin, at), incident.started_at)
    return course(dealer_ids, systems=systems, since=incident.started_at - margin, until=until)


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
