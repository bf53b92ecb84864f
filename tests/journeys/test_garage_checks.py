"""A garage pastes what is on its bench and gets every line back."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from garagehub.scenario.catalogue import demo_catalogue
from parts.catalogue.numbers import normalise
from tests.journeys.conftest import OWNER, SEED, sign_in


def numbers_of_every_kind() -> list[str]:
    """200 numbers: as catalogued, as people type them, replaced, of several brands, unknown, and one that is a formula."""
    catalogue = demo_catalogue(SEED)
    brands = Counter(normalise(part.number) for part in catalogue.parts)
    replaced = list(dict.fromkeys(edge.old for edge in catalogue.supersessions))
    plain = [
        part.number for part in catalogue.parts if part.number not in replaced and brands[normalise(part.number)] == 1
    ]
    shared = [part.number for part in catalogue.parts if brands[normalise(part.number)] > 1][:1]
    typed = [f" {number[:2].lower()}-{number[2:]}" for number in plain[150:180]]
    found = ["NO-SUCH-1", *plain[:149], *typed, *replaced[:15], *shared, "NO-SUCH-2", '=HYPERLINK("x")', "0", "LR"]
    assert len(found) == len(set(found)) == 200
    return [number.strip() for number in found]


@pytest.mark.parametrize("with_scripts", [True, False], ids=["scripts", "no scripts"])
def test_200_numbers_come_back_in_order_with_what_is_known_of_each(new_page, site, tmp_path: Path, with_scripts):
    page = new_page(java_script_enabled=with_scripts)
    page.goto("/garage/")
    sign_in_here(page, site)
    wanted = numbers_of_every_kind()
    page.get_by_label("Part numbers").fill("\n".join(wanted))
    page.get_by_role("button", name="Check parts").click()

    expect(page.get_by_role("heading", name="200 part numbers")).to_be_visible()
    rows = page.locator("table tbody tr")
    assert rows.locator("th").all_inner_texts() == wanted
    text = "\n".join(rows.all_inner_texts())
    assert "read as" in text
    assert "replaced by" in text
    assert "several brands use this number" in text
    states = Counter(re.findall(r"(Can be had|Nobody can send it|Could not check|Not recognised)", text))
    assert sum(states.values()) == 200
    assert states["Can be had"] > 0
    assert states["Nobody can send it"] > 0

    page.get_by_role("group", name="Show").get_by_text("not recognised").click()
    expect(rows.locator("visible=true >> th")).to_have_count(states["Not recognised"])

    with page.expect_download() as download:
        page.locator("section", has=page.get_by_label("Part numbers")).get_by_role("button", name="Get as CSV").click()
    check_csv(Path(download.value.path()), wanted)


def sign_in_here(page: Page, site) -> None:
    """The garage's page asks who is there, and goes on to where one wanted to be."""
    assert "/sign-in/?next=/garage/" in page.url
    page.get_by_label("E-mail address").fill(OWNER)
    page.get_by_label("Password").fill(site.passwords[OWNER])
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    assert page.url.endswith("/garage/")


def check_csv(path: Path, wanted: list[str]) -> None:
    lines = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert [line["input"].removeprefix("'") for line in lines] == wanted
    assert {line["matched"] for line in lines} == {"exact", "normalised", "superseded", "ambiguous", "unknown"}
    assert not [cell for line in lines for cell in line.values() if cell.startswith(("=", "+", "@"))]


def test_plates_come_back_with_what_is_missing_and_why(new_page):
    page = new_page(as_=OWNER)
    page.goto("/garage/")
    # The last is one that no other journey asks about: what DVSA says of a plate is kept.
    page.get_by_label("Number plates").fill("AA19AAA\nno plate at all\nAA19 EEE; ZZ98 ZZZ")
    page.get_by_role("button", name="Check cars").click()

    rows = page.locator("table tbody tr")
    assert [text.upper() for text in rows.locator("th").all_inner_texts()] == [
        "AA19AAA", "NO PLATE AT ALL", "AA19 EEE", "ZZ98 ZZZ",
    ]  # fmt: skip
    expect(rows.nth(0)).to_contain_text("blocked")
    expect(rows.nth(0)).to_contain_text("missing: Coil spring, front")
    expect(rows.nth(1)).to_contain_text("number plate")
    expect(rows.nth(2)).to_contain_text("needs nothing")
    expect(rows.nth(3)).to_contain_text("We are asking DVSA about this plate")


