"""An owner who reads Welsh: switches, asks, reads the answer, and switches back; with the keyboard, and without scripts."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.journeys.conftest import BLOCKED

AXE = Axe()
PHONE = {"width": 390, "height": 844}
YN_AROS = "Mae eich car yn aros am un rhan nad yw ar gael gan neb heddiw."
WAITING = "Your car is waiting for one part that nobody has today."


def check(page: Page, language: str) -> None:
    """In this language, without what WCAG forbids, and no wider than the screen."""
    expect(page.locator("html")).to_have_attribute("lang", language)
    assert AXE.run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 900}], ids=["phone", "desk"])
@pytest.mark.parametrize("with_scripts", [True, False], ids=["scripts", "no scripts"])
def test_an_owner_asks_in_welsh_and_goes_back_to_english(new_page, viewport, with_scripts):
    page = new_page(viewport=viewport, java_script_enabled=with_scripts)
    page.goto("/")
    switch = page.get_by_role("button", name="Cymraeg")
    expect(switch).to_have_attribute("lang", "cy")
    switch.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="A ellir atgyweirio fy nghar?")).to_be_visible()
    assert page.url.endswith("/")
    page.get_by_label("Rhif cofrestru").fill(BLOCKED)
    page.get_by_role("button", name="Chwilio").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(YN_AROS)
    expect(page.get_by_role("heading", name="Yr hyn y cewch ei wneud yn gyfreithlon heddiw")).to_be_visible()
    expect(page.locator("article .reasons")).to_contain_text("dim stoc gan y 2 ffynhonnell a wiriwyd")
    if with_scripts:
        check(page, "cy")

    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(WAITING)
    expect(page.locator("html")).to_have_attribute("lang", "en-gb")


@pytest.mark.parametrize("path", ["/", "/vehicle/", "/privacy/", "/nothing-here/"])
def test_the_welsh_pages_are_readable_by_all(new_page, path):
    page = new_page(viewport=PHONE)
    page.goto("/")
    page.get_by_role("button", name="Cymraeg").click()
    page.goto(path)

    check(page, "cy")
    if path == "/":
        with page.expect_response("**/board/cy/"):
            page.evaluate("htmx.trigger(board, 'look')")
        expect(page.get_by_role("heading", name="Beth sy’n gweithio gan y delwyr")).to_be_visible()
