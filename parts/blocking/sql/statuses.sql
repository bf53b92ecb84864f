-- What stands in the way of each vehicle: rules.reasons and verdict. Only vehicles with a reason, and only what failed:
-- whether an advisory could be mended is asked by those who read it, one vehicle at a time.
SELECT
    vehicle_id,
    CASE WHEN (named & %(blocking)s) <> 0 THEN 'blocked' ELSE 'unknown' END AS status,
    named::smallint AS reasons
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
        END) AS named
    FROM parts_repairneed need
    JOIN touched_vehicle touched ON touched.id = need.vehicle_id  -- only dirty
    LEFT JOIN parts_readiness repair ON repair.repair_id = need.repair_id AND repair.split = need.split
    WHERE need.is_failing
        AND NOT need.needs_nothing
        -- IS DISTINCT FROM for the planner, who takes an equation for rare and this for common.
        AND ((repair.ready >> need.region) & 1) IS DISTINCT FROM 1
    GROUP BY need.vehicle_id
) concerned
