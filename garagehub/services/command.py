"""Servers for one `manage.py` command."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from garagehub.services.account import ServicesError
from garagehub.services.folder import Folder, run_folder, secret_key
from garagehub.services.servers import missing_urls, start_servers

PATIENCE_S = 60  # a holder that replays its log after a power cut takes its time


@contextmanager
def servers_for_command(checkout: Path, *, what: str) -> Iterator[bool]:
    """Fill in SECRET_KEY, DATABASE_URL and REDIS_URL where they are not set, and take back nothing.

    Uses the private servers that are up, else starts them for as long as the block runs, and then until other commands
    that joined are done. Yields whether it started them. Raises ServicesError.
    """
    if not (os.environ.get("SECRET_KEY") or os.environ.get("SECRET_KEY_FILE")):
        os.environ["SECRET_KEY"] = secret_key(checkout)
    names = missing_urls()
    if not names:
        yield False
        return
    with ExitStack() as stack:
        yield _join_or_start(run_folder(checkout), names=names, what=what, stack=stack)


def _join_or_start(folder: Folder, *, names: Sequence[str], what: str, stack: ExitStack) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        lock = folder.lock(what)
        if lock is not None:
            stack.callback(lock.release)
            servers = start_servers(folder, names=names, durable=True)
            stack.callback(servers.stop)
            folder.record(servers.urls)
            stack.callback(_wait_for_others, folder)
            os.environ.update(servers.urls)
            return True
        if _join(folder, names=names, stack=stack):
            return False
        if time.monotonic() > deadline:
            raise ServicesError(f"{folder.home} is taken by {folder.locked_by()}, whose servers do not come up.")
        time.sleep(0.1)


def _join(folder: Folder, *, names: Sequence[str], stack: ExitStack) -> bool:
    user = folder.join()
    if user is None:
        return False
    urls = folder.recorded()
    if urls is None:
        user.release()
        return False
    missing = [name for name in names if name not in urls]
    if missing:
        user.release()
        raise ServicesError(f"{folder.locked_by()} was given its own {' and '.join(missing)}: set the same here.")
    stack.callback(user.release)
    os.environ.update({name: urls[name] for name in names})
    return True


def _wait_for_others(folder: Folder) -> None:
    alone = folder.alone()
    folder.forget()
    alone.release()
