"""Demand against stock of one part: who waits for it, and where it can still be had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from garagehub.lib.geography import REGION_NAMES

MOST_WAITING = 50


@dataclass(frozen=True, slots=True)
class RegionScarcity:
    """One region: cars that failed and need the part, how many of them are blocked, and stock that lies there."""

    region: str
    needing: int
    blocked: int
    pieces: int
    places: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A blocked car that needs the part, and since when it waits."""

    vehicle_id: int
    repair: str
    region: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Scarcity:
    """A part's demand and stock. `pieces` counts what fresh sources say; a quantity not said counts as one."""

    needing: int
    blocked: int
    pieces: int
    regions: list[RegionScarcity]
    waiting: list[Waiting]


def scarcity(part_id: int, *, at: datetime) -> Scarcity:
    """Who needs a part, itself or as what replaced another, and what there is of it. Three queries.

    A car counts once, however many of its defects need the part; stock of a branch without a dealer lies in no region
    and counts under "not known". Cars off the road by choice do not count.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEEDING, {"part": part_id})
        needing = {region: counts for region, *counts in cursor.fetchall()}
        cursor.execute(_STOCK, {"part": part_id, "now": at})
        stock = {region: counts for region, *counts in cursor.fetchall()}
        cursor.execute(_WAITING, {"part": part_id, "most": MOST_WAITING})
        waiting = [
            Waiting(vehicle, repair, REGION_NAMES[region], since)
            for vehicle, repair, region, since in cursor.fetchall()
        ]
    regions = [
        RegionScarcity(REGION_NAMES[region], *needing.get(region, (0, 0)), *stock.get(region, (0, 0)))
        for region in sorted({*needing, *stock})
    ]
    return Scarcity(
        needing=sum(region.needing for region in regions),
        blocked=sum(region.blocked for region in regions),
        pieces=sum(region.pieces for region in regions),
        regions=regions,
        waiting=waiting,
    )


_NEEDS = """
    SELECT DISTINCT need.vehicle_id, need.repair_id
    FROM parts_requirementoption option
    JOIN parts_repairneed need ON need.repair_id = option.repair_id AND need.is_failing
    LEFT JOIN parts_repairsplit split ON split.repair_id = need.repair_id AND split.number = need.split
    WHERE option.part_id = %(part)s
        AND (split.number IS NULL OR (option.serial_from <= split.starts_at
            AND (option.serial_to = '' OR option.serial_to >= split.starts_at)))
"""

_NEEDING = f"""
SELECT vehicle.region, count(*), count(*) FILTER (WHERE stored.status = 'blocked')
FROM (SELECT DISTINCT vehicle_id FROM ({_NEEDS}) needs) needing
JOIN parts_vehicle vehicle ON vehicle.id = needing.vehicle_id AND NOT vehicle.is_sorn
LEFT JOIN parts_repairstatus stored ON stored.vehicle_id = vehicle.id
GROUP BY vehicle.region
"""

_STOCK = """
SELECT coalesce(dealer.region, 12), sum(coalesce(offer.quantity, 1)), count(*)
FROM parts_offer offer
JOIN parts_branch branch ON branch.id = offer.branch_id
JOIN parts_supplier supplier ON supplier.id = branch.supplier_id
LEFT JOIN dealers_dealer dealer ON dealer.id = branch.dealer_id
WHERE offer.part_id = %(part)s
    AND offer.availability IN ('in_stock', 'limited') AND offer.quantity IS DISTINCT FROM 0
    AND %(now)s < supplier.confirmed_at + supplier.warn_after_s * interval '1 second'
GROUP BY 1
"""

_WAITING = f"""
SELECT vehicle.id, concat_ws(' ', kind.name, nullif(repair.position, '')), vehicle.region, stored.since
FROM (SELECT vehicle_id, min(repair_id) AS repair_id FROM ({_NEEDS}) needs GROUP BY vehicle_id) needing
JOIN parts_vehicle vehicle ON vehicle.id = needing.vehicle_id AND NOT vehicle.is_sorn
JOIN parts_repairstatus stored ON stored.vehicle_id = vehicle.id AND stored.status = 'blocked'
JOIN parts_repair repair ON repair.id = needing.repair_id
JOIN parts_repairkind kind ON kind.id = repair.kind_id
ORDER BY stored.since, vehicle.id
LIMIT %(most)s
"""
