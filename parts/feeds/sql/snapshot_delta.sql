-- What a whole snapshot makes different. op: I new, U changed, D no longer listed. An offer changed by something newer than
-- the snapshot is left alone; so is one whose row was refused.
DROP TABLE IF EXISTS pg_temp.feed_delta;
CREATE TEMP TABLE feed_delta ON COMMIT DROP AS
SELECT
    coalesce(s.branch_id, o.branch_id) AS branch_id,
    coalesce(s.part_id, o.part_id) AS part_id,
    s.brand_id, s.norm, s.raw,
    s.quantity, s.availability, s.lifecycle, s.price_pence, s.currency, s.lead_time_days, s.expected_on, s.grade,
    least(coalesce(s.seq, %(sequence)s), %(sequence)s) AS seq,
    o.quantity AS old_quantity, o.availability AS old_availability, o.lifecycle AS old_lifecycle,
    o.price_pence AS old_price_pence, o.expected_on AS old_expected_on, o.grade AS old_grade,
    (CASE WHEN o.part_id IS NULL THEN 'I' WHEN s.norm IS NULL THEN 'D' ELSE 'U' END)::"char" AS op
FROM ({rows}) s
FULL JOIN (
    SELECT * FROM parts_offer WHERE branch_id = ANY (%(own_branches)s::bigint[])
) o ON o.part_id = s.part_id AND o.branch_id = s.branch_id
WHERE s.kind IS DISTINCT FROM 'k'
  AND (o.seq IS NULL OR o.seq <= %(sequence)s)
  AND (
    o.part_id IS NULL OR s.norm IS NULL
    OR (o.quantity, o.availability, o.price_pence, o.lead_time_days, o.expected_on, o.lifecycle, o.grade, o.currency)
       IS DISTINCT FROM
       (s.quantity, s.availability, s.price_pence, s.lead_time_days, s.expected_on, s.lifecycle, s.grade, s.currency)
  )
