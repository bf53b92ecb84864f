"""Builders of what pages tell: states with a past, incidents, planned work."""

from datetime import UTC, datetime, timedelta

from dealers import incidents, maintenance
from dealers.models import Status, StatusChange

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def tell(dealer, state, *, system="diagnostics", before=None, at=AT, claims=()):
    """A state, with the change that led to it. `before`: the state known before an unknown one."""
    Status.objects.update_or_create(
        dealer=dealer,
        system=system,
        defaults={
            "state": state,
            "since": at,
            "decided_at": at,
            "evidence_at": at,
            "reasons": [{"kind": "garage", "claim": claim, "at": None} for claim in claims],
        },
    )
    StatusChange.objects.create(dealer=dealer, system=system, old=before or "unknown", new=state, reason="-", at=at)


def incident(title="Diagnostics are down", **extra):
    return incidents.start(title=title, body="We are looking into it.", at=extra.pop("at", AT), **extra)


def planned(title="Diagnostics server is replaced", **extra):
    values = {"scheduled_for": AT + timedelta(days=1), "scheduled_until": AT + timedelta(days=1, hours=2), "at": AT}
    return maintenance.plan(body="No diagnostics meanwhile.", **{"title": title, **values, **extra})
