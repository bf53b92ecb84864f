-- Write what differs, and nothing else.
CREATE TEMP TABLE mot_touched (vehicle_id bigint, is_deciding boolean) ON COMMIT DROP;

-- Two rows that turned out to be one vehicle: the older takes the tests, the newer is left empty.
UPDATE parts_defect d SET vehicle_id = x.into_id FROM mot_merged x WHERE d.vehicle_id = x.vehicle_id;
UPDATE parts_mottest t SET vehicle_id = x.into_id FROM mot_merged x WHERE t.vehicle_id = x.vehicle_id;
WITH emptied AS (
    UPDATE parts_vehicle v SET registration = NULL, open_fails = 0, is_dangerous = false, mot_expires_on = NULL,
        last_tested_at = NULL, fingerprint = NULL
    FROM mot_merged x WHERE x.vehicle_id = v.id RETURNING v.id, x.into_id
)
INSERT INTO mot_touched SELECT id, true FROM emptied UNION SELECT into_id, true FROM emptied;

-- Plates that move are free before they are given out again.
WITH lost AS (
    UPDATE parts_vehicle v SET registration = NULL, fingerprint = NULL FROM mot_plate p
    WHERE p.is_won AND v.id = p.holder_id AND v.registration IS NOT NULL RETURNING v.id
)
INSERT INTO mot_touched SELECT id, false FROM lost;

CREATE TEMP TABLE mot_wanted ON COMMIT DROP AS
    SELECT m.vehicle_id AS id, m.is_new, coalesce(s.registration, v.registration) AS registration,
           CASE WHEN s.make IS NULL OR (s.model = '' AND vm.make_id = mk.id) THEN v.model_id ELSE mo.id END AS model_id,
           coalesce(s.first_used_on, v.first_used_on) AS first_used_on,
           coalesce(s.registered_on, v.registered_on) AS registered_on,
           coalesce(s.manufactured_on, v.manufactured_on) AS manufactured_on,
           coalesce(s.manufacture_year, v.manufacture_year) AS manufacture_year,
           coalesce(nullif(s.fuel_type, ''), v.fuel_type, '') AS fuel_type,
           coalesce(nullif(s.colour, ''), v.colour, '') AS colour, coalesce(s.engine_cc, v.engine_cc) AS engine_cc,
           coalesce(nullif(s.has_recall, ''), v.has_recall, '') AS has_recall,
           coalesce(s.first_mot_due_on, v.first_mot_due_on) AS first_mot_due_on,
           s.mot_expires_on, s.open_fails, s.is_dangerous, s.last_tested_at,
           greatest(s.current_at, v.source_updated_at) AS source_updated_at,
           CASE WHEN m.is_outdated THEN v.fingerprint ELSE s.fingerprint END AS fingerprint,
           v.model_id AS old_model_id, v.open_fails AS old_open_fails, v.is_dangerous AS was_dangerous,
           coalesce(v.manufacture_year, extract(year FROM coalesce(v.manufactured_on, v.first_used_on, v.registered_on)))
               AS old_year
    FROM mot_match m
    JOIN mot_line s ON s.line = m.line
    LEFT JOIN parts_vehicle v ON v.id = m.vehicle_id
    LEFT JOIN parts_vehiclemodel vm ON vm.id = v.model_id
    LEFT JOIN dealers_make mk ON mk.name = s.make
    LEFT JOIN parts_vehiclemodel mo ON mo.make_id = mk.id AND mo.name = s.model;
ANALYZE mot_wanted (id);

INSERT INTO parts_vehicle (id, public_id, registration, model_id, region, first_used_on, registered_on, manufactured_on,
        manufacture_year, fuel_type, colour, engine_cc, has_recall, vin_last8, first_mot_due_on, mot_expires_on,
        is_sorn, open_fails, is_dangerous, last_tested_at, source_updated_at, is_demo, fingerprint)
    SELECT id, gen_random_uuid(), registration, model_id, 12, first_used_on, registered_on, manufactured_on,
        manufacture_year, fuel_type, colour, engine_cc, has_recall, '', first_mot_due_on, mot_expires_on,
        false, open_fails, is_dangerous, last_tested_at, source_updated_at, false, fingerprint
    FROM mot_wanted WHERE is_new ORDER BY id;
WITH changed AS (
    UPDATE parts_vehicle v SET registration = w.registration, model_id = w.model_id, first_used_on = w.first_used_on,
        registered_on = w.registered_on, manufactured_on = w.manufactured_on, manufacture_year = w.manufacture_year,
        fuel_type = w.fuel_type, colour = w.colour, engine_cc = w.engine_cc, has_recall = w.has_recall,
        first_mot_due_on = w.first_mot_due_on, mot_expires_on = w.mot_expires_on, open_fails = w.open_fails,
        is_dangerous = w.is_dangerous, last_tested_at = w.last_tested_at, source_updated_at = w.source_updated_at,
        fingerprint = w.fingerprint
    FROM mot_wanted w
    WHERE v.id = w.id AND NOT w.is_new
      AND (v.registration, v.model_id, v.first_used_on, v.registered_on, v.manufactured_on, v.manufacture_year,
           v.fuel_type, v.colour, v.engine_cc, v.has_recall, v.first_mot_due_on, v.mot_expires_on, v.open_fails,
           v.is_dangerous, v.last_tested_at)
          IS DISTINCT FROM
          (w.registration, w.model_id, w.first_used_on, w.registered_on, w.manufactured_on, w.manufacture_year,
           w.fuel_type, w.colour, w.engine_cc, w.has_recall, w.first_mot_due_on, w.mot_expires_on, w.open_fails,
           w.is_dangerous, w.last_tested_at)
    RETURNING v.id, (
        w.model_id, w.open_fails, w.is_dangerous,
        coalesce(w.manufacture_year, extract(year FROM coalesce(w.manufactured_on, w.first_used_on, w.registered_on)))
    ) IS DISTINCT FROM (w.old_model_id, w.old_open_fails, w.was_dangerous, w.old_year) AS is_deciding
)
INSERT INTO mot_touched SELECT id, is_deciding FROM changed;
-- A line that says the same in other words: the next time it need not be read.
UPDATE parts_vehicle v SET fingerprint = w.fingerprint FROM mot_wanted w
WHERE v.id = w.id AND NOT w.is_new AND w.fingerprint IS NOT NULL AND v.fingerprint IS DISTINCT FROM w.fingerprint;

