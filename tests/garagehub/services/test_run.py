"""`make run`, for real: a copy of the checkout comes up, serves, and leaves nothing behind however it ends."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site_process import Site, copied_checkout, site_environment

# One group: the copy and its database are made once, and these are heavy enough one at a time.
pytestmark = [
    pytest.mark.drill,
    pytest.mark.xdist_group("supervisor"),
    pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="what is left is looked for in /proc"),
]


@pytest.fixture(scope="module")
def copied() -> Iterator[Path]:
    """A copy of this checkout with a run folder of its own."""
    with copied_checkout() as path:
        yield path


@pytest.fixture
def start(copied: Path) -> Iterator[type[Site]]:
    """Starts a site in the copy; whatever the test does, it is ended afterwards."""
    sites: list[Site] = []

    def start_site(**extra: str) -> Site:
        sites.append(Site(copied, **{"EMPTY": "1"} | extra))
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


def test_a_site_comes_up_serves_and_ends_at_ctrl_c(start):
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
        env=site_environment(),
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
    servers = copied / ".garagehub" / "servers.json"
    servers.unlink(missing_ok=True)  # of a site that an earlier test killed
    with socket.create_server(("127.0.0.1", 0)) as taken:
        site = start(PORT=str(taken.getsockname()[1]))

        assert site.end() == 1
    assert len(site.lines) == 1
    assert "Address already in use. Try: make run PORT=" in site.lines[0]
    assert not servers.exists()


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "http"), ("PORT", "70000"), ("EMPTY", "perhaps"), ("VEHICLES", "0")]
)
def test_an_unreadable_wish_is_one_line_that_names_it(copied, name, value):
    done = subprocess.run(
        [sys.executable, "-m", "garagehub.services.run"],
        cwd=copied,
        env=site_environment(EMPTY="1") | {name: value},
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
