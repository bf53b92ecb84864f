"""Somebody at a garage says what works there, and everybody sees it."""

from __future__ import annotations

import httpx
from playwright.sync_api import Page, expect

from tests.journeys.conftest import MEMBER

SYSTEM = "Diagnostics"


def report(page: Page, answer: str) -> None:
    page.get_by_label("System").select_option(SYSTEM)
    page.get_by_label(answer, exact=True).check()
    page.get_by_role("button", name="Send the report").click()


def test_a_member_reports_diagnostics_down_and_everybody_sees_it_at_once(new_page, site):
    page = new_page(as_=MEMBER)
    page.goto("/garage/")
    name = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name="report a change").click()
    row = page.locator("#systems tr", has_text=SYSTEM)

    report(page, "It does not work")
    expect(page.locator(".notice--success")).to_contain_text(
        "Your report counts. Diagnostics at this dealer: not working"
    )
    expect(row).to_contain_text("Not working")
    expect(row).to_contain_text("just now")

    code = page.locator("dt:text-is('Dealer code') + dd").inner_text()
    said = httpx.get(f"{site.url}/api/v1/dealers/{code}", trust_env=False).json()
    assert said["systems"]["diagnostics"]["status"] == "down"
    page.goto("/dealers/?system=diagnostics&status=down&near=PA3")
    expect(page.get_by_role("link", name=name)).to_be_visible()

    page.get_by_role("link", name=name).click()
    report(page, "It works")
    expect(row).not_to_contain_text("Not working")


def test_the_board_counts_the_report(new_page, site):
    page = new_page(as_=MEMBER)
    before = dealers_down(site)
    page.goto("/garage/")
    page.get_by_role("link", name="what works here").click()
    report(page, "It does not work")

    assert dealers_down(site) == before + 1
    page.goto("/")
    cell = page.locator(".cell[href*='make=land-rover'][href*='system=diagnostics'] svg")
    assert f"{before + 1} not working" in (cell.get_attribute("aria-label") or "")

    page.go_back()
    report(page, "It works")
    assert dealers_down(site) == before


def dealers_down(site) -> int:
    """How many Land Rover places cannot run diagnostics, as the API rolls it up."""
    makes = httpx.get(f"{site.url}/api/v1/status", trust_env=False).json()["makes"]
    counts: int = next(make for make in makes if make["slug"] == "land-rover")["systems"]["diagnostics"]["counts"][
        "down"
    ]
    return counts
