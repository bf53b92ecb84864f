-- What mends each defect: rules.need.
SELECT
    defect.id AS defect_id,
    defect.vehicle_id,
    repair.id AS repair_id,
    vehicle.region,
    defect.is_failing,
    coalesce(kind.needs_nothing, false) AS needs_nothing
FROM parts_defect defect
JOIN dirty_defect dirty ON dirty.id = defect.id  -- only dirty
JOIN parts_vehicle vehicle ON vehicle.id = defect.vehicle_id
LEFT JOIN (
    parts_manualreference reference JOIN parts_repairkind kind ON kind.id = reference.kind_id
) ON reference.scheme = defect.manual_scheme AND reference.ref = defect.manual_ref
LEFT JOIN parts_repair repair
    ON repair.kind_id = kind.id
    AND NOT kind.needs_nothing
    AND repair.model_id = vehicle.model_id
    AND repair.position = CASE kind.position_by WHEN 'axle' THEN defect.longitudinal ELSE '' END
WHERE defect.is_failing OR repair.id IS NOT NULL
