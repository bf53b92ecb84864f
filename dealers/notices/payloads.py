"""The data of webhooks about statuses, incidents, planned work and waves of restoration."""

from __future__ import annotations

from typing import Annotated, Final, NotRequired, TypedDict

from msgspec import Meta

from dealers.models import Event, Incident, Maintenance
from dealers.notices.plans import Change
from garagehub.outbox.payloads import Id, Link, Moment

MOST_WORKS: Final = 10  # in one message

StateWord = Annotated[str, Meta(extra_json_schema={"$ref": "#/components/schemas/State"})]
SystemWord = Annotated[str, Meta(extra_json_schema={"$ref": "#/components/schemas/System"})]
_Make = Annotated[str | None, Meta(description="Slug. Null: every make.")]
_Systems = Annotated[list[SystemWord], Meta(description="Empty: every system.")]


class StatusChangedData(TypedDict):
    """A system at a dealer is in another state, and has been for five minutes."""

    dealer: Annotated[str, Meta(description="Dealer code.")]
    slug: str
    system: SystemWord
    old: Annotated[StateWord, Meta(description="The state that was told before.")]
    new: StateWord
    changes_in_two_hours: NotRequired[Annotated[int, Meta(description="Only where it changes to and fro.")]]


class StatusDigestData(TypedDict):
    """A system changed at many dealers of a make."""

    make: Annotated[str, Meta(description="Slug.")]
    system: SystemWord
    dealers: Annotated[int, Meta(description="At how many it changed.")]
    now: Annotated[dict[str, int], Meta(description="How many of them are in which state now.")]


class IncidentData(TypedDict):
    """An incident, as it stands after its newest update."""

    incident: Annotated[str, Meta(description="Slug.")]
    title: str
    stage: Annotated[str, Meta(extra_json_schema={"enum": Incident.Stage.values})]
    impact: Annotated[str, Meta(extra_json_schema={"enum": Incident.Impact.values})]
    make: _Make
    systems: _Systems


class PlannedWork(TypedDict):
    """One work, and what happened to it."""

    id: Annotated[Id, Meta(description="As in the calendar's `UID`, before the `@`.")]
    change: Annotated[str, Meta(extra_json_schema={"enum": Change.values}, description="What happened, in a word.")]
    stage: Annotated[str, Meta(extra_json_schema={"enum": Maintenance.Stage.values}, description="Where it stands.")]
    title: str
    scheduled_for: Moment
    scheduled_until: Moment
    make: _Make
    systems: _Systems
    regions: Annotated[list[str], Meta(description="Slugs. Empty: the whole United Kingdom.")]
    link: Annotated[Link, Meta(description="Where people read of it.")]


class Wave(PlannedWork):
    """One wave in which systems come back after an incident."""

    incident: Annotated[str, Meta(description="Slug.")]


class MaintenanceChangedData(TypedDict):
    """Planned work that was announced or changed, soonest first."""

    works: Annotated[list[PlannedWork], Meta(min_length=1, max_length=MOST_WORKS)]


class RestorationChangedData(TypedDict):
    """Waves of restoration that were announced or changed, soonest first."""

    waves: Annotated[list[Wave], Meta(min_length=1, max_length=MOST_WORKS)]


BY_EVENT: Final[dict[str, type]] = {
    Event.STATUS_CHANGED: StatusChangedData,
    Event.STATUS_DIGEST: StatusDigestData,
    Event.INCIDENT_PUBLISHED: IncidentData,
    Event.INCIDENT_UPDATED: IncidentData,
    Event.MAINTENANCE_CHANGED: MaintenanceChangedData,
    Event.RESTORATION_CHANGED: RestorationChangedData,
}
