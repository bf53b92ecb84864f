"""The admin opens every list, every form and one row of each, under the same strict policy as the rest of the site."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.journeys.conftest import ADMIN, sign_in


def test_an_admin_who_signs_in_lands_in_the_admin(new_page, site):
    page = new_page()
    sign_in(page, ADMIN, site.passwords[ADMIN])

    assert page.url == f"{site.url}/admin/"
    expect(page.get_by_role("link", name="GarageHub admin")).to_be_visible()
    expect(page.get_by_text("Demonstration data.")).to_be_visible()


def test_every_list_every_form_and_a_row_of_each_open(new_page):
    page = new_page(as_=ADMIN)
    page.goto("/admin/")
    links = page.locator("#content-main a[href^='/admin/']").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    addresses = sorted({link for link in links if link.count("/") >= 4})
    assert len(addresses) > 20

    broken = {}
    for address in addresses:
        answer = page.goto(address, wait_until="domcontentloaded")
        assert answer is not None
        row = page.locator("#result_list tbody tr th a").first
        if not answer.ok or not page.locator("#content h1").count():
            broken[address] = answer.status
        elif row.count():
            row_address = str(row.get_attribute("href"))
            row_answer = page.request.get(row_address)
            if not row_answer.ok:
                broken[row_address] = row_answer.status
    assert broken == {}
