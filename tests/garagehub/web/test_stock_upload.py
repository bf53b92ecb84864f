"""Uploading own stock through the page and the API: who may, what they are told, and what it changes."""

from __future__ import annotations

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from garagehub.lib import uploads
from parts.feeds.models import FeedRun
from parts.stock.models import Branch, Offer
from tests import factories
from tests.parts.feeds.adapters.test_xlsx import workbook

pytestmark = pytest.mark.django_db
GOOD = b"Part number,Qty,Price\nLR 00123,3,12.50\nLR00124,0,\n"
BAD = b"Part number,Qty,Price\nLR 00123,many,dear\nLR00124,2,\n"
PAGE = "/garage/stock/"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def dealer():
    return factories.dealer(code="OWN01", name="Hill Motors", region=4)


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def owner(dealer) -> Client:
    return signed_in(factories.member(dealer, role="owner"))


def send(client: Client, body: bytes = GOOD, name: str = "stock.csv", to: str = PAGE, **values):
    return client.post(to, {"file": SimpleUploadedFile(name, body), **values})


def text(answer) -> str:
    return answer.content.decode()


def upload(client: Client, body: bytes = GOOD, name: str = "stock.csv") -> str:
    """Upload and give the address of what waits."""
    answer = send(client, body, name)
    assert answer.status_code == 302, text(answer)
    return answer["Location"]


@pytest.mark.parametrize("role", ["owner", "member"])
def test_a_member_uploads_looks_and_confirms(dealer, role):
    client = signed_in(factories.member(dealer, role=role))
    address = upload(client)
    page = text(client.get(address))

    assert "2 of 2 rows can be read" in page
    assert "Confirming adds 2, changes 0 and removes 0" in page
    assert "LR 00123" in page
    assert "£12.50" in page
    assert not Offer.objects.exists()
    done = client.post(address, {"decision": "confirm"}, follow=True)
    assert done.redirect_chain == [(PAGE, 302)]
    assert "Your stock counts now: 2 added, 0 changed, 0 removed." in text(done)
    assert "Your list has 2 parts" in text(done)
    assert Offer.objects.count() == 2


def test_the_workbench_leads_there(owner):
    assert f'href="{PAGE}"' in text(owner.get("/garage/"))


def test_the_same_file_again_changes_nothing_and_says_so(owner):
    for _ in range(2):
        done = owner.post(upload(owner), {"decision": "confirm"}, follow=True)

    assert "Nothing in it has changed" in text(done)
    assert FeedRun.objects.filter(state="unchanged", inserted=0, updated=0, removed=0).count() == 1


def test_an_excel_file_is_read_whatever_it_is_called(owner):
    page = text(owner.get(upload(owner, workbook(("00123", "Land Rover", 3)), "stock.csv")))
    assert "00123" in page


def test_each_bad_cell_is_named_by_line_and_column(owner):
    page = text(owner.get(upload(owner, BAD)))

    assert "1 row cannot be read and would be left out" in page
    assert "Line 2" in page
    assert "<strong>quantity</strong>: “many” is not a quantity" in page
    assert "<strong>price</strong>: “dear” is not a price" in page


def test_a_file_of_bad_rows_only_offers_no_confirmation(owner):
    page = text(owner.get(upload(owner, b"Part number,Qty\nLR1,many\n")))

    assert 'value="confirm"' not in page
    assert 'value="discard"' in page


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "The file is empty"),
        (b"Part number,Qty\n", "no rows below its header"),
        (b"%PDF-1.7", "Send CSV or Excel"),
        (b"Colour,Size\nred,3\n", "No header row with a part number"),
    ],
)
def test_what_cannot_be_read_is_refused_beside_the_field(owner, body, told):
    answer = send(owner, body)

    assert answer.status_code == 400
    assert told in text(answer)
    assert 'id="id_file_error"' in text(answer)
    assert not FeedRun.objects.exists()