def test_too_many_or_none_are_refused_in_words(new_page):
    page = new_page(as_=OWNER)
    page.goto("/garage/")
    page.get_by_role("button", name="Check parts").click()
    expect(page.locator(".error")).to_have_text("Paste at least one, one a line.")

    page.get_by_label("Part numbers").fill("\n".join(f"X{number}" for number in range(501)))
    page.get_by_role("button", name="Check parts").click()
    expect(page.locator(".error")).to_contain_text("That is 501; at most 500 can be checked at once.")


@pytest.mark.parametrize("with_scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_file_is_checked_like_what_is_pasted_and_can_be_had_as_csv_after(new_page, with_scripts):
    page = new_page(as_=OWNER, java_script_enabled=with_scripts)
    page.goto("/garage/")
    body = b"Qty;Part number\n2;LR900581\n1;no-such\n"
    bench = page.locator("section", has=page.get_by_label("Part numbers"))
    bench.get_by_label("Or a file with them").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": body})
    bench.get_by_role("button", name="Check parts").click()

    expect(page.get_by_role("heading", name="2 part numbers")).to_be_visible()
    assert page.locator("table.job-sheet tbody th").all_inner_texts() == ["LR900581", "no-such"]
    with page.expect_download() as download:
        bench.get_by_role("button", name="Get as CSV").click()
    lines = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()))
    assert [line["input"] for line in lines] == ["LR900581", "no-such"]


def test_what_is_shown_is_copied_for_a_spreadsheet_and_no_formula_with_it(new_page):
    page = new_page(as_=OWNER, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/garage/")
    page.get_by_label("Part numbers").fill("LR900581\n=1+1\nno-such")
    page.get_by_role("button", name="Check parts").click()
    page.get_by_role("group", name="Show").get_by_text("not recognised").click()
    page.get_by_role("button", name="Copy the table").click()

    expect(page.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
    lines = [line.split("\t") for line in page.evaluate("navigator.clipboard.readText()").splitlines()]
    assert [line[0] for line in lines] == ["You typed", "'=1+1", "no-such"]
    assert lines[1][2] == "Not recognised"


def test_a_button_says_that_it_works_and_is_pressed_once(new_page):
    page = new_page(as_=OWNER)
    page.goto("/garage/")
    page.get_by_label("Part numbers").fill("LR900581")
    page.evaluate("addEventListener('submit', (event) => event.preventDefault())")  # as long as a slow answer
    button = page.locator("section", has=page.get_by_label("Part numbers")).locator("button").first
    button.click()

    expect(button).to_have_text("Checking…")
    expect(button).to_have_attribute("aria-disabled", "true")


def test_a_part_is_found_by_words_and_all_that_is_known_of_it_stands_on_one_page(new_page):
    page = new_page(as_=OWNER, java_script_enabled=False)
    page.goto("/garage/")
    page.get_by_label("Find a part or a car").fill("front springs")
    page.get_by_role("button", name="Find").click()

    assert page.url.endswith("/garage/search/")
    expect(page.get_by_role("heading", level=2)).to_contain_text("parts")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Page 2 of")).to_be_visible()
    expect(page.get_by_label("Find a part or a car")).to_have_value("front springs")

    page.get_by_label("Find a part or a car").fill("lr900 581")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="LR900581").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("LR900581 Land Rover")
    assert page.locator("main h2").all_inner_texts()[:2] == ["Who has it", "Its past"]


def test_a_wrong_password_says_no_more_than_that(new_page):
    page = new_page()
    sign_in(page, OWNER, "not the password")
    expect(page.get_by_role("alert")).to_have_text(
        "The e-mail address or the password is not right. Check both and try again."
    )
