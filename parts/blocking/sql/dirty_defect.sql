-- The defects to look at: of marked vehicles, those there now and those that were; with a marked manual reference;
-- mended by a marked repair, now or until now.
SELECT defect.id
FROM dirty_mark mark
JOIN parts_defect defect ON defect.vehicle_id = mark.key
WHERE mark.kind = 'v'
UNION
SELECT need.defect_id
FROM dirty_mark mark
JOIN parts_repairneed need ON need.vehicle_id = mark.key
WHERE mark.kind = 'v'
UNION
SELECT defect.id
FROM dirty_mark mark
JOIN parts_manualreference reference ON reference.id = mark.key
JOIN parts_defect defect ON defect.manual_scheme = reference.scheme AND defect.manual_ref = reference.ref
WHERE mark.kind = 'm'
UNION
SELECT need.defect_id
FROM dirty_mark mark
JOIN parts_repairneed need ON need.repair_id = mark.key
WHERE mark.kind = 'r'
UNION
SELECT defect.id
FROM dirty_mark mark
JOIN parts_repair repair ON repair.id = mark.key
JOIN parts_vehicle vehicle ON vehicle.model_id = repair.model_id
JOIN parts_defect defect ON defect.vehicle_id = vehicle.id
JOIN parts_manualreference reference ON reference.scheme = defect.manual_scheme AND reference.ref = defect.manual_ref
WHERE mark.kind = 'r' AND reference.kind_id = repair.kind_id
