-- The parts to look at: marked, offered where a branch's reach changed, or with an admin's word that ran out.
SELECT key AS id FROM dirty_mark WHERE kind = 'p'
UNION
SELECT offer.part_id
FROM delta_branch_reach branch
-- OFFSET 0 keeps the planner from scanning all offers for the sake of a few branches, whose rows lie together.
CROSS JOIN LATERAL (SELECT part_id FROM parts_offer offer WHERE offer.branch_id = branch.branch_id OFFSET 0) offer
UNION
SELECT part_id FROM parts_override
WHERE part_id IS NOT NULL AND expires_at > %(last)s AND expires_at <= %(now)s
