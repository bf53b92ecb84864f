"""Work that may wait takes a bounded share of a process."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Pace:
    """After each run, rest for so many times as long. Kept in the process, as it must hold without Redis."""

    def __init__(self, *, rest: float) -> None:
        self._rest = rest
        self._next = 0.0

    def run(self, work: Callable[[], object]) -> None:
        """Do it, unless it is too soon or another thread is at it."""
        started = time.monotonic()
        if started < self._next:
            return
        self._next = math.inf
        try:
            work()
        finally:
            ended = time.monotonic()
            self._next = ended + self._rest * (ended - started)
