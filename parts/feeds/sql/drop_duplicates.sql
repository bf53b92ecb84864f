-- Of rows that speak of one offer, the newest by its sequence stays, then the later in the file; a good one before a
-- refused one. ctid is the order of the file: the table was only ever appended to.
DELETE FROM feed_stage s USING (
    SELECT s.ctid AS place, row_number() OVER (
        PARTITION BY s.branch, n.part_id, CASE WHEN n.part_id IS NULL THEN s.brand END,
            CASE WHEN n.part_id IS NULL THEN s.norm END
        ORDER BY s.kind = 'k', s.seq DESC NULLS LAST, s.ctid DESC
    ) AS rank
    FROM feed_stage s
    LEFT JOIN parts_partnumber n ON n.norm = s.norm AND n.brand_id = (%(brands)s::bigint[])[s.brand]
) ranked
WHERE s.ctid = ranked.place AND ranked.rank > 1
