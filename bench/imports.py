"""How fast DVSA's lines become rows, against only unpacking and parsing the same file.

Four workloads: a first import, where every vehicle is new, with the newest two visits of each (as our scenario makes
them) and with histories as long as DVSA's; the bulk file of the week after, of which nearly every line is known; and a
delta, of which every line changed. And how much memory the processes of the first took.
"""

from __future__ import annotations

import gzip
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
from django.db import connection
from django.utils import timezone

from bench.memory import EVERY_S, children_of, private_kib
from garagehub.scenario.fleet import bulk_lines
from parts.vehicles import importing
from parts.vehicles.importing import import_path
from parts.vehicles.records import parse

LINES = {"small": 20_000, "full": 200_000}
SAMPLES = 3
TESTS_IN_A_HISTORY = 8
WEEK = timedelta(days=7)

Figures = list[dict[str, Any]]


def run(scale: str) -> Figures:
    """The figures of `make bench` that concern MOT imports."""
    count, today = LINES[scale], timezone.now().date()
    with tempfile.TemporaryDirectory() as folder:
        now = list(bulk_lines(count, seed=1, today=today))
        later = list(bulk_lines(count, seed=1, today=today + WEEK))
        changed = [line for line, before in zip(later, now, strict=True) if line != before]
        files = {
            "": _packed(Path(folder) / "first.gz", now),
            "_again": _packed(Path(folder) / "again.gz", later),
            "_delta": _packed(Path(folder) / "delta.gz", changed),
        }
        del now, later
        samples = [_samples(files) for _ in range(SAMPLES)]
        long = _packed(Path(folder) / "long.gz", map(_with_history, bulk_lines(count // 2, seed=1, today=today)))
        for sample in samples:
            _forget()
            sample["_long"] = _sample(long)
        _forget()
        what = f"{count:,} new vehicles, the newest two visits of each"
        memory = _memory(files[""], what)
    _forget()
    said = {
        "": what,
        "_again": f"the bulk file of a week later, {len(changed) / count:.1%} of its lines changed",
        "_delta": f"a delta of {len(changed):,} lines, every one changed",
        "_long": f"{count // 2:,} new vehicles with {TESTS_IN_A_HISTORY} tests or more each",
    }
    return [_figure(name, what, [sample[name] for sample in samples]) for name, what in said.items()] + memory


def _memory(path: Path, what: str) -> Figures:
    """Of the process that writes and of the one that reads for it, where that can be read: an import run by itself."""
    peaks = [0, 0]
    command = [sys.executable, "manage.py", "import_mot", str(path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as importer:
        while importer.poll() is None:
            of_reader = max(map(private_kib, children_of(importer.pid)), default=0)
            peaks = list(map(max, peaks, (private_kib(importer.pid), of_reader)))
            time.sleep(EVERY_S)  # looking more often would take from what it looks at
    return [
        {
            "name": f"import_mot_peak_{process}_mib",
            "value": round(kib / 1024),
            "unit": "MiB",
            "better": "lower",
            "limit": f"private memory of the process that {does} at its peak; {what}",
            "samples": [],
        }
        for process, does, kib in (("parent", "writes", peaks[0]), ("child", "reads", peaks[1]))
        if kib
    ]


def _figure(name: str, what: str, samples: list[float]) -> dict[str, Any]:
    return {
        "name": f"import_mot{name}_vs_parse",
        "value": round(statistics.median(samples), 2),
        "unit": "ratio",
        "better": "higher",
        "limit": f"lines/s of unpacking and parsing alone; {what}",
        "samples": [round(sample, 2) for sample in samples],
    }


def _samples(files: dict[str, Path]) -> dict[str, float]:
    """Each file into what the one before it left; the delta instead of the second bulk file."""
    _forget()
    found = {"": _sample(files[""])}
    with _as_if_large():
        found["_again"] = _sample(files["_again"])
    _forget()
    import_path(files[""], at=timezone.now())
    found["_delta"] = _sample(files["_delta"])
    return found


@contextmanager
def _as_if_large() -> Iterator[None]:
    """What we make of the bulk file is small, but stands for one of 20 GB, whose known lines are not read again."""
    worth, importing.FINGERPRINTS_WORTH_BYTES = importing.FINGERPRINTS_WORTH_BYTES, 0
    yield
    importing.FINGERPRINTS_WORTH_BYTES = worth


def _sample(path: Path) -> float:
    """Lines a second of a whole import, as a share of those of unpacking and parsing alone."""
    started = time.perf_counter()
    with gzip.open(path) as lines:
        for line in lines:
            parse(line)
    parsing = time.perf_counter() - started
    started = time.perf_counter()
    import_path(path, at=timezone.now())
    return parsing / (time.perf_counter() - started)


def _packed(path: Path, lines: Iterable[bytes]) -> Path:
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.writelines(lines)
    return path


def _with_history(line: bytes) -> bytes:
    """The same vehicle with the tests of earlier years, as DVSA's own lines have them."""
    vehicle = msgspec.json.decode(line)
    tests = vehicle["motTests"]
    recent = tests[:]
    for years in range(1, TESTS_IN_A_HISTORY if recent else 0):
        if len(tests) >= TESTS_IN_A_HISTORY:
            break
        tests += [_older(test, years * 3) for test in recent]
    return msgspec.json.encode(vehicle) + b"\n"


def _older(test: dict[str, Any], years: int) -> dict[str, Any]:
    day = date.fromisoformat(test["completedDate"][:10]) - timedelta(days=365 * years)
    expiry = {"expiryDate": (day + timedelta(days=364)).isoformat()} if test["expiryDate"] else {}
    number = test["motTestNumber"] * 100 + years
    return {**test, **expiry, "completedDate": f"{day}{test['completedDate'][10:]}", "motTestNumber": number}


def _forget() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE parts_vehicle, parts_motimport, parts_dirty, dealers_make RESTART IDENTITY CASCADE")
