"""A pytest plugin: real PostgreSQL and Redis for the tests, and the environment their settings are read from.

It is named in pyproject.toml because pytest-django reads the settings before any conftest.py: an address set there would
come too late. Only the controlling process starts servers; parallel workers inherit its environment.
"""

from __future__ import annotations

import atexit
import os
import shutil
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings

from garagehub.services.account import ServicesError
from garagehub.services.folder import temporary_folder
from garagehub.services.servers import Servers, missing_urls, start_servers

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")


def _start() -> Servers:
    """Start what has no URL, see to its end, and set what the settings need."""
    try:
        folder, lock = temporary_folder()
        atexit.register(lock.release)
        atexit.register(shutil.rmtree, folder.home, ignore_errors=True)
        servers = start_servers(folder, names=missing_urls(), durable=False)
    except ServicesError as error:
        raise pytest.UsageError(str(error)) from None
    atexit.register(servers.stop)
    static_root = folder.home / "static"  # WhiteNoise warns of one that is missing, and warnings are errors
    static_root.mkdir()
    os.environ.update(
        servers.urls,
        SECRET_KEY="tests-only",
        STATIC_ROOT=str(static_root),
        STATICFILES_STORAGE="django.contrib.staticfiles.storage.StaticFilesStorage",
        DJANGO_ALLOW_ASYNC_UNSAFE="true",  # Playwright keeps an event loop in the thread of the tests
    )
    return servers


SERVERS = None if WORKER else _start()


def pytest_report_header() -> str | None:
    """Which servers the tests talk to."""
    return f"servers: {SERVERS}" if SERVERS else None


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Give each parallel worker a Redis database of its own, counted from the one that REDIS_URL names.

    pytest-django does the same for PostgreSQL. The settings are read by now, so they are changed in place.
    """
    if WORKER:
        parts = urlsplit(os.environ["REDIS_URL"])
        number = int(parts.path.strip("/") or 0) + 1 + int(WORKER.removeprefix("gw"))
        url = urlunsplit(parts._replace(path=f"/{number}"))
        os.environ["REDIS_URL"] = settings.REDIS_URL = settings.CELERY_BROKER_URL = url
        settings.CACHES["default"]["LOCATION"] = url
