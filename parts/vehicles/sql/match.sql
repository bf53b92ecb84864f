-- Which stored vehicle each line is about. A plate moves from car to car; the numbers of its MOT tests do not.
-- LATERAL … OFFSET 0, here and below: what is stored of few vehicles is looked up by an index, whatever the planner knows
-- of tables that an import has just filled. Without it, each statement reads the stored tables whole.
ANALYZE mot_line (line, registration);  -- only what is joined on: looking at long texts and arrays takes its time
ANALYZE mot_line_test (line, number);
ANALYZE mot_line_defect (line, number);

-- By the tests that still decide: nearly all lines about known vehicles end here.
CREATE TEMP TABLE mot_owner ON COMMIT DROP AS
    SELECT DISTINCT s.line, t.vehicle_id
    FROM mot_line_test s
    CROSS JOIN LATERAL (SELECT t.vehicle_id FROM parts_mottest t WHERE t.number = s.number OFFSET 0) t;
ANALYZE mot_owner;
-- By any older test in the line's history.
INSERT INTO mot_owner
    SELECT DISTINCT s.line, t.vehicle_id
    FROM mot_line s CROSS JOIN unnest(s.numbers) AS n (number) JOIN parts_mottest t ON t.number = n.number
    WHERE NOT EXISTS (SELECT FROM mot_owner o WHERE o.line = s.line);
ANALYZE mot_owner;

-- A line whose tests are stored under two vehicles shows that the two are one: the older row stays, it may be watched.
CREATE TEMP TABLE mot_match ON COMMIT DROP AS
    SELECT DISTINCT ON (o.vehicle_id) o.line, o.vehicle_id, false AS is_new, false AS is_outdated
    FROM (SELECT line, min(vehicle_id) AS vehicle_id FROM mot_owner GROUP BY line) o
    ORDER BY o.vehicle_id, o.line;
CREATE TEMP TABLE mot_merged ON COMMIT DROP AS
    SELECT DISTINCT ON (o.vehicle_id) o.vehicle_id, m.vehicle_id AS into_id
    FROM mot_owner o JOIN mot_match m ON m.line = o.line
    WHERE NOT EXISTS (SELECT FROM mot_match x WHERE x.vehicle_id = o.vehicle_id)
    ORDER BY o.vehicle_id, m.vehicle_id;
ANALYZE mot_match;
ANALYZE mot_merged;

-- By plate, unless the make or a date says that it is another car.
INSERT INTO mot_match
    SELECT s.line, v.id, false, false
    FROM mot_line s
    JOIN parts_vehicle v ON v.registration = s.registration
    LEFT JOIN parts_vehiclemodel vm ON vm.id = v.model_id
    LEFT JOIN dealers_make mk ON mk.id = vm.make_id
    WHERE NOT EXISTS (SELECT FROM mot_match m WHERE m.line = s.line)
      AND NOT EXISTS (SELECT FROM mot_match m WHERE m.vehicle_id = v.id)
      AND NOT EXISTS (SELECT FROM mot_merged x WHERE x.vehicle_id = v.id)
      AND NOT coalesce(
          mk.name <> s.make OR v.registered_on <> s.registered_on OR v.first_used_on <> s.first_used_on, false);
INSERT INTO mot_match
    SELECT s.line, nextval((SELECT pg_get_serial_sequence('parts_vehicle', 'id')::regclass)), true, false
    FROM mot_line s WHERE NOT EXISTS (SELECT FROM mot_match m WHERE m.line = s.line)
    ORDER BY s.line;
ANALYZE mot_match;

-- Older than what is stored: its tests may still fill a gap, but it says nothing new of the vehicle or its plate.
UPDATE mot_match m SET is_outdated = true
FROM mot_line s, parts_vehicle v
WHERE s.line = m.line AND v.id = m.vehicle_id
  AND (coalesce(s.last_tested_at, '-infinity') < coalesce(v.last_tested_at, '-infinity')
       OR (s.last_tested_at IS NOT DISTINCT FROM v.last_tested_at AND s.current_at < v.source_updated_at));
UPDATE mot_line s SET registration = NULL, make = NULL, model = '', first_used_on = NULL, registered_on = NULL,
    manufactured_on = NULL, manufacture_year = NULL, fuel_type = NULL, colour = NULL, engine_cc = NULL,
    has_recall = NULL, first_mot_due_on = NULL, current_at = NULL
FROM mot_match m WHERE m.line = s.line AND m.is_outdated;

-- A plate that another vehicle holds goes to the line, unless the holder's facts are newer.
CREATE TEMP TABLE mot_plate ON COMMIT DROP AS
    SELECT s.line, h.id AS holder_id,
           EXISTS (SELECT FROM mot_merged x WHERE x.vehicle_id = h.id)
           OR EXISTS (SELECT FROM mot_match hm JOIN mot_line hs ON hs.line = hm.line
                      WHERE hm.vehicle_id = h.id AND hs.registration <> s.registration)
           OR coalesce(greatest(s.last_tested_at, s.current_at, s.registered_on::timestamptz), 'infinity')
              >= coalesce(greatest(h.last_tested_at, h.source_updated_at), '-infinity') AS is_won
    FROM mot_line s
    JOIN mot_match m ON m.line = s.line
    JOIN parts_vehicle h ON h.registration = s.registration AND h.id <> m.vehicle_id;
UPDATE mot_line s SET registration = NULL, fingerprint = NULL FROM mot_plate p WHERE p.line = s.line AND NOT p.is_won;
-- A car nobody knew, with a plate that since went to another: nothing could find it. It is left out.
CREATE TEMP TABLE mot_left_out ON COMMIT DROP AS
    SELECT m.line FROM mot_match m JOIN mot_plate p ON p.line = m.line WHERE m.is_new AND NOT p.is_won;
DELETE FROM mot_match m USING mot_left_out x WHERE x.line = m.line;

-- Lines to judge again with what is stored: it has tests that the line lacks, or is newer.
CREATE TEMP TABLE mot_rejudge ON COMMIT DROP AS
    SELECT m.line, m.vehicle_id, m.is_outdated
    FROM mot_match m JOIN mot_line s ON s.line = m.line
    WHERE NOT m.is_new AND (
        m.is_outdated
        OR EXISTS (SELECT FROM mot_merged x WHERE x.into_id = m.vehicle_id)
        OR EXISTS (SELECT FROM parts_mottest t WHERE t.vehicle_id = m.vehicle_id AND t.number <> ALL (s.numbers)));
ANALYZE mot_rejudge;
