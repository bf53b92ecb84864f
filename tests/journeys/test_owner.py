"""An owner asks about a car: one that waits, one that needs nothing, one that nobody knows."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from garagehub.scenario.fleet import vehicle
from tests.journeys.conftest import BLOCKED, SEED, VEHICLES, look_up

scripts = pytest.mark.parametrize("with_scripts", [True, False], ids=["scripts", "no scripts"])


def a_car_that_passed() -> str:
    """The plate of the first invented car whose newest test is a pass with most of its year still to run."""
    today = datetime.now(UTC).date()
    cars = (vehicle(index, seed=SEED, today=today) for index in range(8, VEHICLES))
    return next(
        car["registration"]
        for car in cars
        if (tests := car.get("motTests"))
        and tests[0]["testResult"] == "PASSED"
        and (datetime.fromisoformat(tests[0]["expiryDate"]).date() - today).days > 60
    )


@scripts
def test_the_owner_of_a_blocked_car_reads_why_and_what_the_law_allows(new_page, with_scripts):
    page = new_page(java_script_enabled=with_scripts)
    look_up(page, "aa19 aaa")

    headline = page.get_by_role("heading", level=1)
    expect(headline).to_have_text("Your car is waiting for one part that nobody has today.")
    headings = page.locator("main h2").all_inner_texts()
    assert headings[:3] == ["What you may legally do today", "What it needs to pass", "What would change this"]
    expect(page.get_by_text("you may drive it until")).to_be_visible()
    expect(page.get_by_role("link", name="what you may do with this car")).to_have_attribute(
        "href", re.compile("^https://www.gov.uk/")
    )
    repair = page.locator("article")
    expect(repair.get_by_role("heading")).to_contain_text("Front coil spring")
    expect(repair.locator(".reasons")).to_contain_text("no stock at the 2 sources checked")
    expect(repair.locator("time")).to_have_attribute("datetime", re.compile(r"^20\d\d-"))
    expect(page.get_by_text("Nearside Front Tyre worn close to legal limit")).to_be_visible()


@scripts
def test_a_plate_is_never_part_of_an_address(new_page, with_scripts):
    page = new_page(java_script_enabled=with_scripts)
    page.goto("/")
    page.get_by_label("Number plate").fill(BLOCKED)
    page.get_by_role("button", name="Look up").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("waiting for one part")
    assert page.url.endswith("/vehicle/")
    assert page.get_by_text("AA19 AAA").count() == 1


def test_an_owner_who_says_where_they_are_is_answered_for_there(page: Page):
    look_up(page, BLOCKED)
    page.get_by_label("Your postcode, or its first half").fill("PA3")
    page.get_by_role("button", name="Answer for my area").click()

    expect(page.get_by_text("Answered for Scotland.")).to_be_visible()
    expect(page.get_by_role("heading", name="Who could do it near you")).to_be_visible()


@scripts
def test_the_owner_of_a_car_that_passed_reads_that_it_needs_nothing(new_page, with_scripts):
    page = new_page(java_script_enabled=with_scripts)
    look_up(page, a_car_that_passed())

    expect(page.get_by_role("heading", level=1)).to_have_text("Your car needs no repair for its MOT that we know of.")
    expect(page.get_by_text("Its MOT is valid until")).to_be_visible()
    expect(page.get_by_role("heading", name="What it needs to pass")).to_have_count(0)


@scripts
def test_an_unknown_plate_is_said_plainly_with_the_look_alike_to_try(new_page, with_scripts):
    page = new_page(java_script_enabled=with_scripts)
    look_up(page, "AA19 AAO")

    expect(page.get_by_role("alert").get_by_role("heading")).to_have_text("We do not know this number plate")
    expect(page.get_by_label("Number plate")).to_have_value("AA19 AAO")

    look_up(page, "AAI9 AAA")
    page.get_by_role("button", name="Try AA19AAA").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("waiting for one part")


@pytest.mark.parametrize(
    ("plate", "postcode", "said"),
    [
        ("", "", "Enter your number plate, such as AA19 AAA."),
        ("!!!", "", "number plate"),
        (BLOCKED, "nowhere", "postcode"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(page: Page, plate, postcode, said):
    look_up(page, plate, postcode=postcode)

    expect(page.locator(".error")).to_have_count(1)
    expect(page.locator(".error")).to_contain_text(re.compile(said, re.IGNORECASE))
