-- Where each repair can be done: rules.option_masks, requirement_masks, readiness and whatever_the_vin.
WITH option AS (
    SELECT
        listed.requirement_id, listed.serial_from, listed.serial_to,
        bit_and(CASE
            WHEN listed.quantity > 4 THEN 0
            ELSE coalesce(part.ready >> shift, 0) & %(all_regions)s
        END) AS ready,
        bit_and((coalesce(part.possible >> shift, 0) & %(all_regions)s) | CASE
            WHEN uncovered.id IS NULL THEN 0
            ELSE %(all_regions)s & ~coalesce(part.barred, 0)
        END) AS possible,
        bit_and(coalesce(part.stocked >> shift, 0) & %(all_regions)s) AS stocked
    FROM parts_requirementoption listed
    JOIN dirty_repair dirty ON dirty.id = listed.repair_id  -- only dirty
    LEFT JOIN parts_partavailability part ON part.part_id = listed.part_id
    LEFT JOIN (
        SELECT branded.id
        FROM parts_part branded
        LEFT JOIN parts_brandcover cover ON cover.brand_id = branded.brand_id
        WHERE cover.is_covered IS NOT TRUE
    ) uncovered ON uncovered.id = listed.part_id
    CROSS JOIN LATERAL (SELECT 13 * (least(listed.quantity, 4) - 1) AS shift) tier
    -- Alone, an option is a bundle of its own.
    GROUP BY listed.requirement_id, coalesce(listed.bundle, -listed.part_id), listed.serial_from, listed.serial_to
),
requirement AS (
    SELECT
        needed.repair_id, coalesce(split.number, 0) AS split,
        CASE
            WHEN count(option.ready) = 0 THEN 0
            WHEN needed.by_vin THEN bit_and(option.ready)
            ELSE bit_or(option.ready)
        END AS ready,
        coalesce(bit_or(option.possible), %(all_regions)s) AS possible,
        coalesce(bit_or(option.stocked), 0) AS stocked,
        needed.by_vin OR count(option.ready) = 0 AS must_identify
    FROM parts_requirement needed
    JOIN dirty_repair dirty ON dirty.id = needed.repair_id  -- only dirty
    LEFT JOIN parts_repairsplit split ON split.repair_id = needed.repair_id
    LEFT JOIN option ON option.requirement_id = needed.id AND (
        split.number IS NULL
        OR (option.serial_from <= split.starts_at AND (option.serial_to = '' OR option.serial_to >= split.starts_at))
    )
    GROUP BY needed.id, split.number
),
met AS (
    SELECT
        repair_id, split, bit_and(ready) AS ready, bit_and(possible) AS possible, bit_and(stocked) AS stocked,
        bool_or(must_identify) AS must_identify
    FROM requirement
    GROUP BY repair_id, split
),
word AS (
    SELECT word.repair_id, bit_or(word.regions & %(each_region)s) AS barred
    FROM parts_override word
    WHERE word.kind = 'repair_impossible' AND word.expires_at > %(now)s
    GROUP BY word.repair_id
),
decided AS (
    SELECT
        repair.id AS repair_id,
        coalesce(met.split, 0) AS split,
        (parts_ready & found.identify & found.diagnostics & found.programming)::int AS ready,
        (parts_possible & found.identify & found.diagnostics & found.programming)::int AS possible,
        parts_ready::int, parts_possible::int, parts_stocked::int,
        found.identify, found.diagnostics, found.programming
    FROM parts_repair repair
    JOIN dirty_repair dirty ON dirty.id = repair.id  -- only dirty
    JOIN parts_vehiclemodel model ON model.id = repair.model_id
    JOIN parts_makereach make ON make.make_id = model.make_id
    LEFT JOIN met ON met.repair_id = repair.id
    LEFT JOIN word ON word.repair_id = repair.id
    CROSS JOIN LATERAL (
        SELECT
            coalesce(word.barred, 0) AS no,
            %(each_region)s & ~coalesce(word.barred, 0) AS open_regions,
            coalesce(met.ready, %(all_regions)s) AS had_ready,
            coalesce(met.possible, %(all_regions)s) AS had_possible,
            coalesce(met.stocked, %(all_regions)s) AS had_stocked,
            CASE WHEN met.must_identify THEN make.catalogue ELSE %(all_regions)s END AS identify,
            CASE WHEN repair.needs_diagnostics THEN make.diagnostics ELSE %(all_regions)s END AS diagnostics,
            CASE WHEN repair.needs_programming THEN make.programming ELSE %(all_regions)s END AS programming
    ) found
    -- Less the barred regions; "anywhere" stays where a region is left.
    CROSS JOIN LATERAL (
        SELECT
            CASE WHEN no = 0 THEN had_ready
                ELSE (had_ready & open_regions) | (((had_ready & open_regions) + %(each_region)s) & %(anywhere)s) END AS parts_ready,
            CASE WHEN no = 0 THEN had_possible
                ELSE (had_possible & open_regions) | (((had_possible & open_regions) + %(each_region)s) & %(anywhere)s) END AS parts_possible,
            CASE WHEN no = 0 THEN had_stocked
                ELSE (had_stocked & open_regions) | (((had_stocked & open_regions) + %(each_region)s) & %(anywhere)s) END AS parts_stocked
    ) less
)
SELECT
    repair_id, split, ready, possible, parts_ready, parts_possible, parts_stocked, identify, diagnostics, programming
FROM decided
UNION ALL
-- Whichever split the VIN falls in. Where one can be identified, those that cannot are not counted as possible.
SELECT
    repair_id, 0, bit_and(ready), bit_or(possible), bit_and(parts_ready),
    bit_or(parts_possible & identify) | (bit_or(parts_possible) & ~bit_or(identify)),
    bit_or(parts_stocked), bit_or(identify), bit_and(diagnostics), bit_and(programming)
FROM decided
WHERE split <> 0
GROUP BY repair_id
