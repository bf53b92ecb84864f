"""An owner asks to be told, confirms, is told that the car can be repaired, and leaves; a garage watches the same car."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import BLOCKED, MEMBER, OWNER, look_up
from tests.journeys.test_every_page import violations
from tests.journeys.test_world_turns import SUPPLIER

TOLD_WITHIN_S = 60  # a decision, a sweep of half a minute, a delivery


@pytest.fixture
def mails(site):
    """Waits for the newest e-mail to somebody whose subject says this."""

    def newest(to: str, subject: str) -> dict[str, Any]:
        deadline = time.monotonic() + TOLD_WITHIN_S
        while time.monotonic() < deadline:
            found = httpx.get(f"{site.sandbox_url}/mail", params={"to": to}, trust_env=False).json()["mails"]
            if found and subject in found[0]["subject"]:
                return found[0]
            time.sleep(0.5)  # TOLD_WITHIN_S bounds it; asking more often would slow what it waits for
        pytest.fail(f"nobody wrote “{subject}”")

    return newest


@pytest.fixture
def world(site):
    def as_it_was() -> None:
        site.turn("/reset")
        site.turn(f"/suppliers/{SUPPLIER}/offers", method="DELETE")
        site.poll(SUPPLIER)
        site.wait_for_answer(BLOCKED, "blocked")

    as_it_was()
    yield site
    as_it_was()


def link_in(mail: dict[str, Any], below: str = "/vehicle/alerts/") -> str:
    return urlsplit(re.search(rf"http\S+{below}\S+", mail["text"]).group()).path


@pytest.mark.parametrize("with_scripts", [True, False], ids=["scripts", "no scripts"])
def test_an_owner_is_told_that_the_car_can_be_repaired_and_leaves(new_page, world, mails, with_scripts):
    email = f"owner-{with_scripts}@example.com".lower()
    page = new_page(java_script_enabled=with_scripts)
    look_up(page, BLOCKED)
    page.get_by_role("region", name="Tell me when it changes").get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Tell me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    page.goto(link_in(mails(email, "Confirm")))
    page.get_by_role("button", name="Yes, write to me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We will write to you")

    part = world.lookup(BLOCKED)["repairs"][0]["parts"][0]["part_number"]
    world.turn(f"/suppliers/{SUPPLIER}/offers", {"part_number": part, "branch": "CENTRE", "quantity": 6})
    world.poll(SUPPLIER)
    world.wait_for_answer(BLOCKED, "repairable")

    told = mails(email, "Your car can be repaired now")
    assert "ends in AAA" in told["text"]
    page.goto(link_in(told))
    page.get_by_role("button", name="Stop, and forget my address").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You get no more e-mails")
    page.goto(link_in(told))
    expect(page.get_by_role("heading", level=1)).to_have_text("This link does not work")
    assert "AA19" not in page.url


@pytest.mark.parametrize("with_scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_garage_keeps_a_list_of_its_cars(new_page, site, with_scripts):
    page = new_page(as_=OWNER, java_script_enabled=with_scripts)
    page.goto("/garage/")
    page.get_by_role("link", name="my cars and parts").click()
    page.get_by_label("Number plates").fill(f"{BLOCKED}\nAB91 ZZZ")
    page.get_by_label("Job number or note (optional)").fill("Job 4711")
    page.get_by_role("button", name="Watch these cars").click()
    row = page.get_by_role("row", name=re.compile(BLOCKED))
    expect(row).to_contain_text("Job 4711")
    expect(row).to_contain_text("blocked")
    expect(page.get_by_role("alert")).to_contain_text("AB91 ZZZ")
    row.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Removed. You hear no more of it.")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile(BLOCKED))).to_have_count(0)
    assert "AA19" not in page.url


def watch_nothing(page: Page) -> None:
    """Other journeys watch things at the same garage, and an e-mail tells of all that changed."""
    for address in ("/garage/watches/parts/", "/garage/watches/"):
        page.goto(address)
        remove = page.get_by_role("row").get_by_role("button", name="Remove")
        for left in reversed(range(remove.count())):
            remove.first.click()
            expect(remove).to_have_count(left)


def test_a_member_is_e_mailed_what_changed_of_the_garages_cars_and_leaves(new_page, world, mails):
    page = new_page(as_=MEMBER)
    watch_nothing(page)
    page.get_by_label("Number plates").fill(BLOCKED)
    page.get_by_role("button", name="Watch these cars").click()
    page.get_by_role("button", name="E-mail me when a watched car or part changes").click()
    expect(page.get_by_text("We e-mail you when a watched car or part changes.")).to_be_visible()

    part = world.lookup(BLOCKED)["repairs"][0]["parts"][0]["part_number"]
    world.turn(f"/suppliers/{SUPPLIER}/offers", {"part_number": part, "branch": "CENTRE", "quantity": 6})
    world.poll(SUPPLIER)
    world.wait_for_answer(BLOCKED, "repairable")

    told = mails(MEMBER, "1 change to what you watch")
    assert "- AAA, Land Rover Range Rover Evoque: Can be repaired (before: blocked)" in told["text"]
    assert "AA19" not in told["text"] + told["subject"]
    stranger = new_page(java_script_enabled=False)  # whoever holds the link may stop the e-mails, and nothing else
    stranger.goto(link_in(told, "/garage/watches/mail/"))
    stranger.get_by_role("button", name="Stop these e-mails").click()
    expect(stranger.get_by_role("heading", level=1)).to_have_text("You get no more e-mails")

    page.goto("/garage/watches/")
    expect(page.get_by_role("button", name="E-mail me when a watched car or part changes")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("row", name=re.compile(BLOCKED)).get_by_role("button", name="Remove").click()
