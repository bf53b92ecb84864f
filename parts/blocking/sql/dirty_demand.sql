-- The parts whose demand to count again: of marked repairs, meeting other requirements than until now, or of use to a
-- repair that another defect needs, or one less.
SELECT option.part_id AS id
FROM dirty_mark mark
JOIN parts_requirementoption option ON option.repair_id = mark.key
WHERE mark.kind = 'r'
UNION
SELECT part_id FROM delta_options
UNION
SELECT option.part_id
FROM (
    SELECT repair_id FROM delta_needs WHERE is_failing
    UNION
    SELECT old_repair_id FROM delta_needs WHERE old_is_failing
) repair
JOIN parts_requirementoption option ON option.repair_id = repair.repair_id
