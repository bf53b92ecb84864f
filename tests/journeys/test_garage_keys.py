"""An owner makes a key for the garage's own software, uses it, and takes it back."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import MEMBER, OWNER


def check_with(site, key: str) -> httpx.Response:
    return httpx.post(
        f"{site.url}/api/v1/parts/check",
        headers={"Authorization": f"Bearer {key}"},
        json={"part_numbers": ["NO-SUCH-1"]},
        trust_env=False,
    )


@pytest.mark.parametrize("with_scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_key_is_shown_once_works_and_stops_when_revoked(new_page, site, with_scripts):
    name = "Workshop PC" if with_scripts else "Old PC"
    page = new_page(as_=OWNER, java_script_enabled=with_scripts)
    page.goto("/garage/")
    page.get_by_role("link", name="API keys").click()
    page.get_by_label("Name of the new key").fill(name)
    page.get_by_role("button", name="Make a key").click()
    key = page.locator(".secret").inner_text()

    answer = check_with(site, key)
    assert answer.status_code == 200
    assert answer.json()["results"][0]["input"] == "NO-SUCH-1"

    page.goto("/garage/keys/")
    expect(page.get_by_role("main")).not_to_contain_text(key)
    expect(page.get_by_role("row", name=name)).not_to_contain_text("never")
    page.get_by_role("button", name=f"Revoke {name}").click()

    expect(page.get_by_role("row", name=name)).to_contain_text("revoked")
    answer = check_with(site, key)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_key_needs_a_name(new_page):
    page = new_page(as_=OWNER)
    page.goto("/garage/keys/")
    page.get_by_role("button", name="Make a key").click()

    expect(page.locator(".error")).to_have_text("Give the key a name, so that you know it later.")
    expect(page.locator(".secret")).to_have_count(0)


def test_a_member_sees_keys_but_makes_none(new_page):
    page = new_page(as_=MEMBER)
    page.goto("/garage/keys/")

    expect(page.get_by_text("Only an owner of the account can make or revoke keys.")).to_be_visible()
    expect(page.get_by_role("button", name="Make a key")).to_have_count(0)
