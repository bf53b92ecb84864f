"""How the answer about a car has changed, in brief."""

from __future__ import annotations

from datetime import datetime

from parts.blocking.history import Period, timeline
from parts.vehicles.models import Vehicle

MOST = 6


def past_of(registration: str, *, at: datetime) -> list[Period]:
    """The car's last few verdicts, newest first; empty while there was only one. Two queries."""
    vehicle = Vehicle.objects.filter(registration=registration).first()
    found = timeline(vehicle, at=at)[:MOST] if vehicle else []
    return found if len(found) > 1 else []
