"""`make run`: the whole of GarageHub on one machine, under one process that takes everything down with it."""

from __future__ import annotations

import http.client
import json
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from garagehub.env import BadSettingError
from garagehub.services import static_files
from garagehub.services.account import ServicesError
from garagehub.services.crew import Child, ChildEndedError, Crew, StopRequestedError
from garagehub.services.demo import Demo
from garagehub.services.folder import Folder, run_folder
from garagehub.services.options import HIGHEST_PORT, Options, sandbox_environment, site_environment
from garagehub.services.ports import answers, free_port, refusal
from garagehub.services.process import die_with_parent
from garagehub.services.servers import missing_urls, start_servers

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
WEB_PATIENCE_S = 60


def main() -> int:
    """Run until told to stop: 0 after Ctrl-C or TERM, 1 when something failed or ended by itself."""
    if "--with-parent" in sys.argv[1:]:
        die_with_parent(signal.SIGTERM)  # `make` was killed: nobody is left to press Ctrl-C
    crew = Crew(cwd=CHECKOUT)
    crew.listen_to_signals()
    try:
        # Leaving the block stops what was started, last first: beat, worker, web, sandbox, Redis, PostgreSQL.
        with ExitStack() as stack:
            run(Options.from_environment(), crew=crew, stack=stack)
    except StopRequestedError:
        crew.say("Stopped.")
        return 0
    except (BadSettingError, ServicesError, ChildEndedError) as error:
        crew.say(str(error))
        return 1
    return 0


def run(options: Options, *, crew: Crew, stack: ExitStack) -> None:
    """Start everything in order, announce it, and stay until something raises."""
    taken = refusal(options.bind, options.port)
    if taken:
        raise ServicesError(
            f"GarageHub cannot listen on {options.bind} port {options.port}: {taken}. Try: make run PORT={free_port()}"
        )
    folder = run_folder(CHECKOUT)
    environment = site_environment(options, checkout=CHECKOUT)
    environment |= _servers(folder, crew=crew, stack=stack)
    _prepare(environment, crew=crew)
    demo = None
    if not options.empty:
        demo = Demo.of(folder.home, seed=options.seed, vehicles=options.vehicles, today=datetime.now(UTC).date())
        environment |= _sandbox(demo, options.port + 1, environment, crew=crew, stack=stack)
    _web(options, environment, crew=crew, stack=stack)
    summary = _first_decisions(demo, environment, crew=crew)
    _workers(environment, crew=crew, stack=stack)
    crew.say("\n".join(announcement(options, summary, sandbox_url=environment.get("SANDBOX_URL") if demo else None)))
    while True:
        crew.breathe(1.0)


def _servers(folder: Folder, *, crew: Crew, stack: ExitStack) -> dict[str, str]:
    lock = folder.lock("make run")
    if lock is None:
        raise ServicesError(f"{folder.home} is in use by {folder.locked_by()}; stop that first, or wait for its end.")
    stack.callback(lock.release)
    servers = start_servers(folder, names=missing_urls(), durable=True, on_wait=crew.breathe)
    stack.callback(servers.stop)
    for server in servers.running:
        crew.watch(server.name, server.process)
    folder.record(servers.urls)
    stack.callback(folder.forget)
    crew.say(f"Servers: {servers}.")
    return servers.urls


def _prepare(environment: Mapping[str, str], *, crew: Crew) -> None:
    """Bring the database and the static files up to date, side by side."""
    root = static_files.static_root(CHECKOUT, environment)
    steps = {"migrate": ["migrate", "--verbosity", "0"]}
    if not static_files.is_collected(CHECKOUT, root):
        steps["static"] = ["collectstatic", "--no-input", "--clear", "--verbosity", "0"]
    children = [crew.start(name, [PYTHON, "manage.py", *step], env=environment) for name, step in steps.items()]
    with _until_done(crew, *children):
        for child in children:
            crew.finish(child)
    if "static" in steps:
        static_files.remember(CHECKOUT, root)


def _sandbox(demo: Demo, port: int, environment: Mapping[str, str], *, crew: Crew, stack: ExitStack) -> dict[str, str]:
    """Start the mocked outside world; returns what points the site at it."""
    if port > HIGHEST_PORT or refusal("127.0.0.1", port):
        port = free_port()
    smtp_port = free_port()
    command = [PYTHON, "-m", "garagehub.sandbox", "--port", str(port), "--smtp-port", str(smtp_port)]
    command += ["--started-on", demo.started_on]
    child = crew.start("sandbox", [*command, *demo.arguments], env=environment)
    stack.callback(crew.stop, child)
    crew.watch("The sandbox", child.process)
    while not answers("127.0.0.1", port):
        crew.breathe(0.05)
    url = f"http://127.0.0.1:{port}"
    crew.say(f"Sandbox: suppliers, DVSA and dealers are played on {url}.")
    return sandbox_environment(url, smtp_port=smtp_port)


