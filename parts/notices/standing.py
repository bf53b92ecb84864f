"""How watched cars and parts stand now, as the last decision left them, in fragments that whole lists share.

A car is judged from the region of whoever watches it, by the masks of the repairs it needs, as `parts.blocking.rules`
has it: blocked where one of them is not possible, not known where one is possible and not ready.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

# For a query that has `v.id`, and `place.region` for where it is seen from. Needs and masks are written by one decision
# in one transaction, so a car whose new test was not decided yet stands as it did.
VEHICLE = """
CROSS JOIN LATERAL (
    SELECT CASE max(one.trouble) WHEN 2 THEN 'blocked' WHEN 1 THEN 'unknown' WHEN 0 THEN 'repairable'
                ELSE 'no_repair_needed' END AS state
    FROM parts_repairneed need
    LEFT JOIN parts_readiness repair ON repair.repair_id = need.repair_id AND repair.split = need.split
    CROSS JOIN LATERAL (
        SELECT CASE WHEN need.needs_nothing OR (repair.ready >> place.region) & 1 = 1 THEN 0
                    WHEN repair.repair_id IS NULL OR (repair.possible >> place.region) & 1 = 1 THEN 1
                    ELSE 2 END AS trouble
    ) one
    WHERE need.vehicle_id = v.id AND need.is_failing
) stands
"""

# For a query that has `p.id`, `p.brand_id` and `place.region`: as `parts/lookup/sql/supply.sql` has it.
PART = """
LEFT JOIN parts_partavailability had ON had.part_id = p.id
LEFT JOIN parts_brandcover cover ON cover.brand_id = p.brand_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN coalesce((had.ready >> place.region) & 1, 0) = 1 THEN 'ready'
                WHEN coalesce((had.possible >> place.region) & 1, 0) = 1
                  OR (NOT coalesce(cover.is_covered, false) AND coalesce((had.barred >> place.region) & 1, 0) = 0)
                THEN 'unknown'
                ELSE 'blocked' END AS state
) stands
"""

_VEHICLES = f"""
SELECT v.id, stands.state
FROM parts_vehicle v
CROSS JOIN LATERAL (SELECT coalesce(%(region)s::smallint, v.region) AS region) place
{VEHICLE}
WHERE v.id = ANY(%(ids)s::bigint[])
"""
_PARTS = f"""
SELECT p.id, stands.state
FROM parts_part p
CROSS JOIN LATERAL (SELECT %(region)s::smallint AS region) place
{PART}
WHERE p.id = ANY(%(ids)s::bigint[])
"""


def of_vehicles(ids: Sequence[int], *, region: int | None) -> dict[int, str]:
    """The verdict of each vehicle, seen from a region or, without one, from where it is kept."""
    return _ask(_VEHICLES, ids, region)


def of_parts(ids: Sequence[int], *, region: int) -> dict[int, str]:
    """Whether each part can be had in a region."""
    return _ask(_PARTS, ids, region)


def _ask(statement: str, ids: Sequence[int], region: int | None) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"ids": list(ids), "region": region})
        return dict(cursor.fetchall())
