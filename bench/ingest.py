"""How fast a feed becomes offers, end to end over HTTP, against PostgreSQL's raw COPY of the same rows measured beside it.

The yardstick is `COPY` of the same rows, in file order, into an empty table with the columns and indexes of `parts_offer`.
What is timed is a whole `poll`: request, download, digest, parsing, gates, comparison, sequence guard, history, marks.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from django.db import connection
from django.utils import timezone

from bench.alternatives import BULK_ROWS, RESOURCE_ROWS, bulk_create_seconds, import_export_seconds
from parts.catalogue.models import Brand
from parts.feeds.models import Feed, FeedRun
from parts.stock.models import Branch, Supplier

ROWS = {"small": 50_000, "full": 500_000}
PARTS = {"small": 10_000, "full": 60_000}
BRANCHES = 75
SAMPLES = 5
DELTA_SAMPLES = 9
FRACTION = 10  # how much smaller the catalogue is that growth is held against
NULL = r"\N"

Row = dict[str, Any]


def run(scale: str) -> list[dict[str, Any]]:
    """The figures of `make bench` that concern feeds."""
    rows = _rows(ROWS[scale], PARTS[scale])
    changed = _changed(rows, PARTS[scale])
    _forget()
    try:
        parts = _catalogue(PARTS[scale])
        return [
            *_measured("ndjson", rows, changed, parts),
            *_measured("csv", rows, changed, parts),
            *_unchanged(rows, parts),
            *_delta_cost(rows),
            *_peak(rows, changed),
            _first_load(rows, parts),
        ]
    finally:
        _forget()


def _rows(count: int, parts: int) -> list[Row]:
    draw = random.Random(7)
    places = draw.sample(range(parts * BRANCHES), count)
    return [_row(place, draw) for place in places]


def _row(place: int, draw: random.Random) -> Row:
    part, branch = divmod(place, BRANCHES)
    quantity = 0 if draw.random() < 0.6 else draw.randrange(1, 40)
    return {
        "part_number": f"LR{part:06d}",
        "brand": "Bench",
        "branch": f"Z{branch:04d}",
        "quantity": quantity,
        "availability": "in_stock" if quantity else "out_of_stock",
        "lifecycle": "active",
        "price_pence": draw.randrange(500, 90_000),
        "currency": "GBP",
        "lead_time_days": draw.randrange(1, 15),
        "expected_on": None if quantity else f"2027-01-{draw.randrange(1, 29):02d}",
        "grade": "genuine",
        "replaces": [],
        "seq": 1,
    }


def _changed(rows: list[Row], parts: int) -> list[Row]:
    """The same with a tenth of the offers different: a quarter of those gone, half changed, a quarter new."""
    draw = random.Random(8)
    known = {(row["part_number"], row["branch"]) for row in rows}
    result, gone = [], 0
    for row in rows:
        luck = draw.random()
        if luck < 0.025:
            gone += 1
        else:
            result.append(row | {"quantity": row["quantity"] + 1, "availability": "in_stock"} if luck < 0.075 else row)
    while gone:
        row = _row(draw.randrange(parts * BRANCHES), draw)
        if (row["part_number"], row["branch"]) not in known:
            known.add((row["part_number"], row["branch"]))
            result.insert(draw.randrange(len(result)), row)
            gone -= 1
    return result


def _catalogue(parts: int) -> dict[str, int]:
    brand = Brand.objects.create(name="Bench", slug="bench")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH made AS (
                INSERT INTO parts_part (public_id, brand_id, description, lifecycle, grade, is_demo)
                SELECT gen_random_uuid(), %s, '', 'listed', 'genuine', true FROM generate_series(1, %s) RETURNING id
            )
            INSERT INTO parts_partnumber (part_id, brand_id, raw, norm, is_main)
            SELECT id, %s, number, number, true
            FROM (SELECT id, 'LR' || lpad((row_number() OVER () - 1)::text, 6, '0') AS number FROM made) numbered
            RETURNING norm, part_id
            """,
            [brand.pk, parts, brand.pk],
        )
        found = dict(cursor.fetchall())
        cursor.execute("ANALYZE parts_part, parts_partnumber")
    return found


def _feed(adapter: str) -> Feed:
    Supplier.objects.filter(code="bench").delete()
    supplier = Supplier.objects.create(code="bench", name="Bench", is_demo=True)
    Branch.objects.bulk_create(Branch(supplier=supplier, code=f"Z{number:04d}") for number in range(BRANCHES))
    return Feed.objects.create(
        supplier=supplier, adapter=adapter, url="http://127.0.0.1:1/", is_internal=True, drop_limit_percent=100
    )


