"""`make run`, for real: a copy of the checkout comes up, serves, and leaves nothing behind however it ends."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from garagehub.services.ports import free_port

CHECKOUT = Path(__file__).resolve().parents[3]
START_LIMIT_S, STOP_LIMIT_S = 120, 30
# One group: the copy and its database are made once, and these are heavy enough one at a time.
pytestmark = [
    pytest.mark.drill,
    pytest.mark.xdist_group("supervisor"),
    pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="what is left is looked for in /proc"),
]


@pytest.fixture(scope="module")
def copied() -> Iterator[Path]:
    """A copy of this checkout with a run folder of its own."""
    with tempfile.TemporaryDirectory(prefix="garagehub-run-") as name:
        path = Path(name)
        path.chmod(0o755)
        for folder in ("garagehub", "dealers", "parts"):
            shutil.copytree(CHECKOUT / folder, path / folder, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ("manage.py", "requirements.txt"):
            shutil.copy2(CHECKOUT / file, path / file)
        yield path


def environment(**extra: str) -> dict[str, str]:
    """Ours, without what the tests' own servers have put in it."""
    ours = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "STATIC_ROOT", "STATICFILES_STORAGE", "SITE_URL", "DEBUG")
    return {name: value for name, value in os.environ.items() if name not in ours} | {"EMPTY": "1", **extra}


class Site:
    """One `make run`, and what it says."""

    def __init__(self, checkout: Path, **extra: str) -> None:
        self.checkout = checkout
        self.port = int(extra.setdefault("PORT", str(free_port())))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "garagehub.services.run"],
            cwd=checkout,
            env=environment(**extra),
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
        while f"GarageHub is ready on http://127.0.0.1:{self.port}" not in self.lines:
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


@pytest.fixture
def start(copied: Path) -> Iterator[type[Site]]:
    """Starts a site in the copy; whatever the test does, it is ended afterwards."""
    sites: list[Site] = []

    def start_site(**extra: str) -> Site:
        sites.append(Site(copied, **extra))
        return sites[-1]

    yield start_site
    for site in sites:
        if site.process.poll() is None:
            site.process.terminate()
        site.end()


def status_of(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_site_comes_up_and_ctrl_c_stops_it_in_order(start):
    site = start()
    site.wait_until_ready()

    assert status_of(site.port, "/healthz") == 200
    assert status_of(site.port, "/readyz") == 200
    assert any(line == "Every vehicle decided, 0 blocked from repair." for line in site.lines)

    site.process.send_signal(signal.SIGINT)
    assert site.end() == 0
    assert site.lines[-1] == "Stopped."
    assert site.wait_until_nothing_is_left() == {}


def test_commands_use_the_servers_of_a_site_that_is_up(start, copied):
    site = start()
    site.wait_until_ready()
    code = "from django.db import connection as c; k = c.cursor(); k.execute('SHOW data_directory'); print(k.fetchone()[0])"

    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", code],
        cwd=copied,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == str(copied / ".garagehub" / "postgres" / "data")
    assert sum("bin/postgres " in command for command in site.processes().values()) == 1


def test_a_second_site_in_the_same_checkout_is_refused_in_one_line(start):
    first = start()
    first.wait_until_ready()

    second = start()

    assert second.end() == 1
    assert len(second.lines) == 1
    assert f"is in use by make run, process {first.process.pid}" in second.lines[0]


def test_term_stops_everything(start):
    site = start()
    site.wait_until_ready()

    site.process.terminate()

    assert site.end() == 0
    assert site.wait_until_nothing_is_left() == {}


def test_nothing_survives_a_supervisor_that_is_killed(start):
    site = start()
    site.wait_until_ready()
    assert len(site.processes()) >= 6

    site.process.kill()

    assert site.wait_until_nothing_is_left() == {}


@pytest.mark.parametrize("victim", ["bin/postgres ", "celery --app garagehub --quiet worker", "granian --interface"])
def test_the_end_of_one_is_the_end_of_all(start, victim):
    site = start()
    site.wait_until_ready()

    os.kill(min(pid for pid, command in site.processes().items() if victim in command), signal.SIGKILL)

    assert site.end() == 1
    assert site.lines[-1].endswith("ended (signal SIGKILL), so everything stops.")
    assert site.wait_until_nothing_is_left() == {}


def test_a_taken_port_is_one_line_and_nothing_is_started(start, copied):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        site = start(PORT=str(taken.getsockname()[1]))

        assert site.end() == 1
    assert len(site.lines) == 1
    assert "Address already in use. Try: make run PORT=" in site.lines[0]
    assert not (copied / ".garagehub" / "servers.json").exists()


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "http"), ("PORT", "70000"), ("EMPTY", "perhaps"), ("VEHICLES", "0")]
)
def test_an_unreadable_wish_is_one_line_that_names_it(copied, name, value):
    done = subprocess.run(
        [sys.executable, "-m", "garagehub.services.run"],
        cwd=copied,
        env=environment(**{name: value}),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert done.stdout.startswith(f"{name}=")


def test_a_failed_step_says_which_and_stops_the_servers(start):
    site = start(THROTTLE_LOOKUP="60/min", CONN_MAX_AGE="soon")

    assert site.end() == 1
    assert any("CONN_MAX_AGE='soon' is not a whole number." in line for line in site.lines)
    assert "failed (code 1)." in site.lines[-1]
    assert site.wait_until_nothing_is_left() == {}
