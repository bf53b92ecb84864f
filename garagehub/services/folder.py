"""Where private servers keep their data: `.garagehub/` in the checkout, or a temporary folder for tests."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from garagehub.services.account import Account, ServicesError, account_for_servers, reaches

# Root's checkout may lie where no other account gets in, such as /root. Only root writes in the first of these.
ELSEWHERE = (Path("/var/lib/garagehub"), Path("/var/tmp"))  # noqa: S108 - mkdtemp makes the folder in it
TEST_PREFIX = "garagehub-test-"
FRESH_S = 60


@dataclass(frozen=True, kw_only=True)
class Folder:
    """`home` holds the servers' data and what is recorded of them; `account` runs them when we are root."""

    home: Path
    account: Account | None

    @property
    def shelf(self) -> Path:
        """Copies of programs that the account could not reach where they were."""
        return self.home / "programs"

    def lock(self, what: str) -> Lock | None:
        """Take the folder for ourselves, or None while another process has it. `what` is shown to whoever is refused."""
        lock = Lock.take(self.home / "lock", shared=False)
        if lock is not None:
            os.ftruncate(lock.descriptor, 0)
            os.write(lock.descriptor, f"{what}, process {os.getpid()}".encode())
        return lock

    def locked_by(self) -> str:
        """What the holder of the lock called itself."""
        return (self.home / "lock").read_text() or "another process"

    def join(self) -> Lock | None:
        """Become a user of servers that another process started: it waits for us before it stops them."""
        return Lock.take(self.home / "users", shared=True)

    def alone(self) -> Lock:
        """Wait until nobody uses our servers any more, and let nobody in."""
        return Lock.wait(self.home / "users")

    def record(self, urls: dict[str, str]) -> None:
        """Let `manage.py` find the servers that are up."""
        private_file(self.home / "servers.json", json.dumps(urls), replace=True)

    def recorded(self) -> dict[str, str] | None:
        """URLs of the servers that are up, by the variable they belong in."""
        try:
            urls: dict[str, str] = json.loads((self.home / "servers.json").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return urls

    def forget(self) -> None:
        """The servers are about to stop."""
        (self.home / "servers.json").unlink(missing_ok=True)


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A lock that the system drops when its holder dies, however it dies."""

    descriptor: int

    @classmethod
    def take(cls, path: Path, *, shared: bool) -> Lock | None:
        """The lock, or None when somebody is in the way."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return cls(descriptor=descriptor)

    @classmethod
    def wait(cls, path: Path) -> Lock:
        """The lock, for us alone, once everybody else has let go."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return cls(descriptor=descriptor)

    def release(self) -> None:
        os.close(self.descriptor)


def run_folder(checkout: Path) -> Folder:
    """The run folder of a checkout, made when missing. ServicesError when it belongs to somebody else."""
    path = checkout / ".garagehub"
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() not in (0, path.stat().st_uid):
            raise PermissionError
    except PermissionError:
        raise ServicesError(
            f"{path} cannot be used by this account. Run as its owner, remove it as its owner, "
            "or use a checkout of your own."
        ) from None
    moved = path / "elsewhere"
    home = Path(moved.read_text()) if moved.exists() else path
    if not home.is_dir():
        home = path
    account = account_for_servers(owner_of=home / "postgres" / "data")
    if account is not None and home == path:
        path.chmod(0o711)  # the account passes through to its own folders; ours inside stay closed
        if not reaches(path, account=account):
            home = _home_elsewhere(checkout, account=account)
            private_file(moved, str(home), replace=True)
    return Folder(home=home, account=account)


def _home_elsewhere(checkout: Path, *, account: Account) -> Path:
    for base in ELSEWHERE:
        with contextlib.suppress(OSError):
            base.mkdir(mode=0o755, exist_ok=True)
            home = Path(tempfile.mkdtemp(prefix=f"{checkout.name}-", dir=base))
            home.chmod(0o711)
            if reaches(home, account=account):
                (home / "checkout").write_text(f"{checkout}\n")
                return home
            home.rmdir()
    raise ServicesError(f"`{account.name}`, who runs PostgreSQL for root, can reach neither {checkout} nor /var/tmp.")


def temporary_folder() -> tuple[Folder, Lock]:
    """A folder for servers that live as long as this process, which removes it. Leftovers of killed ones go first."""
    account = account_for_servers(owner_of=Path(os.devnull))
    for base in dict.fromkeys([Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]):  # noqa: S108 - mkdtemp
        _sweep(base)
        home = Path(tempfile.mkdtemp(prefix=TEST_PREFIX, dir=base))
        lock = Lock.wait(home / "lock")
        if account is None:
            return Folder(home=home, account=None), lock
        home.chmod(0o711)
        if reaches(home, account=account):
            return Folder(home=home, account=account), lock
        lock.release()
        shutil.rmtree(home)
    raise ServicesError("No temporary folder can be reached by the account that runs PostgreSQL for root. Set TMPDIR.")


def _sweep(base: Path) -> None:
    """Remove test folders of ours whose process was killed. A fresh one is spared: it may not have its lock yet."""
    for path in base.glob(f"{TEST_PREFIX}*"):
        with contextlib.suppress(OSError):
            about = path.lstat()
            if about.st_uid != os.geteuid() or time.time() - about.st_mtime < FRESH_S:
                continue
            lock = Lock.take(path / "lock", shared=False)
            if lock is not None:
                shutil.rmtree(path, ignore_errors=True)
                lock.release()


def private_file(path: Path, text: str, *, replace: bool) -> None:
    """Write a file only we may read, whole or not at all; without `replace` one that is there already stays."""
    half = path.with_name(f"{path.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    if replace:
        half.replace(path)
        return
    with contextlib.suppress(FileExistsError):
        os.link(half, path)
    half.unlink()


def secret_key(checkout: Path) -> str:
    """The key of this checkout's private site, made on first use. A real site sets SECRET_KEY itself."""
    path = checkout / ".garagehub" / "secret_key"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        private_file(path, secrets.token_urlsafe(50), replace=False)
    return path.read_text().strip()
