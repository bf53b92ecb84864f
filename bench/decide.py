"""How fast everything is decided, against reading the offers and defects it stands on, and one part against everything.

The yardstick is `sum()` over all offers and all defects by sequential scan, measured just before each run.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from parts.blocking.decide import decide
from parts.blocking.verify import verify
from parts.marks.marks import Mark, mark

SIZES = {
    "small": {"vehicles": 120_000, "offers": 200_000, "parts": 6_000},
    "full": {"vehicles": 1_200_000, "offers": 2_000_000, "parts": 60_000},
}
SAMPLES = 5
ONE_PART_SAMPLES = 15
MANY = 1_000
_WORLD = (Path(__file__).parent / "decide_world.sql").read_text(encoding="utf-8")
# The rest goes with what it points at; what the decision derives points at nothing.
_EMPTIED = """
dealers_make, dealers_dealer, parts_brand, parts_supplier, parts_repairkind, parts_manualreference, parts_vehicle,
parts_dirty, parts_engineclock, parts_branchreach, parts_brandcover, parts_makereach, parts_requirementoption,
parts_partavailability, parts_readiness, parts_repairneed, parts_repairstatus, parts_blockchange
"""


def run(scale: str) -> list[dict[str, Any]]:
    """The figures of `make bench` that concern decisions."""
    try:
        build_world(scale)
        return _measure(SIZES[scale])
    finally:
        clear_world()


def build_world(scale: str) -> None:
    """Invent a marque of the scale's size in the emptied tables, and decide it once."""
    _execute(f"TRUNCATE {_EMPTIED} CASCADE")
    _execute(_WORLD, SIZES[scale])
    _execute("VACUUM (ANALYZE)")
    decide(at=timezone.now(), rebuild=True)
    _execute("VACUUM (ANALYZE)")


def clear_world() -> None:
    """Empty the tables again."""
    _execute(f"TRUNCATE {_EMPTIED} RESTART IDENTITY CASCADE")


def _measure(sizes: dict[str, int]) -> list[dict[str, Any]]:
    pairs = [(_seconds(_scan), _seconds(lambda: decide(at=timezone.now(), full=True))) for _ in range(SAMPLES)]
    rebuilt = [(_seconds(_scan), _seconds(lambda: decide(at=timezone.now(), rebuild=True))) for _ in range(3)]
    full = statistics.median(seconds for _, seconds in pairs)
    one = [_after_change(1, seed) for seed in range(ONE_PART_SAMPLES)]
    many = [_after_change(MANY, seed) for seed in range(SAMPLES)]
    differences = verify(at=timezone.now())["differences"]
    assert differences == 0, f"{differences} rows differ from a full decision"
    size = f"{sizes['vehicles']:,} vehicles, {sizes['offers']:,} offers"
    scan = f"sum() over all offers and defects by sequential scan; {size}"
    return [
        _figure("decide_full_vs_scan", [full / scan for scan, full in pairs], "lower", scan),
        _figure("decide_rebuild_vs_scan", [full / scan for scan, full in rebuilt], "lower", f"{scan}; all needs anew"),
        _figure("decide_full_vs_one_part", [full / seconds for seconds in one], "higher", f"a full decision; {size}"),
        _figure("decide_1000_parts_vs_full", [seconds / full for seconds in many], "lower", f"a full decision; {size}"),
    ]


def _figure(name: str, samples: list[float], better: str, limit: str) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(statistics.median(samples), 2),
        "unit": "ratio",
        "better": better,
        "limit": limit,
        "samples": [round(sample, 2) for sample in samples],
    }


def _scan() -> None:
    _execute("SELECT sum(quantity) FROM parts_offer")
    _execute("SELECT sum(position) FROM parts_defect")


def _after_change(count: int, seed: int) -> float:
    """Seconds to decide after `count` parts, drawn by chance, sold out or came in."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE parts_offer SET quantity = 5 - 5 * sign(coalesce(quantity, 1)),
                availability = CASE WHEN quantity = 0 THEN 'in_stock' ELSE 'out_of_stock' END
            WHERE part_id IN (SELECT id FROM parts_part ORDER BY md5(id || '/' || %s) LIMIT %s)
            RETURNING part_id
            """,
            [seed, count],
        )
        mark(Mark.PART, {part for (part,) in cursor.fetchall()})
    return _seconds(lambda: decide(at=timezone.now()))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _execute(statements: str, parameters: dict[str, int] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statements, parameters)
