-- What meets each requirement, its parts' successors and stand-ins included: requirement_id, part_id, quantity, bundle,
-- serial_from, serial_to. What replaced a part fits where that part fits: each range of chassis numbers is on its own.
-- Rows of one requirement and bundle are needed together; bundle NULL meets it alone.
-- `parts.catalogue.expansion` says the same in plain Python.
-- Parameter `requirements`: ids, or NULL for all.
-- The walks go over the few supersessions, never over the many requirements: PostgreSQL sizes the memory of a recursive
-- UNION by its guess of the rows. Nothing replaces itself in a circle, and UNION drops what was reached before, so they end.
WITH RECURSIVE
listed AS MATERIALIZED (
    SELECT
        option.requirement_id, option.serial_from, option.serial_to, option.part_id,
        requirement.quantity::int AS quantity
    FROM parts_requirementpart option
    JOIN parts_requirement requirement ON requirement.id = option.requirement_id
    WHERE %(requirements)s::bigint[] IS NULL OR option.requirement_id = ANY(%(requirements)s::bigint[])
),
-- Any successor of a listed part along OR edges: `ratio` new ones for one.
successor (from_id, part_id, ratio) AS (
    SELECT old_id, new_id, ratio::int
    FROM parts_supersession
    WHERE kind = 'or' AND old_id IN (SELECT part_id FROM listed)
    UNION
    SELECT successor.from_id, edge.new_id, least(successor.ratio * edge.ratio, 999)
    FROM successor
    JOIN parts_supersession edge ON edge.old_id = successor.part_id AND edge.kind = 'or'
),
reached AS MATERIALIZED (
    SELECT requirement_id, serial_from, serial_to, part_id, quantity FROM listed
    UNION ALL
    SELECT
        listed.requirement_id, listed.serial_from, listed.serial_to, successor.part_id,
        least(listed.quantity * successor.ratio, 999)
    FROM listed
    JOIN successor ON successor.from_id = listed.part_id
),
complete_set AS MATERIALIZED (
    SELECT old_id, array_agg(new_id ORDER BY new_id) AS parts, array_agg(ratio::int ORDER BY new_id) AS ratios
    FROM parts_supersession
    WHERE kind = 'and'
    GROUP BY old_id, "group"
),
-- One step for a member of a set: it gives way to one new part, or to all of a further set.
step AS MATERIALIZED (
    SELECT old_id, parts, ratios FROM complete_set
    UNION ALL
    SELECT old_id, ARRAY[new_id], ARRAY[ratio::int] FROM parts_supersession WHERE kind = 'or'
),
-- Each row is a set that replaces one of `from_id`: parts in ascending order, and how many of each.
replacing_set (from_id, parts, ratios) AS (
    SELECT old_id, parts, ratios FROM complete_set
    UNION
    SELECT replacing_set.from_id, next.parts, next.ratios
    FROM replacing_set
    CROSS JOIN LATERAL unnest(replacing_set.parts, replacing_set.ratios) AS member (part_id, ratio)
    JOIN step ON step.old_id = member.part_id
    CROSS JOIN LATERAL (
        SELECT array_agg(part_id ORDER BY part_id) AS parts, array_agg(ratio ORDER BY part_id) AS ratios
        FROM (
            SELECT part_id, least(sum(ratio), 999)::int AS ratio
            FROM (
                SELECT other.part_id, other.ratio
                FROM unnest(replacing_set.parts, replacing_set.ratios) AS other (part_id, ratio)
                WHERE other.part_id <> member.part_id
                UNION ALL
                SELECT new.part_id, new.ratio * member.ratio
                FROM unnest(step.parts, step.ratios) AS new (part_id, ratio)
            ) needed
            GROUP BY part_id
        ) summed
    ) next
),
together AS MATERIALIZED (
    SELECT DISTINCT
        reached.requirement_id, reached.serial_from, reached.serial_to, reached.quantity,
        replacing_set.parts, replacing_set.ratios
    FROM reached
    JOIN replacing_set ON replacing_set.from_id = reached.part_id
),
alone AS MATERIALIZED (
    SELECT requirement_id, serial_from, serial_to, part_id, quantity FROM reached
    UNION ALL
    -- The members of a set may all have come down to one part.
    SELECT requirement_id, serial_from, serial_to, parts[1], least(quantity * ratios[1], 999)
    FROM together
    WHERE cardinality(parts) = 1
),
-- Where an edge holds both ways, the old part stands in for the new: one for `ratio`.
stand_in (from_id, part_id, ratio) AS (
    SELECT new_id, old_id, ratio::int
    FROM parts_supersession
    WHERE kind = 'or' AND direction = 'full' AND new_id IN (SELECT part_id FROM alone)
    UNION
    SELECT stand_in.from_id, edge.old_id, least(stand_in.ratio * edge.ratio, 999)
    FROM stand_in
    JOIN parts_supersession edge
        ON edge.new_id = stand_in.part_id AND edge.kind = 'or' AND edge.direction = 'full'
),
numbered AS (
    SELECT
        requirement_id, serial_from, serial_to, quantity, parts, ratios,
        row_number() OVER (
            PARTITION BY requirement_id ORDER BY serial_from, serial_to, parts, ratios, quantity
        ) AS bundle
    FROM together
    WHERE cardinality(parts) > 1
)
SELECT
    requirement_id, part_id, min(quantity)::smallint AS quantity, NULL::smallint AS bundle, serial_from, serial_to
FROM (
    SELECT requirement_id, serial_from, serial_to, part_id, quantity FROM alone
    UNION ALL
    SELECT
        alone.requirement_id, alone.serial_from, alone.serial_to, stand_in.part_id,
        (alone.quantity + stand_in.ratio - 1) / stand_in.ratio
    FROM alone
    JOIN stand_in ON stand_in.from_id = alone.part_id
) enough
GROUP BY requirement_id, serial_from, serial_to, part_id
UNION ALL
SELECT
    numbered.requirement_id, member.part_id, least(numbered.quantity * member.ratio, 999)::smallint,
    numbered.bundle::smallint, numbered.serial_from, numbered.serial_to
FROM numbered
CROSS JOIN LATERAL unnest(numbered.parts, numbered.ratios) AS member (part_id, ratio)
WHERE numbered.bundle <= 1000
