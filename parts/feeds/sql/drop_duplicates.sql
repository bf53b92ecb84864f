-- Of rows that speak of one offer the newest by its sequence stays, then the later in the file; a good one before a
-- refused one. Where rows of a snapshot disagree and nothing says which is newer, none is believed: the offer stays as it
-- is. Place (ctid) is the order of the file, as the table was only ever appended to.
WITH keyed AS (
    SELECT place, kind, seq, branch_id, part_id,
        CASE WHEN part_id IS NULL THEN brand_id END AS brand_id, CASE WHEN part_id IS NULL THEN norm END AS norm,
        (quantity, availability, price_pence, lead_time_days, expected_on, lifecycle, grade, currency) AS word
    FROM ({rows}) r
), repeated AS (
    SELECT branch_id, part_id, brand_id, norm FROM keyed GROUP BY branch_id, part_id, brand_id, norm HAVING count(*) > 1
), ranked AS (
    SELECT k.place, k.kind, k.seq, k.word, row_number() OVER ordered AS rank,
        lead(k.kind) OVER ordered AS next_kind, lead(k.seq) OVER ordered AS next_seq, lead(k.word) OVER ordered AS next_word
    FROM keyed k JOIN repeated r ON r.branch_id = k.branch_id AND r.part_id IS NOT DISTINCT FROM k.part_id
        AND r.brand_id IS NOT DISTINCT FROM k.brand_id AND r.norm IS NOT DISTINCT FROM k.norm
    WINDOW ordered AS (
        PARTITION BY k.branch_id, k.part_id, k.brand_id, k.norm
        ORDER BY k.kind = 'k', k.seq DESC NULLS LAST, k.place DESC
    )
), disputed AS (
    UPDATE feed_stage s SET word_id = 0 FROM ranked r
    WHERE %(is_snapshot)s AND r.rank = 1 AND s.ctid = r.place AND r.kind = 'o' AND r.next_kind = 'o'
        AND r.next_seq IS NOT DISTINCT FROM r.seq AND r.next_word IS DISTINCT FROM r.word
    RETURNING 1
), dropped AS (
    DELETE FROM feed_stage s USING ranked r WHERE r.rank > 1 AND s.ctid = r.place RETURNING r.kind
)
SELECT (SELECT count(*) FROM dropped WHERE kind <> 'k'), (SELECT count(*) FROM disputed)
