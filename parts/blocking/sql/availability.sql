-- Where each part can be had, four quantities packed in one number: rules.availability.
-- Times `every_tier`, a mask stands in all four tiers; times the tiers of a quantity, in those it fills.
WITH offered AS (
    SELECT
        part_id,
        bit_or(ready * surely) AS ready, bit_or(possible * perhaps) AS possible, bit_or(stocked * surely) AS stocked
    FROM (
        SELECT
            offer.part_id, reach.ready, reach.possible, reach.stocked,
            CASE
                WHEN offer.availability = 'unknown' THEN 0
                WHEN offer.quantity >= 4 THEN %(every_tier)s
                WHEN offer.quantity = 3 THEN %(three_tiers)s
                WHEN offer.quantity = 2 THEN %(two_tiers)s
                ELSE 1
            END AS surely,
            CASE
                WHEN offer.availability = 'unknown' OR offer.quantity IS NULL OR offer.quantity >= 4
                    OR reach.stocked = 0 THEN %(every_tier)s
                WHEN offer.quantity = 3 THEN %(three_tiers)s
                WHEN offer.quantity = 2 THEN %(two_tiers)s
                ELSE 1
            END AS perhaps
        FROM parts_offer offer
        JOIN dirty_part dirty ON dirty.id = offer.part_id  -- only dirty
        JOIN parts_branchreach reach ON reach.branch_id = offer.branch_id
        -- A branch that reaches somewhere and has nothing `stocked` is one whose source is not fresh.
        WHERE (reach.possible | reach.stocked) <> 0
            AND (
                reach.stocked = 0
                OR offer.availability = 'unknown'
                OR (offer.quantity IS DISTINCT FROM 0 AND offer.availability IN ('in_stock', 'limited'))
            )
    ) counted
    GROUP BY part_id
),
word AS (
    SELECT
        word.part_id,
        bit_or(CASE WHEN word.kind = 'part_obtainable' AND word.regions <> 0 THEN word.regions | %(anywhere)s ELSE 0 END)
            AS granted,
        bit_or(CASE WHEN word.kind = 'part_unobtainable' THEN word.regions & %(each_region)s ELSE 0 END) AS barred
    FROM parts_override word
    JOIN dirty_part dirty ON dirty.id = word.part_id  -- only dirty
    WHERE word.kind <> 'repair_impossible' AND word.expires_at > %(now)s
    GROUP BY word.part_id
)
SELECT part_id, less.ready, less.possible, less.stocked, barred
FROM (
    SELECT
        coalesce(offered.part_id, word.part_id) AS part_id,
        coalesce(offered.ready, 0) | coalesce(word.granted, 0) * %(every_tier)s AS had_ready,
        coalesce(offered.possible, 0) | coalesce(word.granted, 0) * %(every_tier)s AS had_possible,
        coalesce(offered.stocked, 0) | coalesce(word.granted, 0) * %(every_tier)s AS had_stocked,
        CASE WHEN word.barred = %(each_region)s THEN %(all_regions)s ELSE coalesce(word.barred, 0) END AS barred,
        (%(each_region)s & ~coalesce(word.barred, 0)) * %(every_tier)s AS open_tiers
    FROM offered FULL JOIN word ON word.part_id = offered.part_id
) found
-- Less the barred regions. "Anywhere" stays in a tier that has a region left: adding all regions to it carries there.
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN barred = 0 THEN had_ready
            ELSE (had_ready & open_tiers) | (((had_ready & open_tiers) + %(each_region_tiers)s) & %(anywhere_tiers)s)
            END AS ready,
        CASE WHEN barred = 0 THEN had_possible
            ELSE (had_possible & open_tiers)
                | (((had_possible & open_tiers) + %(each_region_tiers)s) & %(anywhere_tiers)s) END AS possible,
        CASE WHEN barred = 0 THEN had_stocked
            ELSE (had_stocked & open_tiers)
                | (((had_stocked & open_tiers) + %(each_region_tiers)s) & %(anywhere_tiers)s) END AS stocked
) less
WHERE (less.possible | less.stocked | barred) <> 0
