-- The staged rows, understood; part of other statements. kind: o offer, d removed, k refused but known which (what is stored
-- stays). Numbers come in normal form; where the sender wrote them otherwise, that is in raw.
SELECT s.ctid AS place, w.kind, p.brand_id, p.branch_id, n.part_id, s.number AS norm, coalesce(s.raw, s.number) AS raw,
    s.quantity, coalesce(w.said, CASE WHEN s.quantity IS NULL THEN 'unknown' WHEN s.quantity > 0 THEN 'in_stock'
        ELSE 'out_of_stock' END) AS availability,
    w.lifecycle, s.price_pence, w.currency, s.lead_time_days, s.expected_on, w.grade, s.seq
FROM feed_stage s
JOIN feed_place p ON p.id = s.place_id
JOIN feed_word w ON w.id = s.word_id
-- In the collation of the index, or a few changes would be looked up by reading all numbers there are.
LEFT JOIN parts_partnumber n ON n.norm = s.number COLLATE "default" AND n.brand_id = p.brand_id
