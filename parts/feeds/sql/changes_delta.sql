-- What some changes make different. op: I new, U changed, D removed, S said again (only its sequence is news),
-- T removed though we had none. A change no newer than the offer, or than its removal, is left out.
DROP TABLE IF EXISTS pg_temp.feed_delta;
CREATE TEMP TABLE feed_delta ON COMMIT DROP AS
SELECT
    s.branch_id, s.part_id, s.brand_id, s.norm, s.raw,
    s.quantity, s.availability, s.lifecycle, s.price_pence, s.currency, s.lead_time_days, s.expected_on, s.grade,
    s.said_seq AS seq,
    o.quantity AS old_quantity, o.availability AS old_availability, o.lifecycle AS old_lifecycle,
    o.price_pence AS old_price_pence, o.expected_on AS old_expected_on, o.grade AS old_grade,
    (CASE
        WHEN s.kind = 'd' AND o.part_id IS NULL THEN 'T'
        WHEN s.kind = 'd' THEN 'D'
        WHEN o.part_id IS NULL THEN 'I'
        WHEN (o.quantity, o.availability, o.price_pence, o.lead_time_days, o.expected_on, o.lifecycle, o.grade, o.currency)
             IS DISTINCT FROM
             (s.quantity, s.availability, s.price_pence, s.lead_time_days, s.expected_on, s.lifecycle, s.grade, s.currency)
        THEN 'U' ELSE 'S'
    END)::"char" AS op
FROM (SELECT r.*, coalesce(r.seq, %(sequence)s) AS said_seq FROM ({rows}) r WHERE r.kind <> 'k') s
LEFT JOIN parts_offer o ON o.branch_id = s.branch_id AND o.part_id = s.part_id
LEFT JOIN parts_tombstone t ON t.branch_id = s.branch_id AND t.part_id = s.part_id
WHERE s.said_seq > greatest(o.seq, t.seq, -1)
