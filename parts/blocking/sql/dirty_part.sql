-- The parts to look at: marked, offered where a branch's reach changed, or with an admin's word that ran out.
SELECT key AS id FROM dirty_mark WHERE kind = 'p'
UNION
SELECT offer.part_id FROM delta_branch_reach branch JOIN parts_offer offer ON offer.branch_id = branch.branch_id
UNION
SELECT part_id FROM parts_override
WHERE part_id IS NOT NULL AND expires_at > %(last)s AND expires_at <= %(now)s