def test_no_file_is_named_as_missing(owner):
    answer = owner.post(PAGE, {})
    assert answer.status_code == 400
    assert "Choose a file to upload" in text(answer)


def test_a_huge_file_is_let_go_while_it_comes(owner, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_BYTES", 100_000)
    answer = send(owner, b"Part number,Qty\n" + b"LR1,1\n" * 50_000)

    assert answer.status_code == 400
    assert "larger than" in text(answer)
    assert "Choose a file" not in text(answer)


def test_a_formula_stays_text_and_markup_stays_words(owner):
    body = b'Part number,Qty\n"=HYPERLINK(""http://x"")",1\n<script>alert(1)</script>,2\n'
    page = text(owner.get(upload(owner, body, "<b>.csv")))

    assert "=HYPERLINK(&quot;http://x&quot;)" in page
    assert "<script>alert" not in page
    assert "<b>.csv" not in page


def test_a_file_can_be_thrown_away(owner):
    address = upload(owner)
    done = owner.post(address, {"decision": "discard"}, follow=True)

    assert "Your stock is as it was" in text(done)
    assert not Offer.objects.exists()
    gone = owner.post(address, {"decision": "confirm"}, follow=True)
    assert "does not wait any more" in text(gone)


def test_what_waits_is_said_on_the_page(owner):
    address = upload(owner)
    assert f'href="{address}"' in text(owner.get(PAGE))


def test_strangers_meet_nothing(owner, dealer):
    address = upload(owner)
    stranger = signed_in(factories.member(factories.dealer()))

    for answer in (stranger.get(address, follow=True), stranger.post(address, {"decision": "confirm"}, follow=True)):
        assert "does not wait any more" in text(answer)
    assert stranger.get(f"{PAGE}?dealer=OWN01").status_code == 403
    assert send(stranger, to=f"{PAGE}?dealer=OWN01").status_code == 403
    assert not Offer.objects.exists()
    nobody = signed_in(factories.user())
    assert nobody.get(PAGE).status_code == 403
    assert nobody.get(address).status_code == 403


def test_the_anonymous_are_asked_to_sign_in(client):
    for answer in (client.get(PAGE), send(client), client.get(f"{PAGE}{uuid.uuid4()}/")):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in/")


def test_an_admin_uploads_for_any_dealer(dealer):
    admin = signed_in(factories.user(is_staff=True, is_superuser=True))
    answer = send(admin, to=f"{PAGE}?dealer=own01")
    admin.post(answer["Location"], {"decision": "confirm"})

    assert answer["Location"].endswith("?dealer=OWN01")
    assert Branch.objects.get().dealer == dealer
    assert Offer.objects.count() == 2


def test_whoever_works_at_two_dealers_says_for_which(dealer):
    other = factories.dealer(code="OWN02", name="Aardvark Motors")
    person = factories.member(dealer)
    person.memberships.create(dealer=other)
    client = signed_in(person)
    client.post(send(client, to=f"{PAGE}?dealer=OWN01")["Location"], {"decision": "confirm"})

    assert Branch.objects.get(offers__isnull=False, offers__part__numbers__raw="LR 00123").dealer == dealer


def call(client, path: str, body: bytes, key: dict[str, str], content_type: str = "text/csv"):
    return client.post(f"/api/v1/{path}", body, content_type=content_type, headers=key)


def test_the_api_shows_what_a_file_would_change_and_takes_it_in_when_confirmed(client, dealer):
    key = factories.bearer(dealer)
    found = call(client, "stock/preview", BAD, key).json()

    assert (found["records"], found["rows"], found["refused"]) == (2, 1, 1)
    assert (found["would_add"], found["would_change"], found["would_remove"]) == (1, 0, 0)
    assert found["first_rows"][0] | {"line": 3, "part_number": "LR00124", "quantity": 2} == found["first_rows"][0]
    (refused,) = found["refused_rows"]
    assert (refused["line"], refused["code"]) == (2, "bad_quantity")
    assert not Offer.objects.exists()
    run = client.post("/api/v1/stock", {"id": found["id"]}, content_type="application/json", headers=key)
    assert run.status_code == 200
    assert (run.json()["state"], run.json()["added"], run.json()["refused"]) == ("succeeded", 1, 1)
    again = client.post("/api/v1/stock", {"id": found["id"]}, content_type="application/json", headers=key)
    assert (again.status_code, again.json()["code"]) == (404, "stock_not_waiting")


def test_the_api_takes_a_file_in_at_once_and_twice_is_once(client, dealer):
    key = factories.bearer(dealer)

    assert call(client, "stock", GOOD, key).json()["added"] == 2
    again = call(client, "stock", GOOD, key).json()
    assert (again["state"], again["added"], again["changed"], again["removed"]) == ("unchanged", 0, 0, 0)
    form = client.post("/api/v1/stock", {"file": SimpleUploadedFile("s.csv", GOOD + b"LR9,1,\n")}, headers=key).json()
    assert (form["state"], form["added"]) == ("succeeded", 1)
    sheet = call(client, "stock", workbook(("LR9", "Land Rover", 1)), key, XLSX)
    assert sheet.json()["removed"] == 2


def test_the_api_holds_what_would_empty_the_shelf(client, dealer):
    key = factories.bearer(dealer)
    call(client, "stock", b"Part number,Qty\n" + b"".join(b"LR%05d,1\n" % n for n in range(50)), key)
    held = call(client, "stock", GOOD, key)

    assert (held.status_code, held.json()["state"]) == (202, "held")
    assert "fewer than the usual" in held.json()["reason"]
    assert Offer.objects.count() == 50


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"", "text/csv", (400, "stock_file_missing")),
        (b"  ", "text/csv", (400, "stock_file_empty")),
        (b"%PDF-1.7", "text/csv", (400, "stock_file_type")),
        (b"Part number,Qty\n", "text/csv", (400, "stock_file_empty")),
        (GOOD, "application/pdf", (415, "unsupported_media_type")),
        (b"[1]", "application/json", (400, "invalid")),
        (b"{}", "application/json", (400, "invalid")),
        (b'{"id": "x"}', "application/json", (400, "invalid")),
    ],
)
def test_the_api_says_what_is_wrong_with_a_file(client, dealer, body, content_type, expected):
    answer = call(client, "stock", body, factories.bearer(dealer), content_type)

    assert (answer.status_code, answer.json()["code"]) == expected
    assert answer["Content-Type"] == "application/problem+json"


