-- What the sources say of each asked part (%(part_ids)s) in one region (%(region)s; 12 is anywhere), and who could send it.
-- "Fresh" is decided here by the supplier's own limits at %(now)s; whether it can be got, by the branch's reach now.
WITH asked AS (SELECT DISTINCT unnest(%(part_ids)s::bigint[]) AS part_id),
said AS (
    SELECT o.part_id, o.quantity, o.availability, o.price_pence, o.lead_time_days, o.expected_on, o.grade,
           s.name AS supplier, s.confirmed_at, b.tier, b.latitude, b.longitude, b.name AS branch,
           dl.code AS dealer, dl.name AS dealer_name, dl.latitude AS dealer_latitude, dl.longitude AS dealer_longitude,
           br.stocked >> %(region)s & 1 = 1 AS is_fresh,
           br.ready >> %(region)s & 1 = 1 AS can_get,
           o.availability IN ('in_stock', 'limited') AND coalesce(o.quantity, 1) > 0 AS has_stock
    FROM asked a
    JOIN parts_offer o USING (part_id)
    JOIN parts_branch b ON b.id = o.branch_id
    JOIN parts_supplier s ON s.id = b.supplier_id
    JOIN parts_branchreach br ON br.branch_id = b.id
    LEFT JOIN dealers_dealer dl ON dl.id = b.dealer_id
)
SELECT a.part_id, p.lifecycle,
       coalesce(pa.ready >> %(region)s & 1, 0) = 1 AS is_ready,
       NOT coalesce(bc.is_covered, false) OR coalesce(pa.possible >> %(region)s & 1, 0) = 1 AS is_possible,
       coalesce(pa.stocked >> %(region)s & 1, 0) = 1 AS is_stocked,
       coalesce(f.in_stock, false), coalesce(f.limited, false), coalesce(f.backorder, false), coalesce(f.out, false),
       f.quantity, f.expected_on,
       cover.checked_at, cover.oldest_at, cover.fresh, cover.names_stale,
       coalesce(best.offers, '[]'::json)
FROM asked a
JOIN parts_part p ON p.id = a.part_id
LEFT JOIN parts_partavailability pa ON pa.part_id = a.part_id
LEFT JOIN parts_brandcover bc ON bc.brand_id = p.brand_id
LEFT JOIN LATERAL (
    SELECT bool_or(availability = 'in_stock' AND has_stock) AS in_stock,
           bool_or(availability = 'limited' AND has_stock) AS limited,
           bool_or(availability = 'on_backorder') AS backorder,
           bool_or(availability = 'out_of_stock' OR quantity = 0) AS out,
           sum(quantity) FILTER (WHERE has_stock AND can_get) AS quantity,
           min(expected_on) FILTER (WHERE availability <> 'in_stock' AND expected_on >= %(today)s) AS expected_on
    FROM said WHERE said.part_id = a.part_id AND is_fresh
) f ON true
LEFT JOIN LATERAL (
    SELECT max(s.confirmed_at) AS checked_at, min(s.confirmed_at) AS oldest_at,
           count(*) FILTER (WHERE s.confirmed_at + s.warn_after_s * interval '1 second' > %(now)s) AS fresh,
           array_agg(s.name ORDER BY s.name)
               FILTER (WHERE s.confirmed_at IS NULL OR s.confirmed_at + s.warn_after_s * interval '1 second' <= %(now)s)
               AS names_stale
    FROM parts_supplier_brands sb JOIN parts_supplier s ON s.id = sb.supplier_id
    WHERE sb.brand_id = p.brand_id
) cover ON true
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_object(
        'supplier', supplier, 'dealer', dealer, 'dealer_name', dealer_name, 'branch', branch, 'tier', tier,
        'quantity', quantity, 'price_pence', price_pence, 'lead_time_days', lead_time_days,
        'latitude', coalesce(latitude, dealer_latitude), 'longitude', coalesce(longitude, dealer_longitude),
        'confirmed_at', confirmed_at)) AS offers
    FROM (
        SELECT * FROM said
        WHERE said.part_id = a.part_id AND can_get AND has_stock
        ORDER BY lead_time_days NULLS LAST,
                 (coalesce(latitude, dealer_latitude) - %(latitude)s::float8) ^ 2
                     + (0.6 * (coalesce(longitude, dealer_longitude) - %(longitude)s::float8)) ^ 2 NULLS LAST,
                 CASE tier WHEN 'shelf' THEN 0 WHEN 'branch' THEN 1 ELSE 2 END,
                 price_pence NULLS LAST, supplier, branch
        LIMIT 3
    ) nearest
) best ON true
