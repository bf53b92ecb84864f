-- The vehicles to decide again: what failed on them changed, or needs a repair whose masks changed where they are kept.
-- This filter keeps the work proportional: a part gone from one region touches the vehicles of that region.
SELECT vehicle_id AS id FROM delta_needs WHERE is_failing
UNION
SELECT old_vehicle_id FROM delta_needs WHERE old_is_failing
UNION
SELECT need.vehicle_id
FROM (
    SELECT
        repair_id, split,
        op <> 'U' OR (((parts_possible # old_parts_possible) | (parts_stocked # old_parts_stocked)) & %(anywhere)s) <> 0
            AS everywhere,
        (parts_ready # old_parts_ready) | (parts_possible # old_parts_possible) | (parts_stocked # old_parts_stocked)
            | (identify # old_identify) | (diagnostics # old_diagnostics) | (programming # old_programming) AS regions
    FROM delta_readiness
) repair
JOIN parts_repairneed need ON need.repair_id = repair.repair_id AND need.split = repair.split
WHERE need.is_failing AND (repair.everywhere OR (repair.regions >> need.region) & 1 = 1)