def test_the_api_counts_a_body_as_it_comes(client, dealer, monkeypatch):
    monkeypatch.setattr("parts.feeds.uploading.MAX_BYTES", 1_000)
    key = factories.bearer(dealer)
    body = call(client, "stock", GOOD + b"LR9,1,\n" * 400_000, key)
    monkeypatch.setattr(uploads, "MAX_BYTES", 1_000)
    form = client.post("/api/v1/stock", {"file": SimpleUploadedFile("s.csv", GOOD * 100)}, headers=key)

    for answer in (body, form):
        assert (answer.status_code, answer.json()["code"]) == (400, "stock_file_too_large")
        assert "larger than" in answer.json()["fields"]["file"][0]


def test_the_api_is_for_keys_and_members_of_that_dealer(client, dealer, owner):
    found = call(client, "stock/preview", GOOD, factories.bearer(dealer)).json()
    other = factories.bearer(factories.dealer())
    confirm = {"path": "/api/v1/stock", "data": {"id": found["id"]}, "content_type": "application/json"}

    assert call(client, "stock/preview", GOOD, {}).status_code == 401
    assert client.post(**confirm).status_code == 401
    assert client.post(**confirm, headers=other).json()["code"] == "stock_not_waiting"
    assert signed_in(factories.user()).post(**confirm).status_code == 403
    assert owner.post(**confirm).json()["added"] == 2
