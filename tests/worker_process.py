"""A real Celery worker on the test database, for tests that ask for `worker_process`."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.db import connection

CHECKOUT = Path(__file__).resolve().parent.parent
START_LIMIT_S = 30


def database_environment() -> dict[str, str]:
    """The environment of a process of our own that works on the test database."""
    database = connection.settings_dict
    # dj-database-url leaves what stands after the question mark, such as a socket's folder, in OPTIONS.
    place = {"host": database["HOST"], "port": database["PORT"], **database["OPTIONS"]}
    where = urlencode({name: place[name] for name in ("host", "port") if place[name]})
    user, password = quote(database["USER"]), quote(database["PASSWORD"] or "")
    return dict(
        os.environ,
        DATABASE_URL=f"postgres://{user}:{password}@/{quote(database['NAME'])}?{where}",
        REDIS_URL=settings.REDIS_URL,
        PYTHONUNBUFFERED="1",
    )


@pytest.fixture(scope="session")
def worker_process(django_db_setup, django_db_blocker) -> Iterator[subprocess.Popen[str]]:
    """A worker on every queue. It sees committed rows only: the test needs `django_db(transaction=True)`."""
    with django_db_blocker.unblock():
        environment = database_environment()
    command = [
        sys.executable,
        "-m",
        "celery",
        "--app",
        "garagehub",
        "worker",
        "--concurrency",
        "1",
        "--loglevel",
        "INFO",
    ]
    command += ["--queues", "celery,feeds,probes,outbox", "--without-gossip", "--without-mingle"]
    process = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    ready = threading.Event()
    said: list[str] = []
    reader = threading.Thread(target=_read, args=(process, ready, said), daemon=True)
    reader.start()
    try:
        assert ready.wait(START_LIMIT_S), "the worker did not start:\n" + "".join(said)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        finally:
            process.kill()
            reader.join(15)


def _read(process: subprocess.Popen[str], ready: threading.Event, said: list[str]) -> None:
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            said.append(line)
            if "ready." in line:
                ready.set()
