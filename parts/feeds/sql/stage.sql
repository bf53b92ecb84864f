-- One run's rows as COPY brings them. What repeats from row to row (where: brand and branch; how: availability, lifecycle,
-- currency, grade) is a number, and stands once in a table of its own. word_id 0: a refused row, known which.
DROP TABLE IF EXISTS pg_temp.feed_stage, pg_temp.feed_place, pg_temp.feed_word, pg_temp.feed_delta, pg_temp.feed_new;
CREATE TEMP TABLE feed_stage (
    raw text,
    place_id int NOT NULL,
    word_id int NOT NULL,
    number text COLLATE "C" NOT NULL,
    quantity int,
    price_pence int,
    lead_time_days smallint,
    expected_on date,
    seq bigint
) ON COMMIT DROP;
CREATE TEMP TABLE feed_place (id int NOT NULL, brand_id bigint NOT NULL, branch_id bigint NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE feed_word (
    id int NOT NULL,
    kind "char" NOT NULL,
    said text,
    lifecycle text NOT NULL,
    currency text NOT NULL,
    grade text NOT NULL
) ON COMMIT DROP
