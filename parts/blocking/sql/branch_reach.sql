-- The regions each branch supplies now: rules.branch_reach.
SELECT
    branch.id AS branch_id,
    CASE WHEN is_fresh AND is_orderable THEN found.reach ELSE 0 END AS ready,
    CASE WHEN is_orderable THEN found.reach ELSE 0 END AS possible,
    CASE WHEN is_fresh THEN found.reach ELSE 0 END AS stocked
FROM parts_branch branch
JOIN parts_supplier supplier ON supplier.id = branch.supplier_id
LEFT JOIN dealers_dealer dealer ON dealer.id = branch.dealer_id
CROSS JOIN LATERAL (
    SELECT
        coalesce(%(now)s < supplier.confirmed_at + supplier.warn_after_s * interval '1 second', false) AS is_fresh,
        branch.tier = 'shelf' OR NOT EXISTS (
            SELECT FROM dealers_status status
            WHERE status.dealer_id = branch.dealer_id
                AND status.system IN ('parts_ordering', 'parts_distribution')
                AND status.state = 'down'
        ) AS is_orderable,
        CASE
            WHEN branch.reach = 0 OR NOT dealer.is_active THEN 0
            WHEN branch.tier <> 'shelf' OR dealer.id IS NULL THEN branch.reach | %(anywhere)s
            WHEN ((branch.reach | %(anywhere)s) >> dealer.region) & 1 = 1 THEN (1 << dealer.region) | %(anywhere)s
            ELSE 0
        END AS reach
) found
