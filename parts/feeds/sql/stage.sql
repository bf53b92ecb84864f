-- One run's rows as they came, keyed by the run's own numbers of brands and branches. kind: o offer, d removed, k refused
-- but known which (what is stored stays).
DROP TABLE IF EXISTS pg_temp.feed_stage, pg_temp.feed_delta, pg_temp.feed_new;
CREATE TEMP TABLE feed_stage (
    kind "char" NOT NULL,
    branch int NOT NULL,
    brand int NOT NULL,
    norm text COLLATE "C" NOT NULL,
    raw text,
    quantity int,
    availability text,
    lifecycle text,
    price_pence int,
    currency text,
    lead_time_days smallint,
    expected_on date,
    grade text,
    seq bigint
) ON COMMIT DROP;
