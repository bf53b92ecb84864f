-- A number first seen in a feed becomes a part of its brand. Numbers go first: whoever else brings one at the same moment
-- wins it or waits, and no part is left without a number.
CREATE TEMP TABLE feed_new ON COMMIT DROP AS
SELECT nextval(pg_get_serial_sequence('parts_part', 'id')) AS part_id, brand_id, norm, raw, grade
FROM (
    SELECT DISTINCT ON (brand_id, norm) brand_id, norm, coalesce(raw, norm) AS raw, grade
    FROM feed_delta WHERE part_id IS NULL ORDER BY brand_id, norm
) wanted;
WITH numbered AS (
    INSERT INTO parts_partnumber (part_id, brand_id, raw, norm, is_main)
    SELECT part_id, brand_id, raw, norm, true FROM feed_new ORDER BY brand_id, norm
    ON CONFLICT (norm, brand_id) DO NOTHING
    RETURNING part_id
)
INSERT INTO parts_part (id, public_id, brand_id, description, lifecycle, grade, is_demo)
SELECT part_id, gen_random_uuid(), brand_id, '', 'listed', coalesce(grade, 'genuine'), %(is_demo)s
FROM feed_new JOIN numbered USING (part_id);
UPDATE feed_delta d SET part_id = n.part_id
FROM parts_partnumber n WHERE d.part_id IS NULL AND n.norm = d.norm COLLATE "default" AND n.brand_id = d.brand_id
