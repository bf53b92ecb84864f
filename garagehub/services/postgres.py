"""A private PostgreSQL: on a Unix socket in a folder that only its account may enter, so it needs no password."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from garagehub.services import process as processes
from garagehub.services.account import Account, ServicesError, account_of, identity, private_folder
from garagehub.services.binaries import Binaries, postgres_binaries
from garagehub.services.server import Server

PORT = 5432  # part of the socket's name; each server has a folder of its own
USER = DATABASE = "garagehub"
LONGEST_SOCKET_PATH = 100  # the system's limit is about 107 bytes
SMALL_SHARED_MEMORY = 256 << 20

# Nothing of a test outlives it, so nothing waits for a disk.
FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "128MB",
    "max_connections": "200",
}
# PostgreSQL's own durability and autovacuum stay as they are; the rest suits a marque on a small machine.
DURABLE = {
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "random_page_cost": "1.1",
}


@dataclass(frozen=True, kw_only=True)
class _Place:
    folder: Path
    sockets: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"


def start_postgres(
    folder: Path, *, shelf: Path, account: Account | None, durable: bool, on_wait: Callable[[], None]
) -> Server:
    """Start PostgreSQL on `folder`, making its data directory and database when new. ServicesError says what failed."""
    if account is None and account_of(os.geteuid()) is None:
        raise ServicesError(
            f"PostgreSQL cannot run as uid {os.geteuid()}: that uid has no line in /etc/passwd. "
            "Set DATABASE_URL to a server you run."
        )
    private_folder(folder, account=account)
    binaries = postgres_binaries(account=account, shelf=shelf, data=folder / "data")
    place = _Place(folder=folder, sockets=_socket_folder(folder, account=account))
    try:
        _end_leftover(place)
        if not (place.data / "PG_VERSION").exists():
            _make_data_directory(place, binaries, account=account, durable=durable)
        process = _launch(place, binaries, account=account, durable=durable, on_wait=on_wait)
    except BaseException:
        _remove_sockets(place)
        raise
    return Server(
        name="PostgreSQL",
        about=f"PostgreSQL {binaries.version} ({binaries.source}: {binaries.path})",
        url=f"postgres://{USER}@/{DATABASE}?host={quote(str(place.sockets), safe='/')}&port={PORT}",
        process=process,
        stop_signal=signal.SIGINT,  # fast shutdown: ends connections, keeps every commit
        patience=60 if durable else 10,
        litter=place.sockets if place.sockets != folder else None,
    )


def _socket_folder(folder: Path, *, account: Account | None) -> Path:
    """`folder` itself, or a short one in the temporary folder when the checkout lies too deep for a socket's name."""
    if _fits(folder):
        return folder
    short = Path(tempfile.mkdtemp(prefix="garagehub-"))
    if not _fits(short):
        short.rmdir()
        raise ServicesError(
            f"{folder} and {short.parent} are both too deep for a Unix socket, whose whole path may have "
            f"{LONGEST_SOCKET_PATH} characters. Set TMPDIR to a shorter folder, or DATABASE_URL."
        )
    return private_folder(short, account=account)


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH


def _remove_sockets(place: _Place) -> None:
    if place.sockets != place.folder:
        shutil.rmtree(place.sockets, ignore_errors=True)


def _environment(place: _Place) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(place.folder)}


def _make_data_directory(place: _Place, binaries: Binaries, *, account: Account | None, durable: bool) -> None:
    """Run initdb beside the final place and move it there, so that an interrupted one is never taken for a database."""
    half = place.folder / "data.half"
    shutil.rmtree(half, ignore_errors=True)
    command = [str(binaries.path / "initdb"), "-D", str(half), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale"]
    command += ["--no-instructions"] if durable else ["--no-instructions", "--no-sync"]
    done = subprocess.run(
        command,
        cwd=place.folder,
        env=_environment(place),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        **identity(account),
    )
    if done.returncode != 0:
        raise ServicesError(f"initdb of {binaries.path} failed:\n{done.stdout}{done.stderr}")
    half.rename(place.data)


def _launch(
    place: _Place, binaries: Binaries, *, account: Account | None, durable: bool, on_wait: Callable[[], None]
) -> subprocess.Popen[bytes]:
    switches = dict(DURABLE if durable else FORGETFUL, listen_addresses="")
    if _shared_memory() < SMALL_SHARED_MEMORY:
        switches["dynamic_shared_memory_type"] = "mmap"  # containers give /dev/shm 64 MB, too little for parallel plans
    command = [str(binaries.path / "postgres"), "-D", str(place.data), "-k", str(place.sockets), "-p", str(PORT)]
    for name, value in switches.items():
        command += ["-c", f"{name}={value}"]
    with place.log.open("wb") as log:
        process = processes.spawn(
            command,
            cwd=place.folder,
            env=_environment(place),
            stdout=log,
            stderr=log,
            account=account,
            when_orphaned=signal.SIGINT,
        )
    try:
        processes.wait_until(
            lambda: _answers(place),
            process=process,
            patience=300 if durable else 30,  # replaying the log after a power cut takes its time
            log=place.log,
            name="PostgreSQL",
            on_wait=on_wait,
        )
        _make_database(place)
    except BaseException:
        processes.stop(process, how=signal.SIGINT)
        raise
    return process


def _shared_memory() -> int:
    try:
        return shutil.disk_usage("/dev/shm").total  # noqa: S108 - asked for its size only
    except OSError:
        return SMALL_SHARED_MEMORY


def _connect(place: _Place) -> psycopg.Connection:
    return psycopg.connect(
        host=str(place.sockets), port=PORT, user=USER, dbname="postgres", autocommit=True, connect_timeout=2
    )


def _answers(place: _Place) -> bool:
    try:
        _connect(place).close()
    except psycopg.OperationalError:
        return False
    return True


def _make_database(place: _Place) -> None:
    with _connect(place) as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if there is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _end_leftover(place: _Place) -> None:
    """Wait for a PostgreSQL on this folder whose supervisor was killed; it is ending, or is told to where it was not."""
    pid_file = place.data / "postmaster.pid"
    told = False
    deadline = time.monotonic() + 15
    while pid_file.exists() and time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(pid_file.read_text().splitlines()[0])
            os.kill(pid, 0)
            if not told and _answers(place):  # it is ours: it answers on our own socket
                os.kill(pid, signal.SIGINT)
                told = True
            time.sleep(0.1)
            continue
        return  # the file is stale, and PostgreSQL knows what to do with it
