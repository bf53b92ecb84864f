-- The repairs to look at: marked, with a part whose availability or brand's cover changed, on a make whose dealers'
-- systems changed and that needs those, or with an admin's word that ran out.
SELECT key AS id FROM dirty_mark WHERE kind = 'r'
UNION
SELECT option.repair_id
FROM delta_availability part
JOIN parts_requirementoption option ON option.part_id = part.part_id
UNION
SELECT option.repair_id
FROM delta_brand_cover brand
JOIN parts_part part ON part.brand_id = brand.brand_id
JOIN parts_requirementoption option ON option.part_id = part.id
UNION
SELECT repair.id
FROM delta_make_reach make
JOIN parts_vehiclemodel model ON model.make_id = make.make_id
JOIN parts_repair repair ON repair.model_id = model.id
WHERE (repair.needs_diagnostics AND make.diagnostics IS DISTINCT FROM make.old_diagnostics)
    OR (repair.needs_programming AND make.programming IS DISTINCT FROM make.old_programming)
    OR make.catalogue IS DISTINCT FROM make.old_catalogue
UNION
SELECT repair_id FROM parts_override
WHERE repair_id IS NOT NULL AND expires_at > %(last)s AND expires_at <= %(now)s
