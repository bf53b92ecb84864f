-- What meets each requirement, its parts' successors and stand-ins included: requirement_id, part_id, quantity, bundle.
-- Rows of one requirement and bundle are needed together; bundle NULL meets it alone.
-- `parts.catalogue.expansion` says the same in plain Python.
-- Parameter `requirements`: ids, or NULL for all.
WITH RECURSIVE
-- One step: an old part gives way to one new part, or to all of a set.
step AS MATERIALIZED (
    SELECT old_id, ARRAY[new_id] AS news, ARRAY[ratio::int] AS ratios
    FROM parts_supersession
    WHERE kind = 'or'
    UNION ALL
    SELECT old_id, array_agg(new_id ORDER BY new_id), array_agg(ratio::int ORDER BY new_id)
    FROM parts_supersession
    WHERE kind = 'and'
    GROUP BY old_id, "group"
),
-- Each row is a way to meet the requirement: parts in ascending order, and how many of each. UNION drops a way
-- reached twice, and nothing replaces itself in a circle, so it ends.
forward AS (
    SELECT option.requirement_id, ARRAY[option.part_id] AS parts, ARRAY[requirement.quantity::int] AS quantities
    FROM parts_requirementpart option
    JOIN parts_requirement requirement ON requirement.id = option.requirement_id
    WHERE %(requirements)s::bigint[] IS NULL OR option.requirement_id = ANY(%(requirements)s::bigint[])
    UNION
    SELECT forward.requirement_id, next.parts, next.quantities
    FROM forward
    CROSS JOIN LATERAL unnest(forward.parts, forward.quantities) AS member (part_id, quantity)
    JOIN step ON step.old_id = member.part_id
    CROSS JOIN LATERAL (
        SELECT array_agg(part_id ORDER BY part_id) AS parts, array_agg(quantity ORDER BY part_id) AS quantities
        FROM (
            SELECT part_id, least(sum(quantity), 999)::int AS quantity
            FROM (
                SELECT other.part_id, other.quantity
                FROM unnest(forward.parts, forward.quantities) AS other (part_id, quantity)
                WHERE other.part_id <> member.part_id
                UNION ALL
                SELECT new.part_id, new.ratio * member.quantity
                FROM unnest(step.news, step.ratios) AS new (part_id, ratio)
            ) needed
            GROUP BY part_id
        ) summed
    ) next
),
-- Where an edge holds both ways, the old part stands in for the new.
way AS (
    SELECT requirement_id, parts, quantities FROM forward
    UNION
    SELECT way.requirement_id, next.parts, next.quantities
    FROM way
    CROSS JOIN LATERAL unnest(way.parts, way.quantities) AS member (part_id, quantity)
    JOIN parts_supersession edge
        ON edge.new_id = member.part_id AND edge.kind = 'or' AND edge.direction = 'full'
    CROSS JOIN LATERAL (
        SELECT array_agg(part_id ORDER BY part_id) AS parts, array_agg(quantity ORDER BY part_id) AS quantities
        FROM (
            SELECT part_id, least(sum(quantity), 999)::int AS quantity
            FROM (
                SELECT other.part_id, other.quantity
                FROM unnest(way.parts, way.quantities) AS other (part_id, quantity)
                WHERE other.part_id <> member.part_id
                UNION ALL
                SELECT edge.old_id, (member.quantity + edge.ratio - 1) / edge.ratio
            ) needed
            GROUP BY part_id
        ) summed
    ) next
),
numbered AS (
    SELECT
        requirement_id, parts, quantities,
        row_number() OVER (PARTITION BY requirement_id ORDER BY parts, quantities) AS bundle
    FROM way
    WHERE cardinality(parts) > 1
)
SELECT
    requirement_id, parts[1] AS part_id, min(quantities[1])::smallint AS quantity, NULL::smallint AS bundle
FROM way
WHERE cardinality(parts) = 1
GROUP BY requirement_id, parts[1]
UNION ALL
SELECT numbered.requirement_id, member.part_id, member.quantity::smallint, numbered.bundle::smallint
FROM numbered
CROSS JOIN LATERAL unnest(numbered.parts, numbered.quantities) AS member (part_id, quantity)
WHERE numbered.bundle <= 1000
