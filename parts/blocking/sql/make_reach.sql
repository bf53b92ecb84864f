-- Where a dealer of each make has each system not down: rules.make_reach.
SELECT
    make.id AS make_id,
    coalesce(bit_or(serving.reach) FILTER (WHERE NOT 'parts_catalogue' = ANY (serving.down)), 0) AS catalogue,
    coalesce(bit_or(serving.reach) FILTER (WHERE NOT 'diagnostics' = ANY (serving.down)), 0) AS diagnostics,
    coalesce(bit_or(serving.reach) FILTER (WHERE NOT 'programming' = ANY (serving.down)), 0) AS programming
FROM dealers_make make
LEFT JOIN (
    SELECT
        serves.make_id,
        (%(reach_of)s::int[])[dealer.region + 1] AS reach,
        ARRAY(
            SELECT status.system::text FROM dealers_status status
            WHERE status.dealer_id = dealer.id AND status.state = 'down'
        ) AS down
    FROM dealers_dealer_makes serves
    JOIN dealers_dealer dealer ON dealer.id = serves.dealer_id
    WHERE dealer.is_active
) serving ON serving.make_id = make.id
GROUP BY make.id
