-- What the sources say of each asked part (%(part_ids)s) in one region (%(region)s; 12 is anywhere), and who could send it.
-- "Fresh" is decided here by the supplier's own limits at %(now)s; whether it can be got, by the branch's reach now.
WITH asked AS (
    SELECT p.id AS part_id, p.brand_id, p.lifecycle FROM parts_part p WHERE p.id = ANY(%(part_ids)s)
),
said AS (
    SELECT o.part_id, o.quantity, o.availability, o.price_pence, o.lead_time_days, o.expected_on, b.tier,
           b.name AS branch, b.supplier_id, b.dealer_id, b.latitude, b.longitude,
           br.stocked >> %(region)s & 1 = 1 AS is_fresh, br.stocked <> 0 AS is_fresh_anywhere, o.lifecycle,
           br.ready >> %(region)s & 1 = 1 AS can_get,
           o.availability IN ('in_stock', 'limited') AND coalesce(o.quantity, 1) > 0 AS has_stock
    FROM asked
    JOIN parts_offer o USING (part_id)
    JOIN parts_branch b ON b.id = o.branch_id
    JOIN parts_branchreach br ON br.branch_id = b.id
),
summary AS (
    SELECT part_id,
           bool_or(availability = 'in_stock' AND has_stock) AS in_stock,
           bool_or(availability = 'limited' AND has_stock) AS limited,
           bool_or(availability = 'on_backorder') AS backorder,
           bool_or(availability = 'out_of_stock' OR quantity = 0) AS out,
           sum(quantity) FILTER (WHERE has_stock AND can_get) AS quantity,
           min(expected_on) FILTER (WHERE availability <> 'in_stock' AND expected_on >= %(today)s) AS expected_on
    FROM said WHERE is_fresh GROUP BY part_id
),
-- A source that sells the part is believed before one that says it is gone.
lives AS (
    SELECT part_id, (array_agg(lifecycle ORDER BY lifecycle))[1] AS lifecycle
    FROM said WHERE is_fresh_anywhere AND lifecycle <> 'listed' GROUP BY part_id
),
-- Soonest first, then nearest: a degree of longitude is about 0.6 of one of latitude here.
ranked AS (
    SELECT said.*, s.name AS supplier, s.confirmed_at, dl.code AS dealer, dl.name AS dealer_name,
           coalesce(said.latitude, dl.latitude) AS north, coalesce(said.longitude, dl.longitude) AS east,
           row_number() OVER (
               PARTITION BY part_id
               ORDER BY lead_time_days NULLS LAST,
                        (coalesce(said.latitude, dl.latitude) - %(latitude)s::float8) ^ 2
                            + (0.6 * (coalesce(said.longitude, dl.longitude) - %(longitude)s::float8)) ^ 2 NULLS LAST,
                        CASE tier WHEN 'shelf' THEN 0 WHEN 'branch' THEN 1 ELSE 2 END,
                        price_pence NULLS LAST, s.name, said.branch
           ) AS place
    FROM said
    JOIN parts_supplier s ON s.id = said.supplier_id
    LEFT JOIN dealers_dealer dl ON dl.id = said.dealer_id
    WHERE can_get AND has_stock
),
best AS (
    SELECT part_id, json_agg(json_build_object(
        'supplier', supplier, 'dealer', dealer, 'dealer_name', dealer_name, 'branch', branch, 'tier', tier,
        'quantity', quantity, 'price_pence', price_pence, 'lead_time_days', lead_time_days,
        'latitude', north, 'longitude', east) ORDER BY place) AS offers
    FROM ranked WHERE place <= 3 GROUP BY part_id
),
cover AS (
    SELECT sb.brand_id, max(s.confirmed_at) AS checked_at, min(s.confirmed_at) AS oldest_at,
           count(*) FILTER (WHERE fresh.is_so) AS fresh,
           array_agg(s.name ORDER BY s.name) FILTER (WHERE fresh.is_so IS NOT TRUE) AS names_stale
    FROM parts_supplier_brands sb
    JOIN parts_supplier s ON s.id = sb.supplier_id
    CROSS JOIN LATERAL (SELECT s.confirmed_at + s.warn_after_s * interval '1 second' > %(now)s AS is_so) fresh
    WHERE sb.brand_id IN (SELECT brand_id FROM asked)
    GROUP BY sb.brand_id
)
SELECT asked.part_id, CASE asked.lifecycle WHEN 'listed' THEN coalesce(lives.lifecycle, 'listed') ELSE asked.lifecycle END,
       coalesce(pa.ready >> %(region)s & 1, 0) = 1 AS is_ready,
       coalesce(pa.possible >> %(region)s & 1, 0) = 1
           OR (NOT coalesce(bc.is_covered, false) AND coalesce(pa.barred >> %(region)s & 1, 0) = 0) AS is_possible,
       coalesce(summary.in_stock, false), coalesce(summary.limited, false), coalesce(summary.backorder, false),
       coalesce(summary.out, false), summary.quantity, summary.expected_on,
       cover.checked_at, cover.oldest_at, cover.fresh, cover.names_stale,
       coalesce(best.offers, '[]'::json)
FROM asked
LEFT JOIN parts_partavailability pa ON pa.part_id = asked.part_id
LEFT JOIN parts_brandcover bc ON bc.brand_id = asked.brand_id
LEFT JOIN lives ON lives.part_id = asked.part_id
LEFT JOIN summary ON summary.part_id = asked.part_id
LEFT JOIN best ON best.part_id = asked.part_id
LEFT JOIN cover ON cover.brand_id = asked.brand_id
