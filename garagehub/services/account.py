"""Who the private servers run as. PostgreSQL refuses root, so root hands them to an account with fewer rights."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class ServicesError(Exception):
    """PostgreSQL or Redis cannot be started; the message says why and what to do, for the person at the terminal."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """A line of the password database that servers are handed to."""

    uid: int
    gid: int
    name: str


def account_for_servers(*, owner_of: Path) -> Account | None:
    """None unless we are root; then the owner of `owner_of` (data that exist already), else `postgres`, else `nobody`.

    Raises ServicesError when there is no such account.
    """
    if os.geteuid() != 0:
        return None
    if owner_of.exists() and owner_of.stat().st_uid != 0:
        owner = account_of(owner_of.stat().st_uid)
        if owner is None:
            raise ServicesError(f"{owner_of} belongs to uid {owner_of.stat().st_uid}, which no longer has an account.")
        return owner
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid, name=name)
    raise ServicesError(
        "PostgreSQL does not run as root, and neither `postgres` nor `nobody` exists to run it as. "
        "Set DATABASE_URL and REDIS_URL, or use another account."
    )


def account_of(uid: int) -> Account | None:
    """The uid's line of the password database, if it has one."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return None
    return Account(uid=uid, gid=entry.pw_gid, name=entry.pw_name)


def identity(account: Account | None) -> dict[str, Any]:
    """Arguments that make `subprocess.Popen` run as the account; none when we keep our own rights."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def private_folder(path: Path, *, account: Account | None) -> Path:
    """Make `path` if it is missing, closed to everyone but the account (or us)."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    if account is not None:
        os.chown(path, account.uid, account.gid)
    return path


def reaches(path: Path, *, account: Account | None) -> bool:
    """Whether the account may enter a folder. Asked of the system itself, since access lists may have their say."""
    command = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(path)]
    return subprocess.run(command, stderr=subprocess.DEVNULL, cwd="/", check=False, **identity(account)).returncode == 0
