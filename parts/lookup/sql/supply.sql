-- What the sources say of each asked part (%(part_ids)s, each seen from its own of %(regions)s; 12 is anywhere), and who
-- could send it. "Fresh" is decided by the suppliers' own limits, whether it can be got by the branches' reach, both as of
-- the last drain. Most offers say "none": they are read only of parts that no offer with stock answers for.
WITH asked AS (
    SELECT a.seat, a.part_id, a.region, p.brand_id, p.lifecycle
    FROM unnest(%(part_ids)s::bigint[], %(regions)s::int[]) WITH ORDINALITY AS a (part_id, region, seat)
    JOIN parts_part p ON p.id = a.part_id
),
-- Where offers lie: of many parts, all branches read once, since most of them have an offer; of a few, those that have.
source AS {kept} (
    SELECT br.branch_id, br.stocked, br.ready, middle.latitude, middle.longitude,
           CASE b.tier WHEN 'shelf' THEN 0 WHEN 'branch' THEN 1 ELSE 2 END AS farness,
           rtrim(json_build_array(
               s.name, dl.code, coalesce(dl.name, nullif(b.name, '')), b.tier, middle.latitude, middle.longitude
           )::text, ']') AS whose
    FROM parts_branchreach br
    JOIN parts_branch b ON b.id = br.branch_id
    JOIN parts_supplier s ON s.id = b.supplier_id
    LEFT JOIN dealers_dealer dl ON dl.id = b.dealer_id
    CROSS JOIN LATERAL (
        SELECT coalesce(b.latitude, dl.latitude) AS latitude, coalesce(b.longitude, dl.longitude) AS longitude
    ) middle
    WHERE br.stocked <> 0
),
-- A degree of longitude is about 0.6 of one of latitude here.
stock AS (
    SELECT a.seat, br.branch_id, br.whose, br.farness, o.quantity, o.price_pence, o.lead_time_days,
           o.availability = 'limited' AS is_limited,
           o.lifecycle = 'active' AS is_sold,
           br.stocked >> a.region & 1 = 1 AS is_here,
           br.ready >> a.region & 1 = 1 AS can_get,
           (br.latitude - %(latitude)s::float8) ^ 2 + (0.6 * (br.longitude - %(longitude)s::float8)) ^ 2 AS far
    FROM asked a
    JOIN parts_offer o ON o.part_id = a.part_id AND o.availability IN ('in_stock', 'limited')
    JOIN source br USING (branch_id)
    WHERE coalesce(o.quantity, 1) > 0
),
-- Of what can be got: soonest first, then nearest. Of what lies out of reach: nearest first.
ranked AS (
    SELECT stock.*, row_number() OVER (
               PARTITION BY seat
               ORDER BY can_get DESC, is_here, CASE WHEN can_get THEN lead_time_days END, far, lead_time_days, farness,
                        price_pence, branch_id) AS place
    FROM stock
),
-- The best offers' JSON: what is the same for all of a branch (`whose`, an array left open) was made once. The rest is put
-- together as text; `json_build_array` would take twice as long.
had AS (
    SELECT seat,
           bool_or(is_here AND NOT is_limited) AS in_stock,
           bool_or(is_here AND is_limited) AS limited,
           bool_or(NOT is_limited) FILTER (WHERE NOT is_here) AS in_stock_elsewhere,
           bool_or(is_sold) AS is_sold,
           sum(quantity) FILTER (WHERE can_get) AS quantity,
           '[' || string_agg(concat_ws(
               ',', whose, coalesce(quantity::text, 'null'), coalesce(price_pence::text, 'null'),
               coalesce(lead_time_days::text, 'null'), is_limited::text, can_get::text, is_here::text
           ) || ']', ',' ORDER BY place) FILTER (WHERE place <= 3) || ']' AS offers
    FROM ranked GROUP BY seat
),
-- The same for all parts of a brand, so as one text that is read once.
cover AS (
    SELECT sb.brand_id, json_build_array(
               max(s.confirmed_at), min(s.confirmed_at), count(*) FILTER (WHERE fresh.is_so),
               coalesce(json_agg(s.name ORDER BY s.name) FILTER (WHERE fresh.is_so IS NOT TRUE), '[]'))::text AS words
    FROM parts_supplier_brands sb
    JOIN parts_supplier s ON s.id = sb.supplier_id
    CROSS JOIN LATERAL (
        SELECT s.confirmed_at + s.warn_after_s * interval '1 second' > %(now)s::timestamptz AS is_so
    ) fresh
    WHERE sb.brand_id IN (SELECT brand_id FROM asked)
    GROUP BY sb.brand_id
)
SELECT asked.part_id, asked.region,
       -- A source that sells the part is believed before one that says it is gone: "active" comes first by its letter, too.
       CASE
           WHEN asked.lifecycle <> 'listed' THEN asked.lifecycle
           WHEN had.is_sold THEN 'active'
           ELSE coalesce((
               SELECT min(o.lifecycle) FROM parts_offer o JOIN parts_branchreach br ON br.branch_id = o.branch_id
               WHERE o.part_id = asked.part_id AND o.lifecycle <> 'listed' AND br.stocked <> 0), 'listed')
       END,
       coalesce(pa.ready >> asked.region & 1, 0) = 1 AS is_ready,
       coalesce(pa.possible >> asked.region & 1, 0) = 1
           OR (NOT coalesce(bc.is_covered, false) AND coalesce(pa.barred >> asked.region & 1, 0) = 0) AS is_possible,
       coalesce(had.in_stock, false), coalesce(had.limited, false), had.in_stock_elsewhere,
       coalesce(rest.backorder, false), coalesce(rest.listed, false), had.quantity, rest.expected_on, had.offers,
       coalesce(wanted.vehicles, 0),
       cover.words
FROM asked
LEFT JOIN parts_partavailability pa ON pa.part_id = asked.part_id
LEFT JOIN parts_partdemand wanted ON wanted.part_id = asked.part_id
LEFT JOIN parts_brandcover bc ON bc.brand_id = asked.brand_id
LEFT JOIN had ON had.seat = asked.seat
LEFT JOIN LATERAL (
    SELECT bool_or(o.availability = 'on_backorder' AND is_here) AS backorder,
           bool_or(o.availability IN ('out_of_stock', 'on_backorder') OR o.quantity = 0) AS listed,
           min(o.expected_on) FILTER (
               WHERE o.availability <> 'in_stock' AND o.expected_on >= %(today)s::date AND is_here) AS expected_on
    FROM parts_offer o
    JOIN source br USING (branch_id)
    CROSS JOIN LATERAL (SELECT br.stocked >> asked.region & 1 = 1 AS is_here) seen
    WHERE o.part_id = asked.part_id AND NOT coalesce(had.in_stock OR had.limited, false)
) rest ON true
LEFT JOIN cover ON cover.brand_id = asked.brand_id
