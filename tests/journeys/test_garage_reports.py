"""Somebody at a garage says what works there, and everybody sees it."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import DEALER_OWNER, MEMBER


def report(page: Page, system: str, answer: str) -> None:
    page.get_by_role("button", name=re.compile(rf"^{answer}\s*: {system}$")).click()


@pytest.mark.parametrize("with_scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_member_reports_diagnostics_down_and_everybody_sees_it_at_once(new_page, site, with_scripts):
    page = new_page(as_=MEMBER, java_script_enabled=with_scripts)
    page.goto("/garage/")
    name = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name="what works here").click()
    row = page.locator("#systems tr", has_text="Diagnostics")

    report(page, "Diagnostics", "Does not work")
    expect(page.locator(".notice--success")).to_contain_text(
        "Your report counts. Diagnostics at this dealer: not working"
    )
    expect(row).to_contain_text("Not working")
    expect(row).to_contain_text("just now")

    code = page.locator("dt:text-is('Dealer code') + dd").inner_text()
    said = httpx.get(f"{site.url}/api/v1/dealers/{code}", trust_env=False).json()
    assert said["systems"]["diagnostics"]["status"] == "down"
    page.goto("/dealers/?system=diagnostics&status=down&near=PA3")
    page.get_by_role("link", name=name).click()

    report(page, "Diagnostics", "Works")
    expect(row).not_to_contain_text("Not working")


def test_the_board_counts_what_a_dealer_says_of_itself(new_page, site):
    page = new_page(as_=DEALER_OWNER)
    page.goto("/garage/")
    page.get_by_role("link", name="what works here").click()
    make = page.locator("dt:text-is('Makes') + dd").inner_text().split(", ")[0].lower().replace(" ", "-")
    before = places_down(site, make)
    own_page = page.url

    report(page, "Parts catalogue", "Works")
    assert places_down(site, make) == before - 1
    page.goto("/")
    cell = page.locator(f".cell[href*='make={make}'][href*='system=parts_catalogue']")
    expect(cell).to_contain_text(f"{before - 1} of ")

    page.goto(own_page)
    report(page, "Parts catalogue", "Does not work")
    assert places_down(site, make) == before


def places_down(site, slug: str) -> int:
    """How many of the make's dealers cannot look up parts, as the API rolls it up."""
    makes = httpx.get(f"{site.url}/api/v1/status", trust_env=False).json()["makes"]
    make = next(make for make in makes if make["slug"] == slug)
    down: int = make["systems"]["parts_catalogue"]["counts"]["down"]
    return down
