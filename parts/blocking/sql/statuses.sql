-- What stands in the way of each vehicle, or would if what was advised failed: rules.reasons and verdict.
-- Only vehicles with a reason. The reasons of advisories travel eight bits up.
SELECT
    vehicle_id,
    CASE
        WHEN (named & %(blocking)s) <> 0 THEN 'blocked'
        WHEN (named & %(reasons)s) <> 0 THEN 'unknown'
        -- LIMIT keeps this a look at the one vehicle's needs, and it is reached only where nothing that failed is named.
        WHEN (
            SELECT true FROM parts_repairneed failed
            WHERE failed.vehicle_id = concerned.vehicle_id AND failed.is_failing
            LIMIT 1
        ) THEN 'repairable'
        ELSE 'no_repair_needed'
    END AS status,
    (named & %(reasons)s)::smallint AS reasons,
    (named >> 8)::smallint AS risk
FROM (
    SELECT
        need.vehicle_id,
        bit_or(CASE
            WHEN repair.repair_id IS NULL THEN %(repair_unknown)s
            ELSE CASE
                WHEN (repair.parts_ready >> need.region) & 1 = 1 THEN 0
                WHEN (repair.parts_possible >> need.region) & 1 = 1 THEN %(availability_unknown)s
                WHEN (repair.parts_stocked >> need.region) & 1 = 1 THEN %(cannot_order)s
                WHEN (repair.parts_possible & %(anywhere)s) <> 0 THEN %(part_not_in_region)s
                WHEN (repair.parts_stocked & %(anywhere)s) <> 0 THEN %(cannot_order)s
                ELSE %(part_unavailable)s
            END
                | CASE WHEN (repair.diagnostics >> need.region) & 1 = 1 THEN 0 ELSE %(no_diagnostics)s END
                | CASE WHEN (repair.programming >> need.region) & 1 = 1 THEN 0 ELSE %(no_programming)s END
                | CASE WHEN (repair.identify >> need.region) & 1 = 1 THEN 0 ELSE %(cannot_identify_part)s END
        END << CASE WHEN need.is_failing THEN 0 ELSE 8 END) AS named
    FROM parts_repairneed need
    JOIN touched_vehicle touched ON touched.id = need.vehicle_id  -- only dirty
    LEFT JOIN parts_readiness repair ON repair.repair_id = need.repair_id AND repair.split = need.split
    WHERE NOT need.needs_nothing AND coalesce((repair.ready >> need.region) & 1, 0) = 0
    GROUP BY need.vehicle_id
) concerned
