"""The fleet in a few figures: how many vehicles stand where, and what stands in their way."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max

from parts.blocking.models import BlockChange, EngineClock, Reason
from parts.lookup.models import FleetFigures

COUNT_AT_LEAST_EVERY = timedelta(minutes=10)
_REST = 20  # times as long as counting took, before the next count

_STATUSES = """
SELECT (SELECT count(*) FROM parts_vehicle),
       (SELECT count(*) FROM parts_vehicle WHERE open_fails > 0 AND NOT is_sorn),
       count(*) FILTER (WHERE s.status = 'blocked'), count(*) FILTER (WHERE s.status = 'unknown')
FROM parts_repairstatus s JOIN parts_vehicle v ON v.id = s.vehicle_id
WHERE s.reasons <> 0 AND NOT v.is_sorn
"""
_REASONS = """
SELECT b.bit, count(*)
FROM parts_repairstatus s
JOIN parts_vehicle v ON v.id = s.vehicle_id AND NOT v.is_sorn
JOIN unnest(%s::int[]) AS b(bit) ON s.reasons & b.bit <> 0
GROUP BY b.bit
"""


@dataclass(frozen=True)
class Overview:
    """Counts of vehicles. Off the road by choice (SORN) is never counted as waiting."""

    vehicles: int
    failed: int
    blocked: int
    unknown: int
    by_reason: dict[str, int]
    decided_at: datetime | None

    @property
    def repairable(self) -> int:
        """Failed, and nothing stands in the way."""
        return self.failed - self.blocked - self.unknown


def overview() -> Overview:
    """The figures as last counted, from one row; counted now only where nobody has ever counted."""
    clock = EngineClock.objects.first()
    figures = FleetFigures.objects.first() or _count()
    ranked = dict(sorted(figures.by_reason.items(), key=lambda item: -item[1]))
    return Overview(
        figures.vehicles, figures.failed, figures.blocked, figures.unknown, ranked, clock.now if clock else None
    )


def refresh(*, at: datetime, at_once: bool = False) -> bool:
    """Count again if something was decided since, and the last count is long enough ago; says whether it did.

    `at_once`: whatever the last count was.
    """
    seen = _seen()
    last = FleetFigures.objects.first()
    if last is not None and not at_once:
        age = at - last.counted_at
        if age < timedelta(seconds=_REST * last.seconds) or (last.seen == seen and age < COUNT_AT_LEAST_EVERY):
            return False
    started = time.monotonic()
    figures = _count()
    figures.seen, figures.counted_at, figures.seconds = seen, at, time.monotonic() - started
    FleetFigures.objects.bulk_create(
        [figures],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["vehicles", "failed", "blocked", "unknown", "by_reason", "seen", "counted_at", "seconds"],
    )
    return True


def _seen() -> str:
    """What a count stands on: the newest change of a vehicle's status, and the last full decision."""
    newest = BlockChange.objects.aggregate(newest=Max("pk"))["newest"]
    full_at = EngineClock.objects.values_list("full_at", flat=True).first()
    return f"{newest} {full_at.isoformat() if full_at else None}"


def _count() -> FleetFigures:
    """The figures of the last decision, counted; not stored."""
    with connection.cursor() as cursor:
        cursor.execute(_STATUSES)
        vehicles, failed, blocked, unknown = cursor.fetchone() or (0, 0, 0, 0)
        cursor.execute(_REASONS, [[reason.value for reason in Reason]])
        counted = dict(cursor.fetchall())
    by_reason = {reason.label: counted[reason.value] for reason in Reason if reason.value in counted}
    return FleetFigures(vehicles=vehicles, failed=failed, blocked=blocked, unknown=unknown, by_reason=by_reason)
