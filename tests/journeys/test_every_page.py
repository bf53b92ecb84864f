"""What holds for every page: readable by all, on any screen, light to fetch, nothing from elsewhere, no mouse needed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, expect

from tests.journeys.conftest import BLOCKED, MEMBER, OWNER, look_up

MOST_BYTES = 100_000
PHONE = {"width": 390, "height": 844}
AXE = Axe()

Open = Callable[[Page], object]


def at(address: str) -> Open:
    return lambda page: page.goto(address)


def first_dealer(page: Page) -> None:
    page.goto("/dealers/")
    page.locator("tbody a").first.click()


def first_incident(page: Page) -> None:
    page.goto("/incidents/")
    page.locator("article a").first.click()


def own_dealer(page: Page) -> None:
    page.goto("/garage/")
    page.get_by_role("link", name="what works here").click()


def checked_parts(page: Page) -> None:
    page.goto("/garage/")
    page.get_by_label("Part numbers").fill("LR900581\nnosuch\n401188")
    page.get_by_role("button", name="Check parts").click()


def checked_cars(page: Page) -> None:
    page.goto("/garage/")
    page.get_by_label("Number plates").fill("AA19AAA\nAA19PPP\nAA19DSL\nZZ99ZZZ")
    page.get_by_role("button", name="Check cars").click()


def found(what: str) -> Open:
    def find(page: Page) -> None:
        page.goto("/garage/search/")
        page.get_by_label("Find a part or a car").fill(what)
        page.get_by_role("button", name="Find").click()

    return find


def watched(address: str, label: str, items: str) -> Open:
    def watch(page: Page) -> None:
        page.goto(address)
        page.get_by_label(label).fill(items)
        page.get_by_label("Job number or note (optional)").fill("Job 4711")
        page.get_by_role("button", name=re.compile("^Watch these")).click()
        expect(page.get_by_role("table")).to_be_visible()

    return watch


def own_webhook(page: Page) -> None:
    page.goto("/garage/webhooks/")
    page.get_by_label("Name").fill("Workshop diary")
    page.get_by_label("Address").fill("https://diary.example/hook")
    page.get_by_role("button", name="Make a webhook").click()
    page.get_by_role("link", name="Try it out").click()


def stock_looked_at(page: Page) -> None:
    page.goto("/garage/stock/")
    body = b"Part number,Brand,Qty,Price\nLR900581,Land Rover,2,12.50\nLR900582,Land Rover,many,dear\n"
    page.get_by_label("File of everything").set_input_files({"name": "s.csv", "mimeType": "text/csv", "buffer": body})
    page.get_by_role("button", name="Look at the file").click()
    expect(page.get_by_role("heading", name="Is this right?")).to_be_visible()


PAGES: dict[str, tuple[str | None, Open]] = {
    "board": (None, at("/")),
    "owner's form": (None, at("/vehicle/")),
    "answer": (None, lambda page: look_up(page, BLOCKED, postcode="PA3")),
    "unknown plate": (None, lambda page: look_up(page, "AAI9 AAA")),
    "bad plate": (None, lambda page: look_up(page, "")),
    "dealers": (None, at("/dealers/?region=wales&near=CF1")),
    "dealer": (None, first_dealer),
    "incidents": (None, at("/incidents/")),
    "incident": (None, first_incident),
    "make": (None, at("/makes/land-rover/?days=90")),
    "sign in": (None, at("/sign-in/")),
    "how we decide": (None, at("/how-we-decide/")),
    "privacy": (None, at("/privacy/")),
    "no such page": (None, at("/nothing/here/")),
    "board, signed in": (OWNER, at("/")),
    "workbench": (OWNER, at("/garage/")),
    "parts checked": (OWNER, checked_parts),
    "cars checked": (OWNER, checked_cars),
    "search": (OWNER, at("/garage/search/")),
    "parts found": (OWNER, found("brake pad")),
    "car found": (OWNER, found("AA19 AAA")),
    "nothing found": (OWNER, found("no such thing")),
    "one part": (OWNER, at("/garage/part/?number=LR900581&brand=Land Rover")),
    "own dealer": (OWNER, own_dealer),
    "my cars": (OWNER, watched("/garage/watches/", "Number plates", "AA19AAA\nAA19PPP")),
    "my parts": (OWNER, watched("/garage/watches/parts/", "Part numbers", "LR900581")),
    "no such e-mails": (None, at("/garage/watches/mail/made-up/")),
    "keys": (OWNER, at("/garage/keys/")),
    "team": (OWNER, at("/garage/team/")),
    "account": (OWNER, at("/account/")),
    "setting up a second step": (OWNER, at("/account/two-step/")),
    "changing the password": (OWNER, at("/account/password/")),
    "password forgotten": (None, at("/password-reset/")),
    "dead invitation": (None, at("/invitation/made-up/")),
    "webhooks": (OWNER, at("/garage/webhooks/")),
    "one webhook": (OWNER, own_webhook),
    "team, as a member": (MEMBER, at("/garage/team/")),
    "keys, as a member": (MEMBER, at("/garage/keys/")),
    "systems": (None, at("/dealers/?system=diagnostics&status=down")),
    "subscribe": (None, at("/subscriptions/")),
    "own stock": (OWNER, at("/garage/stock/")),
    "own stock, looked at": (OWNER, stock_looked_at),
}


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_readable_by_all_narrow_and_from_us_alone(new_page, name):
    who, open_page = PAGES[name]
    page = new_page(as_=who)
    policies: list[str] = []
    page.on("response", lambda answer: policies.append(answer.headers.get("content-security-policy", "")))
    weights: dict[str, int] = {}
    page.on("requestfinished", lambda request: weights.update({name_of(request): weight_of(request)}))
    open_page(page)

    page.wait_for_load_state("networkidle")
    assert sum(weights.values()) < MOST_BYTES, weights
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, {"runOnly": ["color-contrast"]}) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert violations(page, {"runOnly": ["target-size", "color-contrast"]}) == []
    assert "default-src 'self'" in policies[0]
    assert "unsafe" not in policies[0]


def name_of(request: Request) -> str:
    """Each file once, as a browser fetches it; of the pages on the way only the last counts."""
    return "the page" if request.is_navigation_request() else request.url


def weight_of(request: Request) -> int:
    sizes = request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


def violations(page: Page, options: dict[str, object] | None = None) -> list[str]:
    found = AXE.run(page, options=options).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("address", ["/", "/vehicle/", "/dealers/", "/incidents/", "/sign-in/"])
def test_a_first_visit_is_light(new_page, address):
    page = new_page()
    sizes: dict[str, int] = {}
    page.on("requestfinished", lambda request: sizes.update({request.url: weight_of(request)}))
    page.goto(address, wait_until="networkidle")

    assert sizes
    assert sum(sizes.values()) < MOST_BYTES, sizes


def test_the_documentation_of_the_api_opens_under_the_same_policy(page: Page):
    page.goto("/api/v1/docs")

    expect(page.locator(".opblock").first).to_be_visible(timeout=20_000)


def test_an_owner_needs_no_mouse(page: Page):
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the main content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the main content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    press_until_focused(page, page.get_by_label("Number plate"))
    page.keyboard.type("AA19 AAA")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_contain_text("waiting for one part")


def test_a_garage_needs_no_mouse(new_page):
    page = new_page(as_=OWNER)
    page.goto("/garage/")
    press_until_focused(page, page.get_by_label("Part numbers"))
    page.keyboard.type("LR900581")
    press_until_focused(page, page.get_by_role("button", name="Check parts"))
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="1 part number")).to_be_visible()
    press_until_focused(page, page.get_by_role("radio", name="all"))
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="can be had")).to_be_checked()
    expect(page.get_by_role("row", name="LR900581")).to_be_hidden()


@pytest.mark.parametrize("with_scripts", [True, False], ids=["scripts", "no scripts"])
def test_whoever_is_signed_in_has_one_row_on_a_phone_and_a_menu_that_needs_no_mouse(new_page, with_scripts):
    page = new_page(as_=OWNER, viewport=PHONE, java_script_enabled=with_scripts)
    page.goto("/garage/")
    menu, account = page.locator("header summary"), page.get_by_role("link", name="Your account")
    boxes = {name: page.locator(f"header {name}").bounding_box() for name in (".brand", ".account > form", "summary")}
    middles = {name: box["y"] + box["height"] / 2 for name, box in boxes.items()}
    assert max(middles.values()) - min(middles.values()) < 3, middles
    expect(account).to_be_hidden()

    menu.focus()
    page.keyboard.press("Enter")
    expect(account).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_be_in_viewport(ratio=1)
    assert page.locator("header .menu__body").bounding_box()["x"] >= 0
    if with_scripts:
        assert violations(page) == []
        page.keyboard.press("Escape")
        expect(account).to_be_hidden()
        expect(menu).to_be_focused()
        page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Your account")).to_be_visible()


def test_the_menu_does_not_lie_over_what_the_keyboard_reaches_next(new_page):
    page = new_page(as_=OWNER)
    page.goto("/garage/")
    page.locator("header summary").press("Enter")
    sign_out = page.get_by_role("button", name="Sign out")
    press_until_focused(page, sign_out)
    page.keyboard.press("Tab")

    expect(sign_out).to_be_hidden()


def press_until_focused(page: Page, wanted) -> None:
    """Tab on, each stop visible, until the wanted element has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.matches(':focus-visible')")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the Tab key does not reach {wanted}")


def test_the_board_can_be_kept_still(page: Page):
    page.goto("/")
    expect(page.locator("#board[hx-get]")).to_have_count(1)
    page.get_by_role("link", name="Stop updating").click()

    expect(page.locator("#board[hx-get]")).to_have_count(0)
    expect(page.get_by_role("link", name="Keep it up to date")).to_be_visible()


def test_the_board_renews_itself_around_what_is_being_typed(page: Page):
    page.goto("/")
    page.get_by_label("Number plate").fill("AB")
    page.evaluate("board.replaceChildren(); board.dataset.version = 'older'")
    with page.expect_response("**/board/") as renewed:
        page.evaluate("htmx.ajax('GET', '/board/', {target: '#board', swap: 'innerHTML'})")

    assert renewed.value.ok
    expect(page.locator("#verdict h1")).to_have_count(1)
    expect(page.get_by_role("heading", name="What works at dealers")).to_have_count(1)
    expect(page.get_by_label("Number plate")).to_have_value("AB")
