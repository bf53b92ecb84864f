"""The world changes while people look: a supplier goes silent, a part comes in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import ADMIN, BLOCKED, WholeSite, look_up

SUPPLIER, NAME = "meridian", "Meridian Genuine Parts"


@pytest.fixture
def world(site: WholeSite) -> Iterator[WholeSite]:
    """The site, and afterwards the world as it was."""
    yield site
    site.turn("/reset")
    site.turn(f"/suppliers/{SUPPLIER}/offers", method="DELETE")
    site.poll(SUPPLIER)
    site.wait_for_answer(BLOCKED, "blocked")


def test_a_part_that_comes_in_makes_the_car_repairable_within_a_poll_and_a_decision(new_page, world: WholeSite):
    admin, page = new_page(as_=ADMIN), new_page()
    look_up(page, BLOCKED)
    number = page.locator("article .part-number").inner_text()
    world.turn(f"/suppliers/{SUPPLIER}/offers", {"part_number": number, "branch": "CENTRE", "quantity": 6})
    poll_now(admin)
    world.wait_for_answer(BLOCKED, "repairable")

    look_up(page, BLOCKED)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your car can be repaired now: what it needs can be had.")
    part = page.locator("article tbody tr")
    expect(part).to_contain_text("In stock")
    expect(part).to_contain_text("Meridian parts centre")
    expect(part.locator("time")).to_have_text("just now")


def test_a_supplier_that_falls_silent_makes_its_parts_unknown_and_is_named(new_page, world: WholeSite):
    admin, owner = new_page(as_=ADMIN), new_page()
    world.turn("/faults", {"target": f"suppliers/{SUPPLIER}", "fault": "refuse"})
    world.poll(SUPPLIER)
    assert world.lookup(BLOCKED)["repair_status"] == "blocked"  # good data are kept until they are too old
    limits = set_limits(admin, warn="1", error="2")
    try:
        answer = world.wait_for_answer(BLOCKED, "unknown")
        assert answer["evidence"]["stale_sources"] == [NAME]
        look_up(owner, BLOCKED)
        expect(owner.get_by_role("heading", level=1)).to_contain_text("a source of parts is not answering")
        expect(owner.locator("article .reasons")).to_contain_text(NAME)
        expect(owner.get_by_text(f"Nothing recent from: {NAME}")).to_be_visible()
        owner.goto("/")
        expect(owner.locator(".notice", has_text="Not heard from lately")).to_contain_text(NAME)
    finally:
        set_limits(admin, warn=limits[0], error=limits[1])


def poll_now(page: Page) -> None:
    """The admin's own button: a worker takes the feed within seconds instead of within five minutes."""
    page.goto("/admin/parts/feed/")
    page.get_by_role("row", name=NAME).get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option("Poll now")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.locator(".messagelist .success, .messagelist .info")).to_be_visible()


def set_limits(page: Page, *, warn: str, error: str) -> tuple[str, str]:
    """Say in the admin how old the supplier's data may be; returns what was said before."""
    page.goto("/admin/parts/supplier/")
    page.get_by_role("link", name=SUPPLIER, exact=True).click()
    stale, down = page.get_by_label("Stale after, seconds"), page.get_by_label("Source down after, seconds")
    before = stale.input_value(), down.input_value()
    stale.fill(warn)
    down.fill(error)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    return before
