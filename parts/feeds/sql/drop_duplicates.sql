-- Of rows that speak of one offer the newest by its sequence stays, then the later in the file; a good one before a
-- refused one. Where rows of a snapshot disagree and nothing says which is newer, none is believed: the offer stays as it is.
-- ctid is the order of the file, as the table was only ever appended to.
WITH keyed AS (
    SELECT s.ctid AS place, s.kind, s.seq, s.branch, n.part_id,
        CASE WHEN n.part_id IS NULL THEN s.brand END AS brand, CASE WHEN n.part_id IS NULL THEN s.norm END AS norm,
        (s.quantity, s.availability, s.price_pence, s.lead_time_days, s.expected_on, s.lifecycle, s.grade, s.currency)
            AS said
    FROM feed_stage s
    LEFT JOIN parts_partnumber n ON n.norm = s.norm AND n.brand_id = (%(brands)s::bigint[])[s.brand]
), repeated AS (
    SELECT branch, part_id, brand, norm FROM keyed GROUP BY branch, part_id, brand, norm HAVING count(*) > 1
), ranked AS (
    SELECT k.place, k.kind, k.seq, k.said, row_number() OVER ordered AS rank,
        lead(k.kind) OVER ordered AS next_kind, lead(k.seq) OVER ordered AS next_seq, lead(k.said) OVER ordered AS next_said
    FROM keyed k JOIN repeated r ON r.branch = k.branch AND r.part_id IS NOT DISTINCT FROM k.part_id
        AND r.brand IS NOT DISTINCT FROM k.brand AND r.norm IS NOT DISTINCT FROM k.norm
    WINDOW ordered AS (
        PARTITION BY k.branch, k.part_id, k.brand, k.norm ORDER BY k.kind = 'k', k.seq DESC NULLS LAST, k.place DESC
    )
), disputed AS (
    UPDATE feed_stage s SET kind = 'k' FROM ranked r
    WHERE %(is_snapshot)s AND r.rank = 1 AND s.ctid = r.place AND r.kind = 'o' AND r.next_kind = 'o'
        AND r.next_seq IS NOT DISTINCT FROM r.seq AND r.next_said IS DISTINCT FROM r.said
    RETURNING 1
), dropped AS (
    DELETE FROM feed_stage s USING ranked r WHERE r.rank > 1 AND s.ctid = r.place RETURNING r.kind
)
SELECT (SELECT count(*) FROM dropped WHERE kind <> 'k'), (SELECT count(*) FROM disputed)