def _measured(adapter: str, rows: list[Row], changed: list[Row], parts: dict[str, int]) -> list[dict[str, Any]]:
    samples = []
    encode = _ndjson if adapter == "ndjson" else _csv
    before, after = encode(rows), encode(changed)
    with _Worker() as worker:
        for _ in range(SAMPLES):
            feed = _feed(adapter)
            with _served(before, sequence=1) as url:
                worker.take(feed, url)
            connection.cursor().execute("VACUUM ANALYZE parts_offer")
            with _served(after, sequence=2) as url:
                seconds, _ = worker.take(feed, url)
            samples.append(_copy_seconds(changed, parts) / seconds)
    return [_figure(f"ingest_{adapter}_vs_copy", samples, "ratio", "higher", "raw COPY into an equally indexed table")]


def _unchanged(rows: list[Row], parts: dict[str, int]) -> list[dict[str, Any]]:
    """The same rows again under new bytes, so that they are read and compared; against what one would write instead."""
    feed = _feed("ndjson")
    by_bulk, by_resource = [], []
    with _Worker() as worker:
        with _served(_ndjson(rows), sequence=1) as url:
            worker.take(feed, url)
        connection.cursor().execute("VACUUM ANALYZE parts_offer")
        for sample in range(SAMPLES):
            with _served(_ndjson(rows[sample + 1 :] + rows[: sample + 1]), sequence=2 + sample) as url:
                seconds, _ = worker.take(feed, url)
            last = FeedRun.objects.filter(feed=feed).latest("id")
            assert last.state == "unchanged", last.state
            assert last.inserted + last.updated + last.removed == 0
            by_bulk.append(bulk_create_seconds(rows, parts) / seconds)
            by_resource.append(import_export_seconds(rows, parts) / seconds)
    bulk = f"bulk_create(update_conflicts) on {min(len(rows), BULK_ROWS):,} rows, extrapolated"
    resource = f"django-import-export in bulk, skipping unchanged, on {RESOURCE_ROWS:,} rows, extrapolated"
    return [
        _figure("ingest_unchanged_vs_bulk_create", by_bulk, "ratio", "higher", bulk),
        _figure("ingest_unchanged_vs_import_export", by_resource, "ratio", "higher", resource),
    ]


