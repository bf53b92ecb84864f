"""Dealers, the systems they depend on, the evidence about those systems, and what we say of it."""

from dealers.models.evidence import CLAIMS, Evidence, Notice, Probe, SourceRecord, Status, StatusChange
from dealers.models.incidents import Incident, IncidentQuerySet, IncidentUpdate
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
    "Make",
    "Membership",
    "Notice",
    "Probe",
    "SourceRecord",
    "State",
    "Status",
    "StatusChange",
    "System",
]
