"""Statuspage's Status API v2: its objects with exactly its members, and the eight documents made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import Prefetch

from dealers import incidents
from dealers.models import (
    Incident,
    IncidentQuerySet,
    IncidentUpdate,
    Maintenance,
    MaintenanceQuerySet,
    MaintenanceUpdate,
)
from dealers.statuspage.components import (
    Component,
    Page,
    dealer_page,
    service_page,
    system_page,
    touches,
    under_maintenance,
)
from dealers.statuspage.words import identifier, overall, timestamp

Json = dict[str, Any]
Named = dict[int, frozenset[int]]
_Found = TypeVar("_Found", IncidentQuerySet, MaintenanceQuerySet)

MOST_RECENT = 50
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)  # when these pages began: the age of what has no other
_FEW = 100  # components; past that, a group whose every child is concerned stands for them


def document(name: str, *, dealer: str | None = None, system: str | None = None) -> Json:
    """The document `name` (a key of `DOCUMENTS`) of the whole service, or of the dealer or system with this slug.

    Raises NotFoundError where there is no such dealer or system.
    """
    page = _find(dealer, system)
    works = list(_in_scope(_maintenances(), page).current())
    named = _named(works)
    return DOCUMENTS[name](under_maintenance(page, [(work, named[work.pk]) for work in works]))


def _find(dealer: str | None, system: str | None) -> Page:
    if dealer is not None:
        return dealer_page(dealer)
    return service_page() if system is None else system_page(system)


def _summary(page: Page) -> Json:
    current = _in_scope(_maintenances().current(), page)
    return _status(page) | _components(page) | _unresolved(page) | {"scheduled_maintenances": _works(page, current)}


def _status(page: Page) -> Json:
    words = [component.word for component in page.leaves]
    unknown = sum(not component.is_known for component in page.leaves)
    impacts = [] if words else [incident.impact for incident in incidents.current()]
    is_service = page.dealer is None and page.system is None
    said = overall(words, unknown=unknown, impacts=impacts, of_roll_ups=is_service)
    return {"page": _page(page), "status": said}


def _components(page: Page) -> Json:
    shown = [_component(page, component, place) for place, component in enumerate(page.components, start=1)]
    return {"page": _page(page), "components": shown}


def _all_incidents(page: Page) -> Json:
    found = _in_scope(Incident.objects.published().newest_first(), page)[:MOST_RECENT]
    return {"page": _page(page), "incidents": _incidents(page, found)}


def _unresolved(page: Page) -> Json:
    found = _in_scope(Incident.objects.published().unresolved().newest_first(), page)
    return {"page": _page(page), "incidents": _incidents(page, found)}


def _scheduled(*stages: str) -> Callable[[Page], Json]:
    def build(page: Page) -> Json:
        found = _in_scope(_maintenances().filter(stage__in=stages), page)[:MOST_RECENT]
        return {"page": _page(page), "scheduled_maintenances": _works(page, found)}

    return build


_Stage = Maintenance.Stage
DOCUMENTS: dict[str, Callable[[Page], Json]] = {
    "summary": _summary,
    "status": _status,
    "components": _components,
    "incidents": _all_incidents,
    "incidents/unresolved": _unresolved,
    "scheduled-maintenances": _scheduled(*_Stage.values),
    "scheduled-maintenances/upcoming": _scheduled(_Stage.SCHEDULED),
    "scheduled-maintenances/active": _scheduled(_Stage.IN_PROGRESS, _Stage.VERIFYING),
}


def _maintenances() -> MaintenanceQuerySet:
    found = Maintenance.objects.published().not_cancelled().select_related("incident")
    return found.order_by("-scheduled_for", "-pk")


def _in_scope(found: _Found, page: Page) -> _Found:
    """Those that concern the page. The service's own has them all."""
    if page.dealer is not None:
        return found.touching(page.dealer)
    return found.about(page.system) if page.system else found


def _named(rows: Sequence[Incident] | Sequence[Maintenance]) -> Named:
    """The dealers each row names; one query, without loading a dealer."""
    named: dict[int, set[int]] = {row.pk: set() for row in rows}
    if rows:
        field = type(rows[0]).dealers.field.m2m_field_name()
        links = type(rows[0]).dealers.through.objects.filter(**{f"{field}__in": list(named)})
        for pk, dealer_id in links.values_list(f"{field}_id", "dealer_id"):
            named[pk].add(dealer_id)
    return {pk: frozenset(dealers) for pk, dealers in named.items()}


