-- A number that a part here replaces is a part too, though nobody lists it any more: whoever holds it asks for it by that
-- number, and the answer is what replaces it. Numbers go first, as for new parts.
WITH unknown AS (
    SELECT DISTINCT note.brand_id, note.old_norm AS norm
    FROM unnest(%(brands)s::bigint[], %(old)s::text[], %(new)s::text[]) AS note (brand_id, old_norm, new_norm)
    JOIN parts_partnumber new ON new.norm = note.new_norm AND new.brand_id = note.brand_id
    WHERE NOT EXISTS (
        SELECT FROM parts_partnumber old WHERE old.norm = note.old_norm AND old.brand_id = note.brand_id
    )
    ORDER BY 1, 2
),
numbered AS (
    INSERT INTO parts_partnumber (part_id, brand_id, raw, norm, is_main)
    SELECT nextval(pg_get_serial_sequence('parts_part', 'id')), brand_id, norm, norm, true FROM unknown
    ON CONFLICT (norm, brand_id) DO NOTHING
    RETURNING part_id, brand_id
)
INSERT INTO parts_part (id, public_id, brand_id, description, lifecycle, grade, is_demo)
SELECT part_id, gen_random_uuid(), brand_id, '', 'listed', 'genuine', %(is_demo)s FROM numbered;
