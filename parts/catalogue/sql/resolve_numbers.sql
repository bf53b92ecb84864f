-- The parts that normalised numbers stand for, each with what replaced it: one row per number and brand.
WITH RECURSIVE
found AS (
    SELECT norm, raw, is_main, part_id
    FROM parts_partnumber
    WHERE norm = ANY(string_to_array(%(norms)s::text, E'\n'))
),
chain (root_id, part_id, depth, edge_id) AS (
    SELECT DISTINCT part_id, part_id, 0, NULL::bigint FROM found
    UNION
    SELECT chain.root_id, edge.new_id, chain.depth + 1, edge.id
    FROM chain
    JOIN parts_supersession edge ON edge.old_id = chain.part_id
    WHERE chain.depth < %(depth)s::int
),
nearest AS (
    SELECT DISTINCT ON (root_id, part_id) root_id, part_id, depth, edge_id
    FROM chain
    WHERE depth > 0
    ORDER BY root_id, part_id, depth, edge_id
),
successors AS (
    SELECT
        nearest.root_id,
        jsonb_agg(
            jsonb_build_array(
                nearest.part_id, number.raw, brand.name, part.description, nearest.depth, edge.ratio,
                edge.kind = 'and', edge."group", part.grade
            )
            ORDER BY nearest.depth, number.norm, nearest.part_id
        ) AS list
    FROM nearest
    JOIN parts_supersession edge ON edge.id = nearest.edge_id
    JOIN parts_part part ON part.id = nearest.part_id
    JOIN parts_brand brand ON brand.id = part.brand_id
    JOIN parts_partnumber number ON number.part_id = part.id AND number.is_main
    GROUP BY nearest.root_id
)
SELECT
    found.norm, found.raw, successors.list,
    part.id,
    -- Most are asked for by the number they are shown with.
    CASE WHEN found.is_main THEN found.raw ELSE coalesce((
        SELECT shown.raw FROM parts_partnumber shown WHERE shown.part_id = part.id AND shown.is_main
    ), found.raw) END,
    brand.name, part.description, part.lifecycle, part.grade
FROM found
JOIN parts_part part ON part.id = found.part_id
JOIN parts_brand brand ON brand.id = part.brand_id
LEFT JOIN successors ON successors.root_id = part.id
ORDER BY found.norm, brand.name
