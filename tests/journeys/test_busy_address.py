"""A college's network asks too often: each person is asked a plain question, and goes on; a crowd from everywhere waits.

A second door to the same site, with a budget small enough to use up and its counts in a Redis of its own.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest
from django.conf import settings
from django.core.cache import cache
from playwright.sync_api import Page, expect

from garagehub.services.ports import free_port
from tests.journeys.conftest import BLOCKED, WholeSite, look_up
from tests.journeys.test_every_page import PHONE, violations
from tests.site_process import site_environment

OWN, ALL, START_LIMIT_S = 2, 4, 30
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


@pytest.fixture(scope="module")
def door(site: WholeSite) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    budgets = {"THROTTLE_LOOKUP": f"{OWN}/min", "THROTTLE_LOOKUP_TOTAL": f"{ALL}/min"}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"],
        cwd=site.checkout,
        env=site_environment(REDIS_URL=settings.REDIS_URL, SITE_URL=url, **budgets),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + START_LIMIT_S
        while not is_open(url):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)  # until the site answers; the deadline above bounds it
        yield url
    finally:
        process.terminate()
        process.wait(START_LIMIT_S)


def is_open(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False).is_success
    except httpx.TransportError:
        return False


def answer_to(page: Page) -> str:
    """What somebody who reads it says to “What is seven plus three?”."""
    question = page.locator("label[for=answer]").inner_text()
    one, sign, other = re.fullmatch(r"What is (\w+) (plus|take away) (\w+)\? Answer in figures\.", question).groups()
    return str(WORDS.index(one) + WORDS.index(other) * (1 if sign == "plus" else -1))


def press(page: Page, answer: str) -> None:
    page.locator("#answer").fill(answer)
    page.get_by_role("button", name="Look up").click()


@pytest.mark.parametrize("with_scripts", [True, False], ids=["scripts", "no scripts"])
def test_past_the_limit_a_person_answers_a_question_and_a_crowd_waits(new_page, door, with_scripts):
    cache.clear()
    page = new_page(base_url=door, java_script_enabled=with_scripts)
    statuses: list[int] = []
    page.on("response", lambda one: statuses.append(one.status) if one.request.is_navigation_request() else None)
    headline, refused = page.get_by_role("heading", level=1), page.get_by_role("alert").get_by_role("heading")
    for _ in range(OWN):
        look_up(page, BLOCKED)
        expect(headline).to_contain_text("waiting for one part")

    look_up(page, BLOCKED, postcode="PA3")
    assert statuses[-1] == 429
    expect(refused).to_have_text("Too many look-ups")
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"try again in \d+ seconds"))
    expect(page.get_by_label("Number plate")).to_have_value(BLOCKED)
    assert "AA19" not in page.url
    if with_scripts:
        assert violations(page) == []
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    press(page, "99")
    assert statuses[-1] == 429
    expect(refused).to_have_text("Too many look-ups")
    for _ in range(ALL - OWN):
        press(page, answer_to(page))
        assert statuses[-1] == 200
        expect(headline).to_contain_text("waiting for one part")
        look_up(page, BLOCKED)
        assert statuses[-1] == 429

    press(page, answer_to(page))
    assert statuses[-1] == 429
    expect(refused).to_have_text("Very many people are asking at the moment")
    expect(page.locator("#answer")).to_have_count(0)
    expect(page.get_by_label("Number plate")).to_have_value(BLOCKED)