def _web(options: Options, environment: Mapping[str, str], *, crew: Crew, stack: ExitStack) -> None:
    command = [PYTHON, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "4"]
    command += ["--no-ws", "--workers-kill-timeout", "5", "--log-level", "warning"]
    command += ["--host", options.bind, "--port", str(options.port), "garagehub.wsgi:application"]
    child = crew.start("web", command, env=environment)
    stack.callback(crew.stop, child)
    crew.watch("The web server", child.process)
    deadline = time.monotonic() + WEB_PATIENCE_S
    while not _is_healthy(options):
        if time.monotonic() > deadline:
            raise ChildEndedError(f"The web server did not answer on {options.url} within {WEB_PATIENCE_S} s.")
        crew.breathe(0.1)


def _is_healthy(options: Options) -> bool:
    connection = http.client.HTTPConnection(options.own_host, options.port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _first_decisions(demo: Demo | None, environment: Mapping[str, str], *, crew: Crew) -> dict[str, Any]:
    """Load the demonstration, or decide what is there; returns the command's summary."""
    name, arguments = ("scenario", ["load_scenario", *demo.arguments]) if demo else ("decide", ["decide", "--full"])
    child = crew.start(name, [PYTHON, "manage.py", *arguments], env=environment, keep_answer=True)
    with _until_done(crew, child):
        crew.finish(child)
    try:
        summary: dict[str, Any] = json.loads(child.answer[-1])
    except (IndexError, ValueError):
        raise ChildEndedError(f"{name} did not end with a line of JSON.") from None
    return summary


def _workers(environment: Mapping[str, str], *, crew: Crew, stack: ExitStack) -> None:
    # Root gets a page of warnings from Celery at each start; here the worker is as private as its owner.
    calm = ["-W", "ignore:You're running the worker with superuser privileges:UserWarning"]
    celery = [PYTHON, *calm, "-m", "celery", "--app", "garagehub", "--quiet"]
    level = ["--loglevel", environment.get("LOG_LEVEL", "WARNING")]
    worker = [*celery, "worker", "--queues", "celery,feeds,probes,outbox", "--concurrency", "2", *level]
    worker += ["--without-gossip", "--without-mingle"]
    beat = [*celery, "beat", "--pidfile", "", *level]
    # On TERM or QUIT an orphaned worker waits for a broker that is gone; its pool ends when its pipes close.
    for name, command, orphaned in (("worker", worker, signal.SIGKILL), ("beat", beat, signal.SIGTERM)):
        child = crew.start(name, command, env=environment, when_orphaned=orphaned)
        stack.callback(crew.stop, child)
        crew.watch(f"The {name}", child.process)


def announcement(options: Options, summary: Mapping[str, Any], *, sandbox_url: str | None = None) -> list[str]:
    """What the person at the terminal is told once everything is up; `sandbox_url` of a demonstration."""
    lines = [f"GarageHub is ready on {options.url}", _verdict(summary)]
    if options.is_open_to_others:
        lines.append(f"Other machines can reach it on port {options.port}: mind who knows its passwords.")
    lines += [
        f"  {person['who']}: {person['email']} / {person['password']} at {options.url}{person['page']}"
        for person in summary.get("sign_in", [])
    ]
    if sandbox_url:
        lines.append(f"  every e-mail it sends: {sandbox_url}/mail")
    return [*lines, "Ctrl-C stops everything."]


def _verdict(summary: Mapping[str, Any]) -> str:
    decided = f"{summary['decided']:,} vehicles" if "decided" in summary else "Every vehicle"
    line = f"{decided} decided, {summary.get('blocked') or 0:,} blocked from repair"
    reasons = sorted(summary.get("by_reason", {}).items(), key=lambda item: -item[1])
    said = ", ".join(f"{count:,} {code.replace('_', ' ')}" for code, count in reasons if count)
    return f"{line}: {said}." if said else f"{line}."


@contextmanager
def _until_done(crew: Crew, *children: Child) -> Iterator[None]:
    """Steps that are left early do not run on."""
    try:
        yield
    except BaseException:
        for child in children:
            crew.stop(child)
        raise


if __name__ == "__main__":
    sys.exit(main())
