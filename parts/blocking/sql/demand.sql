-- How many vehicles failed on something whose repair could use each part.
SELECT option.part_id, count(DISTINCT need.vehicle_id)::int AS vehicles
FROM parts_requirementoption option
JOIN dirty_demand dirty ON dirty.id = option.part_id  -- only dirty
JOIN parts_repairneed need ON need.repair_id = option.repair_id AND need.is_failing
GROUP BY option.part_id
