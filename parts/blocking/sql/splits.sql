-- The stretches of chassis numbers within which the same parts fit, for each repair with any limit to them: rules.splits.
SELECT
    repair_id, row_number() OVER in_order AS number, starts_at, lead(starts_at, 1, '') OVER in_order AS ends_before
FROM (
    SELECT option.repair_id, limits.starts_at COLLATE "C" AS starts_at
    FROM parts_requirementoption option
    JOIN marked_repair dirty ON dirty.id = option.repair_id  -- only dirty
    CROSS JOIN LATERAL (SELECT substring(option.serial_to FROM '[0-9]+$') AS digits) last
    -- After a number comes the next: rules.serial_after.
    CROSS JOIN LATERAL (VALUES (''), (option.serial_from), (
        CASE
            WHEN option.serial_to ~ '[0-8]9*$' THEN
                left(option.serial_to, -length(digits)) || lpad((digits::bigint + 1)::text, length(digits), '0')
            WHEN option.serial_to <> '' THEN option.serial_to || ' '
        END
    )) limits (starts_at)
    WHERE (option.serial_from <> '' OR option.serial_to <> '') AND limits.starts_at IS NOT NULL
    GROUP BY 1, 2
) starting
WINDOW in_order AS (PARTITION BY repair_id ORDER BY starts_at)
