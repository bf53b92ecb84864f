"""How fast DVSA's lines become rows, against only parsing them."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import timezone

from garagehub.scenario.fleet import bulk_lines
from parts.vehicles.importing import import_path
from parts.vehicles.records import parse

LINES = {"small": 20_000, "full": 200_000}
SAMPLES = 3


def run(scale: str) -> list[dict[str, Any]]:
    """The figures of `make bench` that concern MOT imports."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.jsonl"
        path.write_bytes(b"".join(bulk_lines(LINES[scale], seed=1, today=timezone.now().date())))
        samples = [_sample(path) for _ in range(SAMPLES)]
    _forget()
    return [
        {
            "name": "import_mot_vs_parse",
            "value": round(statistics.median(samples), 2),
            "unit": "ratio",
            "better": "higher",
            "limit": f"lines/s of parsing alone; {LINES[scale]:,} new vehicles with their tests and defects",
            "samples": [round(sample, 2) for sample in samples],
        }
    ]


def _sample(path: Path) -> float:
    """Lines a second of a whole import into an empty table, as a share of those of parsing alone."""
    _forget()
    started = time.perf_counter()
    with path.open("rb") as lines:
        for line in lines:
            parse(line)
    parsing = time.perf_counter() - started
    started = time.perf_counter()
    import_path(path, at=timezone.now())
    return parsing / (time.perf_counter() - started)


def _forget() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE parts_vehicle, parts_motimport, parts_dirty, dealers_make RESTART IDENTITY CASCADE")
