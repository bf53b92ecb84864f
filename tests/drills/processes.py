"""The processes that drills kill and freeze: a Redis, a worker, a beat and a web server, each a real one of our own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from garagehub.celery import app
from garagehub.services import process as processes
from garagehub.services.binaries import redis_binaries
from garagehub.services.ports import free_port
from tests.worker_process import CHECKOUT, database_environment

PATIENCE_S = 60.0  # for machines with much else to do: each step takes seconds


def wait_for(is_so: Callable[[], Any], what: str, *, within_s: float = PATIENCE_S) -> None:
    """Return once it is so; fail with `what` when it does not come about in time."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"within {within_s:.0f} s it did not come about that {what}"
        time.sleep(0.05)


class Program:
    """A process of our own in a session of its own, and what it says."""

    def __init__(self, folder: Path, name: str, command: list[str], environment: dict[str, str]) -> None:
        self._log = folder / f"{name}.log"
        with self._log.open("ab") as log:
            self.process = processes.spawn(command, cwd=CHECKOUT, env=environment, stdout=log, stderr=log)

    def said(self) -> str:
        """All it has said so far."""
        return self._log.read_text(errors="replace")

    def wait_until_it_says(self, words: str) -> None:
        """Return once it has said this."""
        wait_for(lambda: words in self.said(), f"it says “{words}”")

    def kill(self) -> None:
        """End it and its children with no chance to tidy up, as when the machine loses power."""
        processes.kill_session(self.process)


class PrivateRedis:
    """A Redis that may die: nothing else uses it. It comes back on its own port, with nothing in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = redis_binaries(account=None, shelf=folder).path
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [str(self._program), "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--dir", "./"]
        log = self._folder / "redis.log"
        with log.open("ab") as output:
            self._process = processes.spawn(
                command, cwd=self._folder, env=dict(os.environ), stdout=output, stderr=output
            )
        wait_for(self._answers, "Redis answers")

    def _answers(self) -> bool:
        with (
            redis.Redis(port=self._port, socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client,
            contextlib.suppress(redis.RedisError),
        ):
            return bool(client.ping())
        return False

    def kill(self) -> None:
        """End it at once."""
        processes.kill_session(self._process)

    def freeze(self) -> None:
        """Stop it: it still takes connections, and never answers."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)


class Drill:
    """What one drill has started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = contextlib.ExitStack()
        self.redis = PrivateRedis(folder)
        self._stack.callback(self.redis.kill)
        self._environment = database_environment() | {
            "REDIS_URL": self.redis.url,
            "LOG_LEVEL": "INFO",
            "PYTHONWARNINGS": "ignore::UserWarning",
            "BEAT_SCHEDULE_FILE": str(folder / "beat"),
        }

    def set(self, **variables: str) -> None:
        """Give what is started from now on these environment variables too."""
        self._environment |= variables

    def worker(self) -> Program:
        """Start a worker on every queue."""
        command = ["worker", "--queues", "celery,feeds,probes,outbox", "--concurrency", "1", "--loglevel", "INFO"]
        program = self._celery("worker", [*command, "--without-gossip", "--without-mingle"])
        program.wait_until_it_says(" ready.")
        return program

    def beat(self) -> Program:
        """Start the beat."""
        return self._celery("beat", ["beat", "--pidfile", "", "--loglevel", "INFO"])

    def site(self) -> httpx.Client:
        """Start the web server as `make run` does; gives a client of it."""
        url = f"http://127.0.0.1:{(port := free_port())}"
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "4"]
        command += ["--no-ws", "--host", "127.0.0.1", "--port", str(port), "garagehub.wsgi:application"]
        self._start("site", command)
        client = self._stack.enter_context(httpx.Client(base_url=url, timeout=30, trust_env=False))

        def is_up() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return client.get("/healthz").is_success
            return False

        wait_for(is_up, "the site answers")
        return client

    def send(self, task: Any, **arguments: Any) -> None:
        """Put a task on the drill's own broker, as the beat would."""
        with app.connection_for_write(self.redis.url) as connection:
            task.apply_async(kwargs=arguments, connection=connection)

    def end(self) -> None:
        """End whatever is left."""
        self._stack.close()

    def _celery(self, name: str, command: list[str]) -> Program:
        return self._start(name, [sys.executable, "-m", "celery", "--app", "garagehub", *command])

    def _start(self, name: str, command: list[str]) -> Program:
        program = Program(self._folder, f"{name}-{time.monotonic_ns()}", command, self._environment)
        self._stack.callback(program.kill)
        return program


@contextlib.contextmanager
def new_drill() -> Iterator[Drill]:
    """A drill with its own Redis; what it started is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="garagehub-drill-"))
    drill = Drill(folder)
    try:
        yield drill
    finally:
        drill.end()
        shutil.rmtree(folder, ignore_errors=True)