def _absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def _page(page: Page) -> Json:
    return {
        "id": page.id,
        "name": page.name,
        "url": _absolute(page.path),
        "time_zone": "Europe/London",
        "updated_at": timestamp(max((c.since for c in page.components if c.since), default=BEGAN)),
    }


def _component(page: Page, component: Component, position: int) -> Json:
    shown = {
        "id": component.id,
        "name": component.name,
        "status": component.word,
        "created_at": timestamp(BEGAN),
        "updated_at": timestamp(component.since or BEGAN),
        "position": position,
        "description": component.description,
        "showcase": False,
        "start_date": None,
        "group_id": component.group_id,
        "page_id": page.id,
        "group": bool(component.children),
        "only_show_if_degraded": False,
    }
    return shown | ({"components": list(component.children)} if component.children else {})


def _concerned(page: Page, row: Incident | Maintenance, named: frozenset[int]) -> list[Json]:
    """The components that an incident or work concerns, as they are on the page."""
    ids = {leaf.id for leaf in page.leaves if touches(row, named, leaf)}
    if len(ids) > _FEW:
        for group in page.components:
            if group.children and ids.issuperset(group.children):
                ids = ids.difference(group.children) | {group.id}
    places = enumerate(page.components, start=1)
    return [_component(page, component, position) for position, component in places if component.id in ids]


def _incidents(page: Page, found: IncidentQuerySet) -> list[Json]:
    rows = list(found.prefetch_related(Prefetch("updates", IncidentUpdate.objects.order_by("-at", "-pk"))))
    named = _named(rows)
    return [_incident(page, row, named[row.pk]) for row in rows]


def _incident(page: Page, row: Incident, named: frozenset[int]) -> Json:
    updates = list(row.updates.all())
    own_id = identifier("incident", row.pk)
    monitored = [update.at for update in updates if update.stage == Incident.Stage.MONITORING]
    return {
        "id": own_id,
        "name": row.title,
        "status": row.stage,
        "created_at": timestamp(row.created_at),
        "updated_at": timestamp(row.updated_at),
        "monitoring_at": timestamp(monitored[-1]) if monitored else None,
        "resolved_at": timestamp(row.resolved_at) if row.resolved_at else None,
        "impact": row.impact,
        "shortlink": _absolute(row.get_absolute_url()),
        "started_at": timestamp(row.started_at),
        "page_id": page.id,
        "incident_updates": [_update(own_id, "update", update) for update in updates],
        "components": _concerned(page, row, named),
    }


def _works(page: Page, found: MaintenanceQuerySet) -> list[Json]:
    rows = list(found.prefetch_related(Prefetch("updates", MaintenanceUpdate.objects.order_by("-at", "-pk"))))
    named = _named(rows)
    return [_work(page, row, named[row.pk]) for row in rows]


def _work(page: Page, row: Maintenance, named: frozenset[int]) -> Json:
    own_id = identifier("maintenance", row.pk)
    return {
        "id": own_id,
        "name": row.title,
        "status": row.stage,
        "created_at": timestamp(row.created_at),
        "updated_at": timestamp(row.updated_at),
        "monitoring_at": None,
        "resolved_at": timestamp(row.completed_at) if row.completed_at else None,
        "impact": "maintenance",
        "shortlink": _absolute(row.get_absolute_url()),
        "started_at": timestamp(row.scheduled_for),
        "page_id": page.id,
        "incident_updates": [_update(own_id, "work", update) for update in row.updates.all()],
        "components": _concerned(page, row, named),
        "scheduled_for": timestamp(row.scheduled_for),
        "scheduled_until": timestamp(row.scheduled_until),
    }


def _update(incident_id: str, kind: str, update: IncidentUpdate | MaintenanceUpdate) -> Json:
    at = timestamp(update.at)
    return {
        "id": identifier(kind, update.pk),
        "status": update.stage,
        "body": update.body,
        "incident_id": incident_id,
        "created_at": at,
        "updated_at": at,
        "display_at": at,
        "affected_components": None,
        "deliver_notifications": True,
        "custom_tweet": None,
        "tweet_id": None,
    }
