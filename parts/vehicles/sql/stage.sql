-- One round: lines about different vehicles, as read and judged. NULL or '': the line does not say.
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';
SET LOCAL random_page_cost = 1.1;
CREATE TEMP TABLE mot_line (
    line int PRIMARY KEY, make text, model text, numbers text[], registration text, first_used_on date,
    registered_on date, manufactured_on date, manufacture_year smallint, fuel_type text, colour text, engine_cc int,
    has_recall text, first_mot_due_on date, mot_expires_on date, open_fails smallint, is_dangerous boolean,
    last_tested_at timestamptz, current_at timestamptz, fingerprint bigint
) ON COMMIT DROP;
CREATE TEMP TABLE mot_line_test (
    line int, number text, completed_at timestamptz, result text, expires_on date, odometer int, odometer_unit text,
    source text, registration text
) ON COMMIT DROP;
CREATE TEMP TABLE mot_line_defect (
    line int, number text, position smallint, text text, category text, is_failing boolean, manual_scheme text,
    manual_ref text, "lateral" text, longitudinal text, vertical text
) ON COMMIT DROP;
