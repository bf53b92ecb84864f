"""A worker for `bench.ingest`: polls each feed whose id it reads, and says how long that took and how much memory.

A process of its own, as a worker is. In the bench's own, hundreds of megabytes of rows lie scattered, and Python is slower
for whoever must make do with the room between them.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import time
from pathlib import Path

import django
from django.utils import timezone

_STATUS, _FORGET_PEAK = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def main() -> None:
    """Until the input ends: a feed's id in; out come seconds, MiB at the peak above before, the run's state and reason."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "garagehub.settings")
    django.setup()
    poll = importlib.import_module("parts.feeds.polling").poll
    for line in sys.stdin:
        _FORGET_PEAK.write_text("5")  # getrusage would give the peak of all polls so far
        idle = _kib("VmRSS")
        started = time.perf_counter()
        run = poll(int(line), at=timezone.now())
        seconds = time.perf_counter() - started
        print(seconds, (_kib("VmHWM") - idle) / 1024, run.state, run.reason, flush=True)


def _kib(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+)", _STATUS.read_text())
    assert found, f"no {name} in {_STATUS}"
    return int(found[1])


if __name__ == "__main__":
    main()
