-- One run's rows as COPY brings them: a JSON array read as CSV, so the first column begins with [ and the last ends with ].
DROP TABLE IF EXISTS pg_temp.feed_stage, pg_temp.feed_brand, pg_temp.feed_branch, pg_temp.feed_delta, pg_temp.feed_new;
CREATE TEMP TABLE feed_stage (
    number text COLLATE "C" NOT NULL,
    brand text COLLATE "C",
    branch text COLLATE "C",
    quantity int,
    said text,
    lifecycle text,
    price_pence int,
    currency text,
    lead_time_days smallint,
    expected_on date,
    grade text,
    seq bigint,
    raw text,
    removed text NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE feed_brand (brand text COLLATE "C" NOT NULL, brand_id bigint NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE feed_branch (branch text COLLATE "C" NOT NULL, branch_id bigint NOT NULL) ON COMMIT DROP
