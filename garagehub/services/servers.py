"""The servers that no URL was given for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from garagehub.services.folder import Folder
from garagehub.services.postgres import start_postgres
from garagehub.services.redis_server import start_redis
from garagehub.services.server import Server

DATABASE_URL, REDIS_URL = "DATABASE_URL", "REDIS_URL"


def missing_urls() -> list[str]:
    """Which of DATABASE_URL and REDIS_URL the environment does not give, neither itself nor as a file to read."""
    return [name for name in (DATABASE_URL, REDIS_URL) if not (os.environ.get(name) or os.environ.get(f"{name}_FILE"))]


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Private servers that are up."""

    urls: dict[str, str]
    running: Sequence[Server]
    took_s: float

    def __str__(self) -> str:
        about = " and ".join(server.about for server in self.running)
        return f"{about}, up in {self.took_s:.1f} s" if about else "as DATABASE_URL and REDIS_URL say"

    def stop(self) -> None:
        """Redis first, PostgreSQL last."""
        for server in reversed(self.running):
            server.stop()


def nothing() -> None:
    """Do nothing while waiting."""


def start_servers(
    folder: Folder, *, names: Sequence[str], durable: bool, on_wait: Callable[[], None] = nothing
) -> Servers:
    """Start a private server for each of `names`. All or none: ServicesError leaves nothing running.

    `on_wait` is called while waiting and may raise to give up.
    """
    began = time.monotonic()
    folder.shelf.mkdir(exist_ok=True)
    folder.shelf.chmod(0o755)
    running: list[Server] = []
    try:
        for name, start, where in ((DATABASE_URL, start_postgres, "postgres"), (REDIS_URL, start_redis, "redis")):
            if name in names:
                running.append(
                    start(
                        folder.home / where,
                        shelf=folder.shelf,
                        account=folder.account,
                        durable=durable,
                        on_wait=on_wait,
                    )
                )
    except BaseException:
        for server in reversed(running):
            server.stop()
        raise
    urls = {DATABASE_URL if server.name == "PostgreSQL" else REDIS_URL: server.url for server in running}
    return Servers(urls=urls, running=running, took_s=time.monotonic() - began)
