-- Whether the vehicles whose needs are about to change had failed: read before the change is written.
SELECT
    vehicle_id,
    EXISTS (SELECT FROM parts_repairneed need WHERE need.vehicle_id = changing.vehicle_id AND need.is_failing)
        AS had_failed
FROM (
    SELECT vehicle_id FROM delta_needs WHERE is_failing
    UNION
    SELECT old_vehicle_id FROM delta_needs WHERE old_is_failing
) changing
