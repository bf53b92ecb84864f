"""The browser of tests marked `browser`: the one on the machine, else a visible skip, else (in CI) an error."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
SWITCHES = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)


def find_browser() -> str | None:
    """CHROMIUM, else a known name on PATH, else what Playwright once downloaded."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    if on_path:
        return on_path
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    downloaded = sorted(cache.glob("chromium-*/chrome-linux*/chrome"))
    return str(downloaded[-1]) if downloaded else None


BROWSER = find_browser()
IS_REQUIRED = os.environ.get("CI") == "true" or os.environ.get("GARAGEHUB_REQUIRE_BROWSER") == "1"


def pytest_report_header() -> str:
    return f"browser: {BROWSER or 'NONE, so tests marked `browser` are skipped'}"


def pytest_configure(config: pytest.Config) -> None:
    """Where a browser is required, nothing runs without one."""
    wanted = "not browser" not in config.option.markexpr
    if IS_REQUIRED and wanted and not BROWSER:
        raise pytest.UsageError("No browser was found, and CI requires one: apt-get install chromium, or set CHROMIUM.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Elsewhere its tests say that they were skipped, and why."""
    for item in items:
        if not BROWSER and item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no browser: apt-get install chromium, or set CHROMIUM"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright's own fixture, pointed at the browser we found."""
    switches = [*SWITCHES, "--no-sandbox"] if os.geteuid() == 0 else [*SWITCHES]
    return {**browser_type_launch_args, "executable_path": BROWSER, "args": switches}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "en-GB", "timezone_id": "Europe/London"}
