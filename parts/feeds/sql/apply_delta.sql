-- The history first, while the delta still has the old values; then only what differs; then a mark for each part whose
-- availability may be another, in the same transaction.
INSERT INTO parts_offerchange (
    at, branch_id, part_id, availability_before, availability_after, quantity_before, quantity_after,
    price_pence_before, price_pence_after, expected_on_before, expected_on_after
)
SELECT %(at)s, branch_id, part_id,
    old_availability, CASE WHEN op <> 'D' THEN availability END,
    old_quantity, CASE WHEN op <> 'D' THEN quantity END,
    old_price_pence, CASE WHEN op <> 'D' THEN price_pence END,
    old_expected_on, CASE WHEN op <> 'D' THEN expected_on END
FROM feed_delta WHERE op IN ('I', 'U', 'D');
DELETE FROM parts_offer o USING feed_delta d
WHERE d.op = 'D' AND o.branch_id = d.branch_id AND o.part_id = d.part_id;
UPDATE parts_offer o SET
    quantity = d.quantity, availability = d.availability, lifecycle = d.lifecycle, price_pence = d.price_pence,
    currency = d.currency, lead_time_days = d.lead_time_days, expected_on = d.expected_on, grade = d.grade,
    seq = d.seq, changed_at = %(at)s
FROM feed_delta d WHERE d.op = 'U' AND o.branch_id = d.branch_id AND o.part_id = d.part_id;
INSERT INTO parts_offer (
    branch_id, part_id, quantity, availability, lifecycle, price_pence, currency, lead_time_days, expected_on, grade,
    seq, changed_at
)
SELECT branch_id, part_id, quantity, availability, lifecycle, price_pence, currency, lead_time_days, expected_on, grade,
    seq, %(at)s
FROM feed_delta WHERE op = 'I' ORDER BY branch_id, part_id;
INSERT INTO parts_dirty (kind, key)
SELECT DISTINCT 'p', part_id FROM feed_delta
WHERE op IN ('I', 'D') OR (op = 'U' AND (quantity, availability, lifecycle, grade)
    IS DISTINCT FROM (old_quantity, old_availability, old_lifecycle, old_grade))
