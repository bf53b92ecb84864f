"""The fleet in a few figures: how many vehicles stand where, and what stands in their way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from parts.blocking.models import EngineClock, Reason

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
    """The figures of the last decision: three queries."""
    with connection.cursor() as cursor:
        cursor.execute(_STATUSES)
        vehicles, failed, blocked, unknown = cursor.fetchone() or (0, 0, 0, 0)
        cursor.execute(_REASONS, [[reason.value for reason in Reason]])
        counted = dict(cursor.fetchall())
    clock = EngineClock.objects.first()
    by_reason = {reason.label: counted[reason.value] for reason in Reason if reason.value in counted}
    ranked = dict(sorted(by_reason.items(), key=lambda item: -item[1]))
    return Overview(vehicles, failed, blocked, unknown, ranked, clock.now if clock else None)
