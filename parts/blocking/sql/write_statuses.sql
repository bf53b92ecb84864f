-- Write the statuses that differ, and a change for each verdict that moved. `since` is when the verdict, not its
-- reasons, last changed; a row that appears without a move takes it from the vehicle's history.
DELETE FROM parts_repairstatus stored USING delta_statuses delta
WHERE delta.op = 'D' AND stored.vehicle_id = delta.vehicle_id;

UPDATE parts_repairstatus stored
SET status = delta.status, reasons = delta.reasons,
    since = CASE WHEN stored.status = delta.status THEN stored.since ELSE %(now)s END
FROM delta_statuses delta
WHERE delta.op = 'U' AND stored.vehicle_id = delta.vehicle_id;

INSERT INTO parts_repairstatus (vehicle_id, status, reasons, since)
SELECT
    delta.vehicle_id, delta.status, delta.reasons,
    CASE WHEN moves.vehicle_id IS NULL
        THEN coalesce(
            (SELECT max(past.at) FROM parts_blockchange past WHERE past.vehicle_id = delta.vehicle_id), %(now)s)
        ELSE %(now)s END
FROM delta_statuses delta
LEFT JOIN moves ON moves.vehicle_id = delta.vehicle_id
WHERE delta.op = 'I'
ORDER BY delta.vehicle_id;

INSERT INTO parts_blockchange (vehicle_id, old, new, reasons, at)
SELECT vehicle_id, old, new, reasons, %(now)s FROM moves ORDER BY vehicle_id;
