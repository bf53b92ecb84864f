"""`make run` for real: a copy of the checkout with a run folder of its own, started and stopped as a person would."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from garagehub.services.ports import free_port

CHECKOUT = Path(__file__).resolve().parent.parent
START_LIMIT_S, STOP_LIMIT_S = 120, 30

# What the tests' own servers have put in our environment.
_OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "STATIC_ROOT", "STATICFILES_STORAGE", "SITE_URL", "DEBUG")


@contextlib.contextmanager
def copied_checkout() -> Iterator[Path]:
    """What of this checkout a site is made of, in a folder that the account of the servers can enter."""
    with tempfile.TemporaryDirectory(prefix="garagehub-run-") as name:
        path = Path(name)
        path.chmod(0o755)
        for folder in ("garagehub", "dealers", "parts", "locale"):
            shutil.copytree(CHECKOUT / folder, path / folder, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ("manage.py", "requirements.txt"):
            shutil.copy2(CHECKOUT / file, path / file)
        yield path


def site_environment(**extra: str) -> dict[str, str]:
    """Our environment without what the tests' own servers have put in it."""
    return {name: value for name, value in os.environ.items() if name not in _OURS} | extra


class Site:
    """One `make run`, and what it says."""

    def __init__(self, checkout: Path, **extra: str) -> None:
        self.checkout = checkout
        self.port = int(extra.setdefault("PORT", str(free_port())))
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "garagehub.services.run"],
            cwd=checkout,
            env=site_environment(**extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            for line in stdout:
                self.lines.append(line.rstrip("\n"))

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while f"GarageHub is ready on {self.url}" not in self.lines:
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < deadline, self.lines
            time.sleep(0.05)

    def end(self) -> int:
        """The exit code, once it has ended."""
        code = self.process.wait(STOP_LIMIT_S)
        self._reader.join(STOP_LIMIT_S)
        return code

    def processes(self) -> dict[int, str]:
        """Every process that works inside the copy, by its id."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink().is_relative_to(self.checkout):
                    found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
        return found

    def wait_until_nothing_is_left(self) -> dict[int, str]:
        """What is left after a fair wait: nothing, one hopes."""
        deadline = time.monotonic() + STOP_LIMIT_S
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        return self.processes()
