-- Each vehicle whose verdict changes, with the old and the new one: read when the needs are written and the statuses are
-- not. Where no status is stored, the needs tell repairable from nothing to repair.
SELECT vehicle_id, old, new, reasons
FROM (
    SELECT
        concerned.vehicle_id,
        coalesce(delta.old_status, CASE WHEN coalesce(before.had_failed, has_failed) THEN 'repairable'
            ELSE 'no_repair_needed' END) AS old,
        coalesce(delta.status, CASE WHEN has_failed THEN 'repairable' ELSE 'no_repair_needed' END) AS new,
        coalesce(delta.reasons, 0::smallint) AS reasons
    FROM (SELECT vehicle_id FROM delta_statuses UNION SELECT vehicle_id FROM before) concerned
    LEFT JOIN delta_statuses delta ON delta.vehicle_id = concerned.vehicle_id
    LEFT JOIN before ON before.vehicle_id = concerned.vehicle_id
    CROSS JOIN LATERAL (
        SELECT coalesce((
            SELECT true FROM parts_repairneed need
            WHERE need.vehicle_id = concerned.vehicle_id AND need.is_failing
            LIMIT 1
        ), false) AS has_failed
    ) needs
    -- A status that is stored and stays moves nothing.
    WHERE delta.vehicle_id IS NOT NULL
        OR NOT EXISTS (SELECT FROM parts_repairstatus stored WHERE stored.vehicle_id = concerned.vehicle_id)
) stood
WHERE old <> new
