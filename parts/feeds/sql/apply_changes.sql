-- For changes only: a value said again moves its sequence, so that a late change does not undo it; what was removed leaves
-- a tombstone, and what came back takes it away.
UPDATE parts_offer o SET seq = d.seq FROM feed_delta d
WHERE d.op = 'S' AND o.branch_id = d.branch_id AND o.part_id = d.part_id;
INSERT INTO parts_tombstone (branch_id, part_id, seq)
SELECT branch_id, part_id, seq FROM feed_delta WHERE op IN ('D', 'T') ORDER BY branch_id, part_id
ON CONFLICT (branch_id, part_id) DO UPDATE SET seq = excluded.seq;
DELETE FROM parts_tombstone t USING feed_delta d
WHERE d.op = 'I' AND t.branch_id = d.branch_id AND t.part_id = d.part_id
