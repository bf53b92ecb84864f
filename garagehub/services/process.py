"""Child processes that never outlive us: each is told by the kernel when its parent dies, and is stopped as a group."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from garagehub.services.account import Account, ServicesError, identity

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(how: signal.Signals) -> None:
    """Ask the kernel to send us `how` when the thread that started us ends. Linux only; elsewhere it does nothing."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(how), 0, 0, 0)


def spawn(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
    account: Account | None = None,
    when_orphaned: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a command in its own session, so that Ctrl-C at the terminal reaches us and not it."""
    parent = os.getpid()

    def leash() -> None:
        die_with_parent(when_orphaned)
        if os.getppid() != parent:  # we died before the kernel was asked
            os.kill(os.getpid(), signal.SIGKILL)

    return subprocess.Popen(
        command,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        preexec_fn=leash,  # noqa: PLW1509 - two system calls, and we start children from one thread only
        **identity(account),
    )


def stop(process: subprocess.Popen[bytes], *, how: signal.Signals = signal.SIGTERM, patience: float = 10) -> None:
    """Ask the process to end, wait `patience` seconds, then kill whatever is left of its session."""
    if process.poll() is None:
        process.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    kill_session(process)


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and every child of it that stayed in its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(
    ready: Callable[[], bool],
    *,
    process: subprocess.Popen[bytes],
    patience: float,
    log: Path,
    name: str,
    on_wait: Callable[[], None],
) -> None:
    """Return once `ready()`; ServicesError with the end of the log when the process ends first or never gets there."""
    deadline = time.monotonic() + patience
    while not ready():
        if process.poll() is not None:
            raise ServicesError(f"{name} ended with code {process.returncode} while starting:\n{last_lines(log)}")
        if time.monotonic() > deadline:
            raise ServicesError(f"{name} did not answer within {patience:.0f} s:\n{last_lines(log)}")
        on_wait()
        time.sleep(0.02)


def last_lines(log: Path, *, count: int = 15) -> str:
    """The end of a log file, indented, to put under a message."""
    try:
        text = log.read_text(errors="replace")
    except OSError as error:
        return f"  (its log cannot be read: {error})"
    return "\n".join(f"  {line}" for line in text.splitlines()[-count:]) or "  (its log is empty)"
