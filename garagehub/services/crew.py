"""Child processes that run together, print under their names and end together."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from garagehub.services import process as processes

NAME_WIDTH = 9
STILL_AT_IT_S = 30


class StopRequestedError(Exception):
    """Somebody pressed Ctrl-C or sent TERM: an orderly end, not a failure."""


class ChildEndedError(Exception):
    """A process that should run on has ended, or a step failed; the message names it."""


class Child:
    """One process and the lines it has written."""

    def __init__(self, name: str, process: subprocess.Popen[bytes]) -> None:
        self.name = name
        self.process = process
        self.answer: list[str] = []  # what it wrote to stdout, when that is kept apart from its messages
        self._rests: dict[int, bytes] = {}

    def read(self, descriptor: int) -> list[str] | None:
        """Whole lines that have arrived; None once the other end is closed."""
        try:
            data = os.read(descriptor, 65_536)
        except BlockingIOError:
            return []
        rest = self._rests.pop(descriptor, b"")
        if not data:
            return [rest.decode(errors="replace")] if rest else None
        *lines, self._rests[descriptor] = (rest + data).split(b"\n")
        return [line.decode(errors="replace") for line in lines]


class Crew:
    """Starts children, shows what they write, and notices when one ends. Everything runs in one thread."""

    def __init__(self, *, cwd: Path) -> None:
        self.cwd = cwd
        self.requests_to_stop = 0
        self._stopping = False
        self._selector = selectors.DefaultSelector()
        self._watched: dict[str, subprocess.Popen[bytes]] = {}

    def listen_to_signals(self) -> None:
        """From now on INT, TERM and HUP are requests to stop; a second one stops without waiting."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        self.requests_to_stop += 1

    def say(self, text: str) -> None:
        """Print to the terminal at once. A closed pipe is a request to stop."""
        try:
            print(text, flush=True)
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - what is said from here on has no reader
            self.requests_to_stop += 1

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        keep_answer: bool = False,
        when_orphaned: signal.Signals = signal.SIGTERM,
    ) -> Child:
        """Start a command. With `keep_answer` its stdout is kept for the caller instead of shown."""
        process = processes.spawn(
            command,
            cwd=self.cwd,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if keep_answer else subprocess.STDOUT,
            when_orphaned=when_orphaned,
        )
        child = Child(name, process)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                kept = keep_answer and stream is process.stdout
                self._selector.register(stream, selectors.EVENT_READ, (child, kept))
        return child

    def watch(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """From now on the end of this process is the end of all."""
        self._watched[name] = process

    def breathe(self, seconds: float = 0.0) -> None:
        """Show what has been written, waiting up to `seconds` for it; raise when it is time to stop."""
        for key, _ in self._selector.select(seconds):
            child, kept = key.data
            lines = child.read(key.fd)
            if lines is None:
                self._selector.unregister(key.fileobj)
            elif kept:
                child.answer += lines
            else:
                for line in filter(str.strip, lines):
                    self.say(f"{child.name:<{NAME_WIDTH}}| {line}")
        if self._stopping:
            return
        if self.requests_to_stop:
            raise StopRequestedError
        for name, process in self._watched.items():
            if process.poll() is not None:
                raise ChildEndedError(f"{name} ended ({_how(process)}), so everything stops.")

    def finish(self, child: Child) -> None:
        """Wait for a step to end well; ChildEndedError when it fails."""
        began = said = time.monotonic()
        while child.process.poll() is None:
            self.breathe(0.1)
            if time.monotonic() - said > STILL_AT_IT_S:
                said = time.monotonic()
                self.say(f"{child.name:<{NAME_WIDTH}}| still at it after {said - began:.0f} s")
        self.breathe()
        self.breathe()  # the rest of a last line comes after the last whole one
        if child.process.returncode != 0:
            raise ChildEndedError(f"{child.name} failed ({_how(child.process)}).")

    def stop(self, child: Child, *, patience: float = 10) -> None:
        """Ask the child to end, show its last words, and kill what is left of its session."""
        self._stopping = True
        if child.process.poll() is None:
            child.process.terminate()
        deadline = time.monotonic() + patience
        asked = self.requests_to_stop
        while child.process.poll() is None and time.monotonic() < deadline and self.requests_to_stop <= max(asked, 1):
            self.breathe(0.05)
        processes.kill_session(child.process)
        self.breathe()


def _how(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
