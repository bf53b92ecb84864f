"""A whole site as `make run` gives it, once for all journeys, and a browser that complains of everything it dislikes.

Nothing here touches the tests' own database: a journey sees what a person sees.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response

from tests.site_process import Site, copied_checkout, site_environment

SEED, VEHICLES = 1, 400
OWNER, MEMBER, ADMIN = "owner@garage.example", "member@garage.example", "admin@garagehub.example"
DEALER_OWNER = "owner@dealer.example"
BLOCKED = "AA19 AAA"
CHANGE_LIMIT_S = 40

# Chromium's note on any answer of 400 and more; those to pages are asked for, those to anything else are caught below.
_ANSWERED_BADLY = "Failed to load resource: the server responded with a status of"


def pytest_itemcollected(item: pytest.Item) -> None:
    """All journeys run in one worker, because they share one site. Marked here, before xdist reads the groups."""
    if Path(__file__).parent in item.path.parents:
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.xdist_group("site"))


class WholeSite(Site):
    """The running site, its people and the world around it."""

    @property
    def passwords(self) -> dict[str, str]:
        """By e-mail address, as the terminal shows them."""
        found = (re.search(r": (\S+@\S+) / (\S+) at http", line) for line in self.lines)
        return {match[1]: match[2] for match in found if match}

    @property
    def sandbox_url(self) -> str:
        """Where suppliers, DVSA and dealers are played."""
        return next(match[0] for line in self.lines if (match := re.search(r"http://\S+\d(?=\.$)", line)))

    def poll(self, supplier: str) -> None:
        """Ask a supplier now instead of within five minutes. A failed poll is an answer, too."""
        subprocess.run(
            [sys.executable, "manage.py", "poll_feed", supplier],
            cwd=self.checkout,
            env=site_environment(),
            capture_output=True,
            check=False,
        )

    def turn(self, path: str, body: dict[str, Any] | None = None, *, method: str = "POST") -> None:
        """Turn the world: the sandbox's controls, as docs/sandbox.md has them."""
        answer = httpx.request(
            method, self.sandbox_url + path, content=json.dumps(body) if body else None, trust_env=False
        )
        assert answer.is_success, answer.text

    def lookup(self, plate: str) -> dict[str, Any]:
        """What the API answers anyone about a plate."""
        answer = httpx.post(f"{self.url}/api/v1/vehicles/lookup", json={"registration": plate}, trust_env=False)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def wait_for_answer(self, plate: str, status: str) -> dict[str, Any]:
        """The answer, once the car stands so; the beat decides every few seconds."""
        deadline = time.monotonic() + CHANGE_LIMIT_S
        while (answer := self.lookup(plate))["repair_status"] != status:
            assert time.monotonic() < deadline, f"still {answer['repair_status']}: {answer['headline']}"
            time.sleep(0.5)  # CHANGE_LIMIT_S bounds it; asking more often would slow what it waits for
        return answer


@pytest.fixture(scope="session")
def site() -> Iterator[WholeSite]:
    """Up before the first journey; after the last, TERM leaves nothing running."""
    with copied_checkout() as checkout:
        running = WholeSite(checkout, VEHICLES=str(VEHICLES), SEED=str(SEED), THROTTLE_LOOKUP="6000/min")
        try:
            running.wait_until_ready()
            yield running
        finally:
            running.process.terminate()
            code = running.end()
        assert code == 0, running.lines
        assert running.wait_until_nothing_is_left() == {}


@pytest.fixture(scope="session")
def base_url(site: WholeSite) -> str:
    """pytest-playwright's: `page.goto("/")` is the site."""
    return site.url


@dataclass
class Complaints:
    """What went wrong in a browser without anybody noticing: scripts, policy, missing files, third parties."""

    hosts: set[str]
    found: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)

    def listen(self, context: BrowserContext) -> BrowserContext:
        context.on("console", lambda message: self._said(message.type, message.text))
        context.on("weberror", lambda error: self.found.append(f"script: {error.error}"))
        context.on("request", self._asked)
        context.on("response", self._answered)
        return context

    def _said(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not text.startswith(_ANSWERED_BADLY):
            self.found.append(f"console: {text}")

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).scheme in {"http", "https"} and urlsplit(request.url).netloc not in self.hosts:
            self.found.append(f"third party: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self.found.append(f"{response.status}: {response.url}")


@pytest.fixture
def complaints(site: WholeSite) -> Iterator[Complaints]:
    heard = Complaints({urlsplit(site.url).netloc})
    yield heard
    assert heard.found == []


@pytest.fixture
def context(context: BrowserContext, complaints: Complaints) -> BrowserContext:
    """pytest-playwright's, listened to."""
    return complaints.listen(context)


@pytest.fixture(scope="session")
def _cookies(site: WholeSite, browser: Browser) -> Callable[[str], Any]:
    """The cookies of somebody who has signed in once, through the form."""
    known: dict[str, Any] = {}

    def cookies_of(email: str) -> Any:
        if email not in known:
            page = browser.new_page(base_url=site.url)
            sign_in(page, email, site.passwords[email])
            known[email] = page.context.storage_state()
            page.context.close()
        return known[email]

    return cookies_of


@pytest.fixture
def new_page(
    browser: Browser, site: WholeSite, complaints: Complaints, _cookies: Callable[[str], Any]
) -> Iterator[Callable[..., Page]]:
    """Opens a page of its own: `as_` an e-mail address, or any option of a browser context, such as `java_script_enabled`.

    With a `base_url` it is another door to the site.
    """
    contexts = []

    def open_page(as_: str | None = None, **options: Any) -> Page:
        state = _cookies(as_) if as_ else None
        options = {"base_url": site.url, "locale": "en-GB", "timezone_id": "Europe/London"} | options
        complaints.hosts.add(urlsplit(options["base_url"]).netloc)
        context = browser.new_context(storage_state=state, **options)
        contexts.append(context)
        return complaints.listen(context).new_page()

    yield open_page
    for context in contexts:
        context.close()


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def look_up(page: Page, plate: str, *, postcode: str = "") -> None:
    """The owner's question, from the owner's page."""
    page.goto("/vehicle/")
    page.get_by_label("Number plate").fill(plate)
    page.get_by_label("Postcode (optional)").fill(postcode)
    page.get_by_role("button", name="Look up").click()
