-- How many vehicles were blocked or not known at the end of a day (%(ends)s), and how many became so or ceased to be
-- that day, by make, model, region and reason: BlockedDay. Reason 0 counts each vehicle once.
-- What stood at the day's end is what stands now, but for vehicles with a change since: what their first one left.
DELETE FROM parts_blockedday WHERE day = %(day)s;

WITH since AS MATERIALIZED (
    SELECT DISTINCT ON (vehicle_id) vehicle_id, old
    FROM parts_blockchange
    WHERE at >= %(ends)s
    ORDER BY vehicle_id, at, id
),
stood AS (
    SELECT vehicle_id, status, reasons
    FROM parts_repairstatus
    WHERE status IN ('blocked', 'unknown') AND vehicle_id NOT IN (SELECT vehicle_id FROM since)
    UNION ALL
    SELECT since.vehicle_id, since.old, coalesce(before.reasons, 0)
    FROM since
    LEFT JOIN LATERAL (
        SELECT past.reasons FROM parts_blockchange past
        WHERE past.vehicle_id = since.vehicle_id AND past.at < %(ends)s
        ORDER BY past.at DESC, past.id DESC
        LIMIT 1
    ) before ON true
    WHERE since.old IN ('blocked', 'unknown')
),
moved AS (
    SELECT change.vehicle_id, change.old, change.new, change.reasons, coalesce(before.reasons, 0) AS old_reasons
    FROM parts_blockchange change
    LEFT JOIN LATERAL (
        SELECT past.reasons FROM parts_blockchange past
        WHERE past.vehicle_id = change.vehicle_id AND (past.at, past.id) < (change.at, change.id)
        ORDER BY past.at DESC, past.id DESC
        LIMIT 1
    ) before ON change.old = 'blocked'
    WHERE change.at >= %(starts)s AND change.at < %(ends)s
),
counted AS (
    SELECT
        vehicle_id, reasons,
        (status = 'blocked')::int AS blocked, (status = 'unknown')::int AS unknown, 0 AS opened, 0 AS closed
    FROM stood
    UNION ALL
    SELECT vehicle_id, reasons, 0, 0, 1, 0 FROM moved WHERE new = 'blocked'
    UNION ALL
    SELECT vehicle_id, old_reasons, 0, 0, 0, 1 FROM moved WHERE old = 'blocked'
)
INSERT INTO parts_blockedday (day, make_id, model_id, region, reason, blocked, unknown, opened, closed)
SELECT
    %(day)s, model.make_id, model.id, vehicle.region, named.reason,
    sum(counted.blocked), sum(counted.unknown), sum(counted.opened), sum(counted.closed)
FROM counted
JOIN parts_vehicle vehicle ON vehicle.id = counted.vehicle_id AND NOT vehicle.is_sorn
LEFT JOIN parts_vehiclemodel model ON model.id = vehicle.model_id
CROSS JOIN LATERAL (
    SELECT 0 AS reason
    UNION ALL
    SELECT each.reason FROM unnest(%(reason_bits)s::int[]) each (reason) WHERE counted.reasons & each.reason <> 0
) named
GROUP BY model.make_id, model.id, vehicle.region, named.reason
ORDER BY model.make_id, model.id, vehicle.region, named.reason
