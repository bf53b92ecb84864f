"""Folders that the account which runs PostgreSQL for root can reach; pytest's own tmp_path is closed to it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from garagehub.services.servers import missing_urls


@pytest.fixture
def checkout() -> Iterator[Path]:
    """An empty folder that stands for a checkout."""
    with tempfile.TemporaryDirectory(prefix="garagehub-checkout-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path
        _remove_home_elsewhere(path)


@pytest.fixture
def closed_checkout(checkout: Path) -> Path:
    """A checkout that only its owner can enter, as under /root."""
    closed = checkout / "closed" / "checkout"
    closed.mkdir(parents=True)
    closed.parent.chmod(0o700)
    return closed


@pytest.fixture
def no_urls(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no servers and no binaries."""
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PG_BINDIR", "REDIS_SERVER"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    assert missing_urls() == ["DATABASE_URL", "REDIS_URL"]


def _remove_home_elsewhere(path: Path) -> None:
    for record in path.rglob("elsewhere"):
        shutil.rmtree(record.read_text())