def _delta_cost(rows: list[Row]) -> list[dict[str, Any]]:
    """A thousand changes on top of it all, and what they cost on top of a catalogue a tenth as large."""
    few = _delta_ms(rows[: len(rows) // FRACTION])
    many = _delta_ms(rows)
    growth = [statistics.median(many) / statistics.median(few)]
    return [
        _figure("ingest_delta_1000_ms", many, "ms", "lower", f"with {len(rows):,} offers stored"),
        _figure("ingest_delta_1000_few_ms", few, "ms", "lower", f"with {len(rows) // FRACTION:,} offers stored"),
        _figure("ingest_delta_growth", growth, "ratio", "lower", "the two above: 1 is independent of the catalogue"),
    ]


def _delta_ms(rows: list[Row]) -> list[float]:
    feed = _feed("ndjson")
    samples = []
    with _Worker() as worker:
        with _served(_ndjson(rows), sequence=1) as url:
            worker.take(feed, url)
        connection.cursor().execute("VACUUM ANALYZE parts_offer")
        Feed.objects.filter(pk=feed.pk).update(adapter="changes", cursor="1", snapshot_at=timezone.now())
        for sample in range(DELTA_SAMPLES):
            changes = [row | {"quantity": 77 + sample, "seq": 10 + sample} for row in rows[:1_000]]
            page = json.dumps(
                {"sequence": 10 + sample, "changes": changes, "next_cursor": str(2 + sample), "has_more": False}
            ).encode()
            with _served(page, sequence=10 + sample) as url:
                samples.append(worker.take(feed, url)[0] * 1_000)
    return samples


def _peak(rows: list[Row], changed: list[Row]) -> list[dict[str, Any]]:
    """Peak memory of a new worker above what it had before; and with a file a tenth as large."""
    few = len(rows) // FRACTION
    return [
        _figure("ingest_peak_mib", [_peak_mib(rows, changed)], "MiB", "lower", "above the idle worker"),
        _figure(
            "ingest_peak_few_mib",
            [_peak_mib(rows[:few], changed[:few])],
            "MiB",
            "lower",
            f"the same with {few:,} rows: it does not grow with the file",
        ),
    ]


def _peak_mib(rows: list[Row], changed: list[Row]) -> float:
    feed = _feed("ndjson")
    with _served(_ndjson(rows), sequence=1) as url, _Worker() as worker:
        worker.take(feed, url)
    with _served(_ndjson(changed), sequence=2) as url, _Worker() as worker:
        return worker.take(feed, url)[1]


def _first_load(rows: list[Row], parts: dict[str, int]) -> dict[str, Any]:
    """A supplier's first file: each offer is new, has its history and its mark."""
    body = _ndjson(rows)
    samples = []
    with _Worker() as worker:
        for _ in range(SAMPLES):
            feed = _feed("ndjson")
            connection.cursor().execute("VACUUM parts_offer")
            with _served(body, sequence=1) as url:
                seconds, _ = worker.take(feed, url)
            samples.append(seconds / _copy_seconds(rows, parts, with_keys=True))
    limit = "raw COPY into a table with the same indexes and foreign keys"
    return _figure("ingest_first_load_vs_copy", samples, "ratio", "lower", limit)


class _Worker:
    """A process that polls, as `bench.worker` does."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "bench.worker"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.communicate()

    def take(self, feed: Feed, url: str) -> tuple[float, float]:
        """Poll the feed at this address: seconds, and MiB at the peak above what it had."""
        Feed.objects.filter(pk=feed.pk).update(url=f"{url}/offers.{'csv' if feed.adapter == 'csv' else 'ndjson'}")
        assert self._process.stdin
        assert self._process.stdout
        print(feed.pk, file=self._process.stdin, flush=True)
        seconds, mib, *state = self._process.stdout.readline().split()
        assert state[0] in {"succeeded", "unchanged"}, state
        return float(seconds), float(mib)


def _copy_seconds(rows: list[Row], parts: dict[str, int], *, with_keys: bool = False) -> float:
    branches = dict(Branch.objects.filter(supplier__code="bench").values_list("code", "id"))
    lines = "".join(
        f"{branches[row['branch']]}\t{parts[row['part_number']]}\t{row['quantity']}\t{row['availability']}\tactive\tgenuine"
        f"\t{row['price_pence']}\tGBP\t{row['lead_time_days']}\t{row['expected_on'] or NULL}\t1\t2026-11-22T09:00:00Z\n"
        for row in rows
    )
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_offer")
        cursor.execute("CREATE TABLE bench_offer (LIKE parts_offer INCLUDING ALL)")
        if with_keys:
            cursor.execute(
                "ALTER TABLE bench_offer ADD FOREIGN KEY (branch_id) REFERENCES parts_branch DEFERRABLE INITIALLY DEFERRED,"
                " ADD FOREIGN KEY (part_id) REFERENCES parts_part DEFERRABLE INITIALLY DEFERRED"
            )
        started = time.perf_counter()
        with cursor.copy(
            "COPY bench_offer (branch_id, part_id, quantity, availability, lifecycle, grade, price_pence, currency,"
            " lead_time_days, expected_on, seq, changed_at) FROM STDIN"
        ) as copy:
            copy.write(lines)
        seconds = time.perf_counter() - started
        cursor.execute("DROP TABLE bench_offer")
    return seconds


def _ndjson(rows: list[Row]) -> bytes:
    return "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()


def _csv(rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    names = [name for name in rows[0] if name != "replaces"]
    writer.writerow(names)
    writer.writerows([row[name] for name in names] for row in rows)
    return text.getvalue().encode()


@contextmanager
def _served(body: bytes, *, sequence: int) -> Iterator[str]:
    """The body over HTTP from a process of its own, compressed beforehand as a supplier's server would have it."""
    is_page = body.startswith(b'{"sequence"')
    with tempfile.NamedTemporaryFile() as file:
        file.write(gzip.compress(body, compresslevel=1, mtime=0))
        file.flush()
        command = [sys.executable, "-m", "bench.supplier", file.name, "" if is_page else str(sequence)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                yield f"http://127.0.0.1:{int(server.stdout.readline())}"
            finally:
                server.terminate()


def _figure(name: str, samples: list[float], unit: str, better: str, limit: str) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(statistics.median(samples), 3),
        "unit": unit,
        "better": better,
        "limit": limit,
        "samples": [round(sample, 3) for sample in samples],
    }


def _forget() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.id FROM parts_branch b JOIN parts_supplier s ON s.id = b.supplier_id WHERE s.code = 'bench'"
        )
        branches = [row[0] for row in cursor.fetchall()]
        cursor.execute("DELETE FROM parts_offer WHERE branch_id = ANY (%s)", [branches])
        cursor.execute("DELETE FROM parts_offerchange WHERE branch_id = ANY (%s)", [branches])
        Supplier.objects.filter(code="bench").delete()
        cursor.execute(
            """
            DELETE FROM parts_partnumber n USING parts_brand b WHERE b.slug = 'bench' AND n.brand_id = b.id;
            DELETE FROM parts_part p USING parts_brand b WHERE b.slug = 'bench' AND p.brand_id = b.id;
            DELETE FROM parts_brand WHERE slug = 'bench';
            DELETE FROM parts_dirty d WHERE kind = 'p' AND NOT EXISTS (SELECT FROM parts_part p WHERE p.id = d.key)
            """
        )
