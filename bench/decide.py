"""How fast everything is decided, against reading the offers and defects it stands on, and one part against everything.

The yardstick is `sum()` over all offers and all defects by sequential scan, measured just before each run. Neither is
given parallel workers: a scan would be split among all cores where a decision is only in part, and other work on the
machine would fall on one side.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from bench.bulk import without_indexes
from bench.memory import Peaks
from parts.blocking.decide import Counts, decide
from parts.blocking.verify import verify
from parts.marks.marks import Mark, mark

SIZES = {
    "small": {"vehicles": 120_000, "offers": 200_000, "parts": 6_000, "models": 30, "makes": 3, "dealers": 270},
    "full": {"vehicles": 1_200_000, "offers": 2_000_000, "parts": 60_000, "models": 30, "makes": 3, "dealers": 270},
    "country": {
        "vehicles": 34_000_000, "offers": 10_000_000, "parts": 600_000, "models": 840, "makes": 40, "dealers": 2_700,
    },
}  # fmt: skip
ONE_PART_SAMPLES = 15
SAMPLES = {"small": 5, "full": 3, "country": 2}
MANY = 1_000
_FULL = "all parts, repairs and statuses compared, needs added up (as each day)"
_WORLD = (Path(__file__).parent / "decide_world.sql").read_text(encoding="utf-8")
_LARGE = ("parts_part", "parts_partnumber", "parts_offer", "parts_vehicle", "parts_mottest", "parts_defect")
# The rest goes with what it points at; what the decision derives points at nothing.
_EMPTIED = """
dealers_make, dealers_dealer, parts_brand, parts_supplier, parts_repairkind, parts_manualreference, parts_vehicle,
parts_dirty, parts_engineclock, parts_branchreach, parts_brandcover, parts_makereach, parts_requirementoption,
parts_partavailability, parts_readiness, parts_repairneed, parts_partdemand, parts_repairstatus, parts_blockchange
"""
_SOLD_OR_BACK = """
UPDATE parts_offer SET quantity = 5 - 5 * sign(coalesce(quantity, 1)),
    availability = CASE WHEN quantity = 0 THEN 'in_stock' ELSE 'out_of_stock' END
WHERE part_id IN (SELECT id FROM parts_part ORDER BY md5(id || '/' || %s) LIMIT %s)
RETURNING part_id
"""
_FLIPPED = """
UPDATE dealers_status SET state = CASE state WHEN 'down' THEN 'operational' ELSE 'down' END
WHERE system = 'diagnostics' AND dealer_id = %(dealer)s
"""


def run(scale: str) -> list[dict[str, Any]]:
    """The figures of `make bench` that concern decisions."""
    try:
        first = build_world(scale)
        return _measure(SIZES[scale], SAMPLES[scale], first=first)
    finally:
        _execute("RESET max_parallel_workers_per_gather")
        clear_world()


def build_world(scale: str) -> float:
    """Invent a marque, or a country, of the scale's size in the emptied tables; the seconds of its first decision."""
    with transaction.atomic():  # with wal_level=minimal, what is emptied and filled in one transaction needs no log
        _execute(f"SET LOCAL work_mem = '256MB'; TRUNCATE {_EMPTIED} CASCADE")
        with without_indexes(_LARGE):
            _execute(_WORLD, SIZES[scale])
    _execute("VACUUM (ANALYZE)")
    first = _seconds(lambda: decide(at=timezone.now(), rebuild=True))
    _execute("VACUUM (ANALYZE)")
    return first


def clear_world() -> None:
    """Empty the tables again."""
    _execute(f"TRUNCATE {_EMPTIED} RESTART IDENTITY CASCADE")


