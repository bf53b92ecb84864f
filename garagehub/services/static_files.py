"""Collects static files, but only when something they are made from has changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

SOURCES = ("garagehub/static", "dealers/static", "parts/static")
MADE_FROM = ("requirements.txt", "garagehub/settings.py")  # the packages' own files, and what becomes of them


def static_root(checkout: Path, environment: Mapping[str, str]) -> Path:
    """Where the settings keep collected files."""
    return Path(environment.get("STATIC_ROOT") or checkout / ".garagehub" / "staticfiles")


def fingerprint(checkout: Path) -> str:
    """Differs whenever a second collection could give other files than the first."""
    digest = hashlib.sha256()
    for name in MADE_FROM:
        digest.update((checkout / name).read_bytes())
    for source in SOURCES:
        for folder, folders, files in os.walk(checkout / source):
            folders.sort()
            for name in sorted(files):
                path = Path(folder, name)
                digest.update(f"{path.relative_to(checkout)}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def is_collected(checkout: Path, root: Path) -> bool:
    """Whether `root` holds what a collection now would give."""
    try:
        return (root / ".made-from").read_text() == fingerprint(checkout)
    except FileNotFoundError:
        return False


def remember(checkout: Path, root: Path) -> None:
    """The collection has just succeeded."""
    (root / ".made-from").write_text(fingerprint(checkout))
