"""Dealers, the systems they depend on, the evidence about those systems, and what we say of it."""

from dealers.models.evidence import CLAIMS, Evidence, Notice, Probe, SourceRecord, Status, StatusChange
from dealers.models.incidents import Incident, IncidentQuerySet, IncidentUpdate, Suggestion, UpdateTemplate
from dealers.models.maintenance import Maintenance, MaintenanceQuerySet, MaintenanceUpdate
from dealers.models.places import ApiKey, Dealer, DealerQuerySet, Make, Membership, State, System

__all__ = [
    "CLAIMS",
    "ApiKey",
    "Dealer",
    "DealerQuerySet",
    "Evidence",
    "Incident",
    "IncidentQuerySet",
    "IncidentUpdate",
    "Maintenance",
    "MaintenanceQuerySet",
    "MaintenanceUpdate",
    "Make",
    "Membership",
    "Notice",
    "Probe",
    "SourceRecord",
    "State",
    "Status",
    "StatusChange",
    "Suggestion",
    "System",
    "UpdateTemplate",
]
