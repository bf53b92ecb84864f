-- A marque for `bench.decide`, or a country: %(vehicles)s vehicles of %(models)s models, %(offers)s offers of %(parts)s
-- parts, 400 repairs a model. Ids are given, so that the tables can point at each other by arithmetic. Popular parts,
-- models and defects are squares and cubes of chance.
SELECT setseed(0.42);

INSERT INTO dealers_make (id, name, slug) SELECT n, 'BENCH ' || n, 'bench-' || n FROM generate_series(1, %(makes)s) n;

INSERT INTO dealers_dealer
    (id, code, slug, name, kind, region, town, postcode, phone, is_active, is_demo, asks_second_step, "group")
SELECT n, lpad(n::text, 5, '0'), 'bench-' || n, 'Bench', 'franchised', n %% 12, '', '', '', true, false, false, ''
FROM generate_series(1, %(dealers)s) n;

INSERT INTO dealers_dealer_makes (dealer_id, make_id) SELECT n, 1 + n %% %(makes)s FROM generate_series(1, %(dealers)s) n;

INSERT INTO dealers_status (dealer_id, system, state, confidence, reasons, is_unstable, since, decided_at)
SELECT
    n, system,
    CASE WHEN random() < CASE system WHEN 'diagnostics' THEN 0.85 WHEN 'parts_ordering' THEN 0.2 ELSE 0 END
        THEN 'down' ELSE 'operational' END,
    90, '[]', false, now(), now()
FROM generate_series(1, %(dealers)s) n
CROSS JOIN unnest(
    ARRAY['parts_catalogue', 'parts_ordering', 'parts_distribution', 'diagnostics', 'programming']
) system;

INSERT INTO parts_brand (id, name, slug) SELECT n, 'Bench ' || n, 'bench-' || n FROM generate_series(1, 20) n;

INSERT INTO parts_supplier (id, code, name, confirmed_at, warn_after_s, error_after_s, is_demo)
SELECT
    n, 'bench-' || n, 'Bench ' || n,
    CASE WHEN n %% 8 = 0 THEN now() - interval '2 hours' ELSE now() + interval '1 year' END, 3600, 21600, false
FROM generate_series(1, 24) n;

INSERT INTO parts_supplier_brands (supplier_id, brand_id)
SELECT s, b FROM generate_series(1, 24) s CROSS JOIN generate_series(1, 20) b;

-- One central store to nine dealers reaches everywhere; a third of the dealers' branches are shelves, the rest reach three
-- regions.
INSERT INTO parts_branch (id, supplier_id, code, name, dealer_id, tier, reach)
SELECT
    n, 1 + n %% 24, 'c' || n, '', CASE WHEN n <= %(dealers)s THEN n END,
    CASE WHEN n > %(dealers)s THEN 'central' WHEN n %% 3 = 0 THEN 'shelf' ELSE 'branch' END,
    CASE WHEN n > %(dealers)s THEN 8191
        ELSE (1 << (n %% 12)) | (1 << ((n + 1) %% 12)) | (1 << ((n + 2) %% 12)) | 4096 END
FROM generate_series(1, %(dealers)s * 10 / 9) n;

INSERT INTO parts_part (id, public_id, brand_id, description, lifecycle, grade, is_demo)
SELECT n, gen_random_uuid(), 1 + n %% 20, 'Bench part ' || n, 'active', 'genuine', false
FROM generate_series(1, %(parts)s) n;

INSERT INTO parts_partnumber (part_id, brand_id, raw, norm, is_main)
SELECT id, brand_id, 'BP' || id, 'BP' || id, true FROM parts_part;

INSERT INTO parts_vehiclemodel (id, make_id, name) SELECT n, 1 + n %% %(makes)s, 'M' || n FROM generate_series(1, %(models)s) n;

INSERT INTO parts_repairkind (id, slug, name, position_by, needs_nothing)
SELECT n, 'bench-' || n, 'Bench ' || n, '', n %% 20 = 0 FROM generate_series(1, 400) n;

INSERT INTO parts_manualreference (id, scheme, ref, kind_id, is_reviewed)
SELECT n, 'current', (n / 40) || '.' || (n %% 40) || ' (b)', CASE WHEN n %% 50 <> 0 THEN 1 + n %% 400 END, true
FROM generate_series(1, 1200) n;

