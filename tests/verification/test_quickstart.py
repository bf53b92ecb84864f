"""docs/quickstart.md runs as it stands, in a shell and in Python, against a real server process."""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.utils import timezone

from dealers import evidence
from garagehub.services.ports import free_port
from tests import factories
from tests.worker_process import CHECKOUT, database_environment

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "quickstart.md").read_text()
START_LIMIT_S = 60


@pytest.fixture
def site(transactional_db):
    """The environment of the reader: a server's address, and the key of a garage that it knows."""
    here = factories.dealer("LAND ROVER")
    for _ in range(60):
        factories.dealer("JAGUAR")
    said = evidence.Claim(
        dealer_id=here.pk, system="diagnostics", kind="dealer", source="x", claim="down", observed_at=timezone.now()
    )
    evidence.record([said])
    evidence.recompute(at=timezone.now())
    secret = factories.bearer(here)["Authorization"].removeprefix("Bearer ")
    url = f"http://127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "runserver", "--noreload", "--nothreading", url.removeprefix("http://")],
        cwd=CHECKOUT,
        env=database_environment() | {"DEBUG": "false", "SITE_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_it_answers(url, process)
        yield {"GARAGEHUB": url, "GARAGEHUB_KEY": secret}
    finally:
        process.terminate()
        process.wait(15)


def _wait_until_it_answers(url, process):
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        try:
            with urllib.request.urlopen(f"{url}/api/v1/status", timeout=5):
                return
        except OSError:
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < deadline
            time.sleep(0.1)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def run(command, site):
    return subprocess.run(
        command, env=os.environ | site, capture_output=True, text=True, timeout=60, check=False, cwd="/"
    )


def test_the_curl_part_runs_as_written(site):
    first, *examples = blocks("sh")
    assert first.startswith("GARAGEHUB=")  # the reader's own address and key stand for these two lines
    assert len(examples) == 4
    done = run(["bash", "-euo", "pipefail", "-c", "\n".join(examples)], site)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
    assert "304\n" in done.stdout
    assert '"input":"LR 123456"' in done.stdout
    assert '"claim":"down"' in done.stdout


def test_the_python_part_runs_as_written(site):
    [script] = blocks("python")
    done = run([sys.executable, "-c", script], site)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 61 + 1  # two pages of dealers, and the part
    assert sum(line.endswith(" down") for line in lines) == 1
    assert lines[-1].startswith("LR123456 unknown unknown")


def test_the_python_part_says_an_error_in_its_words(site):
    [script] = blocks("python")
    done = run([sys.executable, "-c", script], site | {"GARAGEHUB_KEY": "gh_wrong"})
    assert done.returncode == 1
    assert done.stderr == "key_not_valid: This key is not known, or was revoked.\n"
