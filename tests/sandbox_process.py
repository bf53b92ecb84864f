"""The sandbox as a real process on a free port, for every test that asks for `sandbox`."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

SEED = 7
VEHICLES = 1_500
STARTED_ON = (datetime.now(UTC) - timedelta(days=12)).date()

_CHECKOUT = Path(__file__).resolve().parent.parent
_START_LIMIT_S = 20


class SandboxProcess:
    """A running sandbox: its address, a client for it, and its controls."""

    def __init__(self, *, seed: int = SEED, vehicles: int = VEHICLES) -> None:
        command = [sys.executable, "-m", "garagehub.sandbox", "--port", "0"]
        command += ["--seed", str(seed), "--vehicles", str(vehicles), "--started-on", STARTED_ON.isoformat()]
        self.process = subprocess.Popen(
            command, cwd=_CHECKOUT, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], _START_LIMIT_S)
        line = self.process.stdout.readline() if ready else ""
        assert line.startswith("The sandbox is listening on "), f"the sandbox did not start: {line!r}"
        self.url = line.split()[-1]
        self.client = httpx.Client(base_url=self.url, timeout=20, trust_env=False)
        self.stopped_at = datetime.now(UTC)

    def fault(self, target: str, name: str, *, times: int | None = None, **options: Any) -> dict[str, Any]:
        """Put a fault up."""
        return self._post("/faults", {"target": target, "fault": name, "times": times, **options})

    def set_offer(self, code: str, **values: Any) -> dict[str, Any]:
        """Set what a supplier says of a part: `part_number`, `quantity`, and `brand`, `branch`, `availability` if wanted."""
        return self._post(f"/suppliers/{code}/offers", values)

    def set_system(self, dealer: str, system: str, state: str | None) -> None:
        """Set a dealer's system by hand; None gives it back to the timeline."""
        self._post(f"/dealers/{dealer}/systems/{system}", {"state": state})

    def mails(self, to: str = "") -> list[dict[str, Any]]:
        """What the mail server took, newest first; all, or to one address."""
        return self.client.get("/mail", params={"to": to} if to else {}).json()["mails"]

    def hooks(self, name: str) -> list[dict[str, Any]]:
        """The webhooks taken under this name, oldest first."""
        return self.client.get(f"/hooks/{name}").json()["deliveries"]

    def move_clock(self, *, days: float) -> None:
        """Move the scenario's time."""
        self._post("/clock", {"offset_days": days})

    def stop_clock(self, *, at: datetime) -> None:
        """Let the scenario stand still: its offers change every five minutes, between any two looks."""
        self.stopped_at = at
        self._post("/clock", {"frozen_at": at.isoformat()})

    def reset(self) -> None:
        """Forget all that was set by hand, and stand still where it stood."""
        self._post("/reset", {})
        self.stop_clock(at=self.stopped_at)

    def stop(self) -> tuple[str, str]:
        """End the process; what it printed after the first line, and its errors."""
        self.client.close()
        self.process.terminate()
        return self.process.communicate(timeout=20)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.client.post(path, json=body)
        assert answer.is_success, answer.text
        result: dict[str, Any] = answer.json()
        return result


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxProcess]:
    """The outside world, one process for all tests. Each test that asks for it finds it as new."""
    running = SandboxProcess()
    yield running
    running.stop()


@pytest.fixture
def mail_server(sandbox: SandboxProcess, settings) -> SandboxProcess:
    """The sandbox as the mail server of this test's own process: what `deliver_mail` sends is in `mails()`."""
    address = urlsplit(sandbox.client.get("/").json()["mail"]["EMAIL_URL"])
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = address.hostname, address.port
    return sandbox


@pytest.fixture
def authorities(sandbox: SandboxProcess, settings) -> SandboxProcess:
    """The sandbox as DVSA and DVLA."""
    index = sandbox.client.get("/").json()
    for name, value in (index["dvsa"] | index["dvla"]).items():
        setattr(settings, name, value)
    settings.DVSA_INTERNAL = settings.DVLA_INTERNAL = True
    return sandbox


@pytest.fixture(autouse=True)
def _sandbox_as_new(request: pytest.FixtureRequest) -> None:
    if "sandbox" in request.fixturenames:
        sandbox: SandboxProcess = request.getfixturevalue("sandbox")
        sandbox.stopped_at = datetime.now(UTC)
        sandbox.reset()
