-- What mends each defect: rules.need.
SELECT
    defect.id AS defect_id,
    defect.vehicle_id,
    repair.id AS repair_id,
    vehicle.region,
    defect.is_failing,
    coalesce(kind.needs_nothing, false) AS needs_nothing,
    coalesce(split.number, 0::smallint) AS split
FROM parts_defect defect
JOIN dirty_defect dirty ON dirty.id = defect.id  -- only dirty
JOIN parts_vehicle vehicle ON vehicle.id = defect.vehicle_id
CROSS JOIN LATERAL (
    SELECT coalesce(
        vehicle.manufacture_year,
        extract(year FROM coalesce(vehicle.manufactured_on, vehicle.first_used_on, vehicle.registered_on))
    ) AS year
) made
LEFT JOIN (
    parts_manualreference reference JOIN parts_repairkind kind ON kind.id = reference.kind_id
) ON reference.scheme = defect.manual_scheme AND reference.ref = defect.manual_ref
LEFT JOIN parts_repair repair
    ON repair.kind_id = kind.id
    AND NOT kind.needs_nothing
    AND repair.model_id = vehicle.model_id
    AND repair.position = CASE kind.position_by WHEN 'axle' THEN defect.longitudinal ELSE '' END
    AND (repair.year_from IS NULL OR repair.year_from <= made.year)
    AND (repair.year_to IS NULL OR repair.year_to >= made.year)
LEFT JOIN parts_repairsplit split
    ON split.repair_id = repair.id
    AND length(vehicle.vin_last8) = 8
    AND split.starts_at <= vehicle.vin_last8 COLLATE "C"
    AND (split.ends_before = '' OR split.ends_before > vehicle.vin_last8 COLLATE "C")
WHERE defect.is_failing OR repair.id IS NOT NULL
