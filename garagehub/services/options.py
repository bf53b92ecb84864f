"""What `make run` was asked for, and the environment its children get."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from garagehub.env import BadSettingError, env_bool, env_int, env_str
from garagehub.services.folder import secret_key

HIGHEST_PORT = 65_535
EVERY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104 - recognised, not bound
LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """Settings of `make run`, all from the environment; see docs/operators.md."""

    port: int
    bind: str
    empty: bool
    vehicles: int | None
    seed: int | None

    @classmethod
    def from_environment(cls) -> Options:
        """Raises BadSettingError."""
        port = env_int("PORT", default=8000, minimum=1)
        if port > HIGHEST_PORT:
            raise BadSettingError(f"PORT={port} is too large: the most is {HIGHEST_PORT}.")
        return cls(
            port=port,
            bind=env_str("BIND") or "127.0.0.1",
            empty=env_bool("EMPTY", default=False),
            vehicles=env_int("VEHICLES", default=0, minimum=1) if os.environ.get("VEHICLES") else None,
            seed=env_int("SEED", default=0) if os.environ.get("SEED") else None,
        )

    @property
    def own_host(self) -> str:
        """The host under which this machine reaches the site itself."""
        return "127.0.0.1" if self.bind in EVERY_ADDRESS else self.bind

    @property
    def url(self) -> str:
        return f"http://{_bracketed(self.own_host)}:{self.port}"

    @property
    def is_open_to_others(self) -> bool:
        """Whether other machines reach the site, and with it the demonstration's known passwords."""
        return self.bind not in {"127.0.0.1", "::1", "localhost"}


def site_environment(options: Options, *, checkout: Path) -> dict[str, str]:
    """The environment of every child. What the operator set wins; the rest is made up for a private site."""
    machine = socket.gethostname()
    hosts = [*LOOPBACK]
    public_url = options.url
    if options.bind in EVERY_ADDRESS:
        hosts += [machine, socket.getfqdn(), *_addresses(machine)]
        public_url = f"http://{machine}:{options.port}"
    elif options.is_open_to_others:
        hosts.append(_bracketed(options.bind))
    environment = {
        "SITE_URL": public_url,
        "ALLOWED_HOSTS": ",".join(dict.fromkeys(hosts)),
        "BEAT_SCHEDULE_FILE": str(checkout / ".garagehub" / "beat-schedule"),
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "garagehub.settings",
    }
    if not os.environ.get("SECRET_KEY_FILE"):
        environment["SECRET_KEY"] = os.environ.get("SECRET_KEY") or secret_key(checkout)
    return environment | {name: value for name, value in os.environ.items() if value}


def sandbox_environment(sandbox_url: str, *, smtp_port: int) -> dict[str, str]:
    """What points the site at the sandbox instead of at DVSA and a mail server: no e-mail of a demonstration leaves."""
    return {
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
        "SANDBOX_URL": sandbox_url,
        "DVSA_API_URL": f"{sandbox_url}/dvsa",
        "DVSA_TOKEN_URL": f"{sandbox_url}/dvsa/token",
        "DVSA_CLIENT_ID": "sandbox",
        "DVSA_CLIENT_SECRET": "sandbox",
        "DVSA_API_KEY": "sandbox",
        "DVSA_INTERNAL": "true",
        "DVLA_API_URL": f"{sandbox_url}/dvla/vehicle-enquiry",
        "DVLA_API_KEY": "sandbox",
        "DVLA_INTERNAL": "true",
    }


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _addresses(machine: str) -> list[str]:
    try:
        found = socket.getaddrinfo(machine, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [_bracketed(str(address[0])) for *_, address in found]