def _measure(sizes: dict[str, int], samples: int, *, first: float) -> list[dict[str, Any]]:
    _execute("SET max_parallel_workers_per_gather = 0")
    with Peaks() as peaks:
        pairs = [(_seconds(_scan), _seconds(lambda: decide(at=timezone.now(), full=True))) for _ in range(samples)]
    with Peaks() as rebuilding:
        again = [(_seconds(_scan), _seconds(lambda: decide(at=timezone.now(), rebuild=True))) for _ in range(samples)]
    full = statistics.median(seconds for _, seconds in pairs)
    one = [_after_change(1, seed) for seed in range(ONE_PART_SAMPLES)]
    many = [_after_change(MANY, seed) for seed in range(samples)]
    started = time.perf_counter()
    differences = verify(at=timezone.now())["differences"]
    verifying = time.perf_counter() - started
    assert differences == 0, f"{differences} rows differ from a full decision"
    size = f"{sizes['vehicles']:,} vehicles, {sizes['offers']:,} offers"
    scan = f"sum() over all offers and defects by sequential scan, no parallel workers for either; {size}"
    return [
        _figure("decide_full_vs_scan", [full / scan for scan, full in pairs], "lower", f"{scan}; {_FULL}"),
        _figure(
            "decide_rebuild_vs_scan",
            [full / scan for scan, full in again],
            "lower",
            f"{scan}; all needs compared as well (as each Sunday)",
        ),
        _figure("decide_full_vs_one_part", [full / seconds for seconds in one], "higher", f"a full decision; {size}"),
        _figure("decide_1000_parts_vs_full", [seconds / full for seconds in many], "lower", f"a full decision; {size}"),
        *_of_systems_and_clock(size),
        *peaks.figures("decide_full", size),
        *rebuilding.figures("decide_rebuild", size),
        _figure("decide_full_s", [seconds for _, seconds in pairs], "lower", size, "s"),
        _figure("decide_rebuild_s", [seconds for _, seconds in again], "lower", size, "s"),
        _figure("decide_first_s", [first], "lower", f"nothing decided before, every change kept; {size}", "s"),
        _figure("decide_verify_s", [verifying], "lower", f"decided afresh and compared; {size}", "s"),
        _figure("decide_scan_s", [seconds for seconds, _ in pairs], "lower", size, "s"),
        _figure("decide_database_gib", [_database_bytes() / 2**30], "lower", size, "GiB"),
    ]


def _of_systems_and_clock(size: str) -> list[dict[str, Any]]:
    """A dealer's diagnostics that fail or come back; an hour in which a source goes stale; a midnight."""
    now = timezone.now()
    flips = []
    for dealer in range(1, ONE_PART_SAMPLES + 1):
        _execute(_FLIPPED, {"dealer": dealer})
        flips.append(_timed(at=now))
    _execute("UPDATE parts_supplier SET confirmed_at = %(now)s, warn_after_s = 3600 WHERE id = 1", {"now": now})
    decide(at=now)
    hour = _timed(at=now + timedelta(hours=1))
    midnight = _timed(at=(now + timedelta(days=1)).replace(hour=0, minute=0, second=0))
    counts, _ = midnight
    written = counts.parts + counts.repairs + counts.needs + counts.changed
    assert written == 0, f"{written} rows written at midnight"
    return [
        _ms("decide_diagnostics_flip_ms", flips, f"one dealer's diagnostics fail or come back; {size}"),
        _ms("decide_hour_ms", [hour], f"an hour passes and one source of 24 goes stale; {size}"),
        _ms("decide_midnight_ms", [midnight], f"a day passes in which nothing goes stale: nothing is written; {size}"),
    ]


def _timed(*, at: datetime) -> tuple[Counts, float]:
    started = time.perf_counter()
    counts = decide(at=at)
    return counts, time.perf_counter() - started


def _ms(name: str, runs: list[tuple[Counts, float]], limit: str) -> dict[str, Any]:
    touched = [counts.vehicles or 0 for counts, _ in runs]
    about = f"{limit}; vehicles looked at: {statistics.median(touched):,.0f}, at most {max(touched):,}"
    return _figure(name, [seconds * 1_000 for _, seconds in runs], "lower", about, "ms")


def _figure(name: str, samples: list[float], better: str, limit: str, unit: str = "ratio") -> dict[str, Any]:
    return {
        "name": name,
        "value": round(statistics.median(samples), 2),
        "unit": unit,
        "better": better,
        "limit": limit,
        "samples": [round(sample, 2) for sample in samples],
    }


def _scan() -> None:
    _execute("SELECT sum(quantity) FROM parts_offer")
    _execute("SELECT sum(position) FROM parts_defect")


def _database_bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def _after_change(count: int, seed: int) -> float:
    """Seconds to decide after `count` parts, drawn by chance, sold out or came in."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SOLD_OR_BACK, [seed, count])
        mark(Mark.PART, {part for (part,) in cursor.fetchall()})
    return _seconds(lambda: decide(at=timezone.now()))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _execute(statements: str, parameters: dict[str, Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statements, parameters)
