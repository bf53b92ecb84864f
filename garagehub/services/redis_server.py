"""A private Redis (or Valkey): on 127.0.0.1 with a random password, the one address every client library accepts."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from garagehub.services import process as processes
from garagehub.services.account import Account, ServicesError, private_folder
from garagehub.services.binaries import Binaries, redis_binaries
from garagehub.services.ports import free_port
from garagehub.services.server import Server

ATTEMPTS = 3


def start_redis(
    folder: Path, *, shelf: Path, account: Account | None, durable: bool, on_wait: Callable[[], None]
) -> Server:
    """Start Redis on `folder`. It holds queues and caches only, so data it cannot read are put aside, not mourned."""
    private_folder(folder, account=account)
    binaries = redis_binaries(account=account, shelf=shelf)
    for attempt in range(1, ATTEMPTS + 1):
        port, password = free_port(), secrets.token_urlsafe(24)
        try:
            process = _launch(
                folder, binaries, port=port, password=password, account=account, durable=durable, on_wait=on_wait
            )
        except ServicesError:
            if attempt == ATTEMPTS:
                raise
            if "Address already in use" not in (folder / "log").read_text(errors="replace"):
                _put_aside(folder)
            continue
        break
    return Server(
        name="Redis",
        about=f"Redis {binaries.version} ({binaries.source}: {binaries.path})",
        url=f"redis://:{password}@127.0.0.1:{port}/0",
        process=process,
        stop_signal=signal.SIGTERM,
    )


def _launch(
    folder: Path,
    binaries: Binaries,
    *,
    port: int,
    password: str,
    account: Account | None,
    durable: bool,
    on_wait: Callable[[], None],
) -> subprocess.Popen[bytes]:
    configuration = folder / "redis.conf"
    log_path = folder / "log"
    _write(configuration, _configuration(port=port, password=password, durable=durable), account=account)
    with log_path.open("wb") as log:
        process = processes.spawn(
            [str(binaries.path), str(configuration)],
            cwd=folder,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(folder)},
            stdout=log,
            stderr=log,
            account=account,
        )
    try:
        processes.wait_until(
            lambda: _answers(port, password),
            process=process,
            patience=60 if durable else 10,
            log=log_path,
            name="Redis",
            on_wait=on_wait,
        )
    except BaseException:
        processes.stop(process)
        raise
    return process


def _configuration(*, port: int, password: str, durable: bool) -> str:
    """Redis's settings, in a file: on the command line everybody could read the password."""
    return "\n".join(
        [
            "bind 127.0.0.1",
            f"port {port}",
            f"requirepass {password}",
            "databases 64",
            "dir ./",
            'save ""',
            f"appendonly {'yes' if durable else 'no'}",
            "daemonize no",
            "",
        ]
    )


def _write(path: Path, text: str, *, account: Account | None) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _answers(port: int, password: str) -> bool:
    once = Retry(NoBackoff(), 0)
    client = redis.Redis(port=port, password=password, socket_timeout=1, socket_connect_timeout=1, retry=once)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _put_aside(folder: Path) -> None:
    for name in ("appendonlydir", "appendonly.aof", "dump.rdb"):
        if (folder / name).exists():
            (folder / name).rename(folder / f"{name}.unread-{time.time_ns()}")
