"""Dealers, the systems they depend on, the evidence about those systems, and what we say of it."""

from dealers.models.evidence import (
    CLAIMS,
    DailySalt,
    Evidence,
    Notice,
    Probe,
    SourceRecord,
    Status,
    StatusChange,
    Unjudged,
)
from dealers.models.incidents import (
    Incident,
    IncidentQuerySet,
    IncidentRule,
    IncidentUpdate,
    Suggestion,
    UpdateTemplate,
)
from dealers.models.maintenance import Maintenance, MaintenanceQuerySet, MaintenanceUpdate
from dealers.models.places import (
    ApiKey,
    Dealer,
    DealerQuerySet,
    Invitation,
    Make,
    Membership,
    Scope,
    State,
    System,
)
from dealers.models.telling import Event, Subscriber, Subscription, Webhook

__all__ = [
    "CLAIMS",
    "ApiKey",
    "DailySalt",
    "Dealer",
    "DealerQuerySet",
    "Event",
    "Evidence",
    "Incident",
    "IncidentQuerySet",
    "IncidentRule",
    "IncidentUpdate",
    "Invitation",
    "Maintenance",
    "MaintenanceQuerySet",
    "MaintenanceUpdate",
    "Make",
    "Membership",
    "Notice",
    "Probe",
    "Scope",
    "SourceRecord",
    "State",
    "Status",
    "StatusChange",
    "Subscriber",
    "Subscription",
    "Suggestion",
    "System",
    "Unjudged",
    "UpdateTemplate",
    "Webhook",
]
