-- The staged rows, understood; part of other statements. kind: o offer, d removed, k refused but known which (what is stored
-- stays). Numbers come in normal form; where the sender wrote them otherwise, that is in raw.
SELECT s.place, s.kind, b.brand_id, p.branch_id, n.part_id, s.norm, s.raw, s.quantity, s.availability,
    s.lifecycle, s.price_pence, s.currency, s.lead_time_days, s.expected_on, s.grade, s.seq
FROM (
    SELECT ctid AS place, (CASE WHEN removed = 'kept]' THEN 'k' WHEN removed = 'true]' OR said = 'not_listed' THEN 'd'
            ELSE 'o' END)::"char" AS kind,
        brand, coalesce(branch, %(implied_branch)s) AS branch,
        substr(number, 2) AS norm,
        coalesce(nullif(raw, '[]'), substr(number, 2)) AS raw,
        quantity, coalesce(said, CASE WHEN quantity IS NULL THEN 'unknown' WHEN quantity > 0 THEN 'in_stock'
            ELSE 'out_of_stock' END) AS availability,
        coalesce(lifecycle, 'active') AS lifecycle, price_pence, coalesce(currency, %(currency)s) AS currency,
        lead_time_days, expected_on, coalesce(grade, 'genuine') AS grade, seq
    FROM feed_stage
) s
JOIN feed_brand b ON b.brand = s.brand
JOIN feed_branch p ON p.branch = s.branch
-- In the collation of the index, or a few changes would be looked up by reading all numbers there are.
LEFT JOIN parts_partnumber n ON n.norm = s.norm COLLATE "default" AND n.brand_id = b.brand_id
