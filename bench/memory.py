"""How much memory processes take while something runs, asked of Linux four times a second."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from django.db import connection

EVERY_S = 0.25
_PROCESSES = Path("/proc")


class Peaks:
    """The most memory of its own that this process and any one process of PostgreSQL took within the `with`.

    What PostgreSQL's processes share (its buffers, a parallel plan's hash tables) is not counted. Without /proc, or
    with a server elsewhere, there is nothing to tell.
    """

    def __init__(self) -> None:
        self.of_python = 0
        self.of_postgres = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self._postmaster = _field(cursor.fetchone()[0], "PPid")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def figures(self, name: str, size: str) -> list[dict[str, Any]]:
        """Both peaks as figures; nothing where they could not be read."""
        peaks = (("python", self.of_python), ("postgres", self.of_postgres))
        return [
            {
                "name": f"{name}_{process}_mib",
                "value": round(kib / 1024),
                "unit": "MiB",
                "better": "lower",
                "limit": f"private memory of the largest such process at its peak; {size}",
                "samples": [],
            }
            for process, kib in peaks
            if self.of_postgres
        ]

    def _watch(self) -> None:
        while not self._done.wait(EVERY_S):
            self.of_python = max(self.of_python, private_kib(os.getpid()))
            for process in children_of(self._postmaster):
                self.of_postgres = max(self.of_postgres, private_kib(process))


def private_kib(process: int) -> int:
    """The memory that is a process's own now; 0 if it is gone or this is no Linux."""
    return _field(process, "RssAnon")


def children_of(process: int) -> list[int]:
    """The processes that a process started, by whichever of its threads, and that are there now."""
    tasks = (_PROCESSES / str(process) / "task").glob("*")
    return [child for task in tasks for child in _started_by(task)]


def _started_by(task: Path) -> list[int]:
    try:
        return [int(child) for child in (task / "children").read_text().split()]
    except OSError:
        return []


def _field(process: int, name: str) -> int:
    """A number of a process's status; 0 if it is gone or not there."""
    try:
        lines = (_PROCESSES / str(process) / "status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