INSERT INTO parts_repair (id, kind_id, model_id, position, needs_diagnostics, needs_programming, is_demo)
SELECT (kind - 1) * %(models)s + model, kind, model, '', kind %% 12 = 0, kind %% 40 = 0, false
FROM generate_series(1, 400) kind CROSS JOIN generate_series(1, %(models)s) model;

INSERT INTO parts_requirement (id, repair_id, name, quantity, by_vin)
SELECT n, 1 + n %% (400 * %(models)s), 'bench', 1 + (random() * 1.6)::int, random() < 0.02
FROM generate_series(1, 833 * %(models)s) n;

INSERT INTO parts_requirementpart (requirement_id, part_id)
SELECT DISTINCT requirement, 1 + floor(%(parts)s * random())::int
FROM generate_series(1, 833 * %(models)s) requirement CROSS JOIN generate_series(1, 3) choice
-- Named with the requirement, or chance would be asked once for each choice, not for each requirement.
WHERE choice = 1 OR random() + 0 * requirement < 0.6;

INSERT INTO parts_offer
    (branch_id, part_id, quantity, availability, lifecycle, grade, price_pence, currency, lead_time_days, seq, changed_at)
SELECT
    branch, part,
    CASE WHEN luck < 0.8 THEN 0 WHEN luck < 0.82 THEN NULL ELSE 1 + floor(luck * 1000)::int %% 8 END,
    CASE WHEN luck < 0.8 THEN 'out_of_stock' WHEN luck < 0.81 THEN 'unknown' ELSE 'in_stock' END,
    'active', 'genuine', 1000 + floor(luck * 9000)::int, 'GBP', 1, 0, now()
FROM (
    SELECT branch, part, random() AS luck
    FROM (
        SELECT DISTINCT
            1 + floor(%(dealers)s * 10 / 9 * random())::int AS branch, 1 + floor(%(parts)s * power(random(), 3))::int AS part
        FROM generate_series(1, %(offers)s * 2)
    ) pairs
) lucky
LIMIT %(offers)s;

INSERT INTO parts_vehicle
    (id, public_id, registration, model_id, region, first_used_on, fuel_type, colour, has_recall, vin_last8, is_sorn,
     open_fails, is_dangerous, is_demo)
SELECT
    n, gen_random_uuid(), chr(65 + n %% 26) || n / 26, 1 + floor(%(models)s * power(random(), 2))::int,
    CASE WHEN random() < 0.05 THEN 12 ELSE floor(12 * random())::int END, '2018-01-01', 'Diesel', 'Blue', 'No', '',
    n %% 97 = 0, 0, false, false
FROM generate_series(1, %(vehicles)s) n;

-- Three vehicles in ten have defects: one, and three more at even chances; under half of them failed the test.
INSERT INTO parts_mottest (id, vehicle_id, number, completed_at, result, odometer_unit, source, registration)
SELECT n, n, n::text, now(), 'failed', 'mi', 'DVSA', chr(65 + n %% 26) || n / 26
FROM generate_series(1, %(vehicles)s) n WHERE n %% 10 < 3;

INSERT INTO parts_defect
    (vehicle_id, test_id, position, text, category, is_failing, manual_scheme, manual_ref, "lateral", longitudinal,
     vertical)
SELECT
    vehicle, vehicle, position, 'Nearside Front Coil spring fractured or broken and seriously affected',
    CASE WHEN is_failing THEN 'major' ELSE 'advisory' END, is_failing, 'current',
    (item / 40) || '.' || (item %% 40) || ' (b)', 'nearside', 'front', ''
FROM (
    SELECT
        vehicle, position, random() < 0.45 AS is_failing, 1 + floor(1200 * power(random(), 2))::int AS item
    FROM generate_series(1, %(vehicles)s) vehicle CROSS JOIN generate_series(1, 4) position
    -- As above: chance is asked for each vehicle.
    WHERE vehicle %% 10 < 3 AND (position = 1 OR random() + 0 * vehicle < 0.5)
) found;

-- The decision itself adds kinds and references it meets.
SELECT setval(pg_get_serial_sequence('parts_repairkind', 'id'), 400);
SELECT setval(pg_get_serial_sequence('parts_manualreference', 'id'), 1200);