-- Tests: by number, under whichever vehicle they stood.
CREATE TEMP TABLE mot_test ON COMMIT DROP AS
    SELECT coalesce(t.id, nextval((SELECT pg_get_serial_sequence('parts_mottest', 'id')::regclass))) AS id, t.id IS NULL AS is_new,
           m.vehicle_id, s.number, s.completed_at, s.result, s.expires_on, s.odometer, s.odometer_unit, s.source,
           s.registration
    FROM mot_line_test s
    JOIN mot_match m ON m.line = s.line
    LEFT JOIN LATERAL (SELECT t.id FROM parts_mottest t WHERE t.number = s.number OFFSET 0) t ON true
    ORDER BY s.line, s.completed_at;
ANALYZE mot_test (id, number);
CREATE TEMP TABLE mot_defect ON COMMIT DROP AS
    SELECT t.id AS test_id, t.vehicle_id, s.position, s.text, s.category, s.is_failing, s.manual_scheme, s.manual_ref,
           s.lateral, s.longitudinal, s.vertical
    FROM mot_line_defect s JOIN mot_test t ON t.number = s.number
    ORDER BY s.line, s.position;
ANALYZE mot_defect (test_id, position);

WITH gone AS (
    DELETE FROM parts_defect WHERE id = ANY (ARRAY(
        SELECT d.id
        FROM mot_match m
        CROSS JOIN LATERAL (SELECT * FROM parts_defect d WHERE d.vehicle_id = m.vehicle_id OFFSET 0) d
        WHERE NOT m.is_new AND NOT EXISTS (
            SELECT FROM mot_defect w
            WHERE w.test_id = d.test_id AND w.position = d.position AND w.vehicle_id = d.vehicle_id
              AND (w.text, w.category, w.is_failing, w.manual_scheme, w.manual_ref, w.lateral, w.longitudinal,
                   w.vertical)
                = (d.text, d.category, d.is_failing, d.manual_scheme, d.manual_ref, d.lateral, d.longitudinal,
                   d.vertical))))
    RETURNING vehicle_id
)
INSERT INTO mot_touched SELECT vehicle_id, true FROM gone;
WITH changed AS (
    UPDATE parts_mottest t SET vehicle_id = w.vehicle_id, completed_at = w.completed_at, result = w.result,
        expires_on = w.expires_on, odometer = w.odometer, odometer_unit = w.odometer_unit, source = w.source,
        registration = w.registration
    FROM mot_test w
    WHERE w.id = t.id AND NOT w.is_new
      AND (t.vehicle_id, t.completed_at, t.result, t.expires_on, t.odometer, t.odometer_unit, t.source, t.registration)
          IS DISTINCT FROM
          (w.vehicle_id, w.completed_at, w.result, w.expires_on, w.odometer, w.odometer_unit, w.source, w.registration)
    RETURNING t.vehicle_id
)
INSERT INTO mot_touched SELECT vehicle_id, false FROM changed;
WITH gone AS (
    DELETE FROM parts_mottest WHERE id = ANY (ARRAY(
        SELECT t.id
        FROM mot_match m
        CROSS JOIN LATERAL (SELECT t.id FROM parts_mottest t WHERE t.vehicle_id = m.vehicle_id OFFSET 0) t
        WHERE NOT m.is_new AND NOT EXISTS (SELECT FROM mot_test w WHERE w.id = t.id)))
    RETURNING vehicle_id
)
INSERT INTO mot_touched SELECT vehicle_id, false FROM gone;
WITH added AS (
    INSERT INTO parts_mottest (id, vehicle_id, number, completed_at, result, expires_on, odometer, odometer_unit,
            source, registration)
        SELECT id, vehicle_id, number, completed_at, result, expires_on, odometer, odometer_unit, source, registration
        FROM mot_test WHERE is_new ORDER BY id
    RETURNING vehicle_id
)
INSERT INTO mot_touched SELECT vehicle_id, false FROM added;
WITH added AS (
    INSERT INTO parts_defect (vehicle_id, test_id, position, text, category, is_failing, manual_scheme, manual_ref,
            "lateral", longitudinal, vertical)
        SELECT vehicle_id, test_id, position, text, category, is_failing, manual_scheme, manual_ref, "lateral",
               longitudinal, vertical
        FROM mot_defect w
        WHERE NOT EXISTS (SELECT FROM parts_defect d WHERE d.test_id = w.test_id AND d.position = w.position)
    RETURNING vehicle_id
)
INSERT INTO mot_touched SELECT vehicle_id, true FROM added;

INSERT INTO parts_dirty (kind, key) SELECT DISTINCT 'v', vehicle_id FROM mot_touched WHERE is_deciding ORDER BY 2;
