"""A dealer's own stock, uploaded by hand: what waits, what is taken in, and what a file may not say."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.forms.models import model_to_dict

from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.lib.geography import mask
from parts import pipeline
from parts.catalogue.models import Part
from parts.feeds import polling, sweeping, uploading
from parts.feeds.admin import FeedForm
from parts.feeds.models import Feed, FeedRun, HeldChunk
from parts.feeds.uploading import Upload
from parts.lookup.checking import check_parts
from parts.marks.models import Dirty
from parts.stock.models import Branch, Freshness, Offer, OfferChange, Supplier
from tests import factories
from tests.parts.feeds.adapters.test_xlsx import workbook
from tests.parts.feeds.conftest import NOW, stock

pytestmark = pytest.mark.django_db
GOOD = b"Part number,Qty,Price\nLR 00123,3,12.50\nLR00124,0,\n"


@pytest.fixture
def dealer():
    return factories.dealer("LAND ROVER", code="OWN01", name="Hill Motors", region=4)


def upload(body: bytes = GOOD, name: str = "stock.csv", **values) -> Upload:
    return Upload(name, [body[at : at + 1_000] for at in range(0, len(body), 1_000)], **values)


def prepare(dealer, body: bytes = GOOD, at=NOW, **values):
    return uploading.prepare(dealer, upload(body, **values), by="ann@example.com", at=at)


def take(dealer, body: bytes = GOOD, at=NOW):
    """Upload and confirm."""
    return uploading.confirm(dealer, prepare(dealer, body, at).run.public_id, by="ann@example.com", at=at)


def own(dealer):
    return stock(f"own-{dealer.code}")


def test_a_file_that_waits_changes_nothing_and_says_what_it_would_change(dealer):
    found = prepare(dealer)

    assert [(line, row[0], row[3], row[6]) for line, row in found.rows] == [
        (2, "LR 00123", 3, 1250),
        (3, "LR00124", 0, None),
    ]
    assert (found.outcome.inserted, found.outcome.updated, found.outcome.removed) == (2, 0, 0)
    assert found.run.state == FeedRun.State.HELD
    assert (found.run.records, found.run.rows, found.run.rejected) == (2, 2, 0)
    assert not Offer.objects.exists()
    assert not Part.objects.exists()
    assert not Dirty.objects.exists()


def test_a_confirmed_file_is_the_stock_of_the_dealers_shelf(dealer):
    run = take(dealer)

    assert run.state == FeedRun.State.SUCCEEDED
    assert own(dealer) == {("OWN01", "LR 00123"): (3, "in_stock"), ("OWN01", "LR00124"): (0, "out_of_stock")}
    branch = Branch.objects.get()
    assert (branch.tier, branch.dealer, branch.reach) == ("shelf", dealer, mask(4))
    assert Dirty.objects.exists()
    assert not HeldChunk.objects.exists()
    assert "ann@example.com" in run.reason


def test_the_same_file_again_writes_no_row(dealer):
    take(dealer)
    again = take(dealer, at=NOW + timedelta(days=1))

    assert again.state == FeedRun.State.UNCHANGED
    assert (again.inserted, again.updated, again.removed) == (0, 0, 0)
    assert OfferChange.objects.count() == 2
    assert Supplier.objects.get().confirmed_at == NOW + timedelta(days=1)


def test_an_excel_file_may_follow_a_csv_file(dealer):
    take(dealer)
    rows = [("LR 00123", "Land Rover", 3, 12.5), ("LR00125", "Land Rover", 1, None)]
    run = take(dealer, workbook(*rows), at=NOW + timedelta(days=1))

    assert (run.inserted, run.updated, run.removed) == (1, 0, 1)
    assert Feed.objects.get().adapter == "xlsx"


def test_every_bad_cell_is_named_and_its_offer_is_kept(dealer):
    take(dealer)
    found = prepare(dealer, b"Part number,Qty,Price\nLR 00123,many,dear\nLR00126,4,\n")

    (reject,) = found.rejects
    assert reject.line == 2
    assert reject.reason == "quantity: “many” is not a quantity; price: “dear” is not a price"
    assert (found.outcome.inserted, found.outcome.updated, found.outcome.removed) == (1, 0, 1)
    run = uploading.confirm(dealer, found.run.public_id, by="ann", at=NOW)
    assert own(dealer) == {("OWN01", "LR 00123"): (3, "in_stock"), ("OWN01", "LR00126"): (4, "in_stock")}
    assert (run.rejected, run.rejected_rows.count()) == (1, 1)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "stock_file_empty"),
        (b" \r\n", "stock_file_empty"),
        (b"Part number,Qty\n", "stock_file_empty"),
        (b"Colour,Size\nred,3\n", "stock_file_unreadable"),
        (b"%PDF-1.7 ...", "stock_file_type"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "stock_file_type"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "stock_file_type"),
        (b"PK\x03\x04 and no more", "stock_file_unreadable"),
        (b'Part number,Qty\n"LR1,2\n' + b"LR2,3\n" * 30_000, "stock_file_unreadable"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_nothing_of_it_is_kept(dealer, body, code):
    before = prepare(dealer).run
    with pytest.raises(DomainError) as refused:
        prepare(dealer, body)

    assert refused.value.code == code
    assert "file" in refused.value.fields
    assert list(FeedRun.objects.filter(state="held")) == [before]
    assert Feed.objects.get().adapter == "csv"


def test_a_file_above_the_limit_is_refused(dealer, monkeypatch):
    monkeypatch.setattr(uploading, "MAX_BYTES", 1_000)
    with pytest.raises(DomainError, match="larger than") as refused:
        prepare(dealer, GOOD + b"LR9,1,\n" * 200)
    assert refused.value.code == "stock_file_too_large"


def test_a_file_without_one_readable_row_shows_why_and_cannot_be_confirmed(dealer):
    take(dealer)
    found = prepare(dealer, b"Part number,Qty\nLR1,many\n")

    assert not found.is_usable
    assert [reject.line for reject in found.rejects] == [2]
    with pytest.raises(DomainError, match="No row of the file"):
        uploading.confirm(dealer, found.run.public_id, by="ann", at=NOW)
    assert len(own(dealer)) == 2


def test_a_file_speaks_for_the_dealers_shelf_only(dealer):
    """Not for another dealer's branch, not for what replaces what, and not for what others lack."""
    factories.dealer(code="OTHER")
    take(dealer, b"Part number,Branch,Qty,Replaces,Seq,Lifecycle\nLR1,OTHER,3,LR2,99,discontinued\n")

    assert own(dealer) == {("OWN01", "LR1"): (3, "in_stock")}
    assert Branch.objects.count() == 1
    assert Feed.objects.get().last_seq == 0
    assert Part.objects.get().lifecycle != "discontinued"
    assert not Supplier.objects.get().brands.exists()


def test_rows_that_name_no_brand_are_of_the_brand_that_was_given(dealer):
    body = b"Part number,Brand,Qty\nA1,,3\nA2,MG,3\n"
    found = prepare(dealer, body, brand="Jaguar")
    uploading.confirm(dealer, found.run.public_id, by="ann", at=NOW)

    assert set(Part.objects.values_list("brand__name", flat=True)) == {"Jaguar", "MG"}


def test_a_dealer_of_several_makes_must_say_the_brand():
    both = factories.dealer("LAND ROVER", "JAGUAR")
    found = prepare(both)

    assert not found.is_usable
    assert {reject.code for reject in found.rejects} == {"bad_brand"}


def test_a_second_file_takes_the_place_of_one_that_waits(dealer):
    first = prepare(dealer).run
    second = prepare(dealer, b"Part number,Qty\nLR9,1\n").run

    with pytest.raises(NotFoundError):
        uploading.confirm(dealer, first.public_id, by="ann", at=NOW)
    assert uploading.look(dealer, second.public_id, at=NOW).outcome.inserted == 1


def test_no_other_dealer_meets_a_file_that_waits(dealer):
    run = prepare(dealer).run
    other = factories.dealer()

    for attempt in (
        lambda: uploading.look(other, run.public_id, at=NOW),
        lambda: uploading.confirm(other, run.public_id, by="eve", at=NOW),
        lambda: uploading.discard(other, run.public_id, by="eve"),
        lambda: uploading.look(dealer, uuid.uuid4(), at=NOW),
    ):
        with pytest.raises(NotFoundError):
            attempt()
    assert uploading.standing(dealer, at=NOW).waiting == run
    assert uploading.standing(other, at=NOW).waiting is None


def test_a_file_thrown_away_leaves_the_stock_as_it_was(dealer):
    take(dealer)
    run = prepare(dealer, b"Part number,Qty\nLR9,1\n").run
    uploading.discard(dealer, run.public_id, by="ann")

    assert len(own(dealer)) == 2
    assert not HeldChunk.objects.exists()
    assert uploading.standing(dealer, at=NOW).waiting is None


def test_stock_sent_without_a_preview_waits_if_a_gate_closes(dealer):
    many = b"Part number,Qty\n" + b"".join(b"LR%05d,1\n" % number for number in range(100))
    assert uploading.take_in(dealer, upload(many), by="key", at=NOW).state == FeedRun.State.SUCCEEDED
    few = uploading.take_in(dealer, upload(), by="key", at=NOW)

    assert few.state == FeedRun.State.HELD
    assert "98% fewer" in few.reason
    assert len(own(dealer)) == 100
    assert uploading.confirm(dealer, few.public_id, by="key", at=NOW).removed == 100


def test_own_stock_grows_old_and_is_never_polled(dealer):
    take(dealer)
    at_a_week = uploading.standing(dealer, at=NOW + timedelta(days=7))

    assert uploading.standing(dealer, at=NOW + timedelta(days=6)).freshness == Freshness.FRESH
    assert at_a_week.freshness == Freshness.STALE
    assert at_a_week.offers == 2
    assert uploading.standing(dealer, at=NOW + timedelta(days=14)).freshness == Freshness.SOURCE_DOWN
    assert polling.due(at=NOW + timedelta(days=400)) == []


def test_mappings_made_by_an_admin_stay(dealer):
    take(dealer)
    feed = Feed.objects.get()
    Feed.objects.update(config=feed.config | {"columns": {"part_number": "Teil", "quantity": "Menge"}})
    take(dealer, b"Teil,Menge\nLR7,2\n")

    assert own(dealer) == {("OWN01", "LR7"): (2, "in_stock")}


def test_confirmed_stock_is_decided_at_once(dealer):
    """Anyone who asks for the part in the dealer's region is told that it can be had, though no feed lists it."""
    found = prepare(dealer)
    pipeline.confirm_stock(dealer, found.run.public_id, by="ann", at=NOW)
    near, empty = check_parts(["LR00123", "LR00124"], postcode="LE4", at=NOW)["results"]

    assert (near["availability"], near["can_be_had"], near["best"]["tier"]) == ("in_stock", True, "shelf")
    assert empty["can_be_had"] is False or empty["can_be_had"] is None
    assert not Dirty.objects.exists()
    (far,) = check_parts(["LR00123"], postcode="EH1", at=NOW)["results"]
    assert not far["can_be_had"]


def test_asking_for_a_feed_without_an_address_fails_and_leaves_the_stock(dealer):
    take(dealer)
    run = polling.poll(Feed.objects.get().pk, at=NOW)

    assert run.state == FeedRun.State.FAILED
    assert "http" in run.reason
    assert len(own(dealer)) == 2


@pytest.mark.parametrize(("is_enabled", "is_valid"), [("", True), ("on", False)])
def test_an_admin_may_map_its_columns_but_not_have_it_polled(dealer, is_enabled, is_valid):
    take(dealer)
    feed = Feed.objects.get()
    sent = model_to_dict(feed) | {"is_enabled": is_enabled, "config": '{"columns": {"part_number": "Teil"}}'}

    assert FeedForm({name: value for name, value in sent.items() if value != ""}, instance=feed).is_valid() is is_valid


@pytest.mark.django_db(transaction=True)
def test_a_file_confirmed_by_two_at_once_is_taken_in_once(dealer):
    run = prepare(dealer).run

    def confirm(by):
        try:
            return uploading.confirm(dealer, run.public_id, by=by, at=NOW).state
        except DomainError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        found = sorted(pool.map(confirm, ["ann", "bob", "cat"]))

    assert found.count("succeeded") == 1
    assert set(found) <= {"succeeded", "run_not_held", "stock_not_waiting", "stock_busy"}
    assert OfferChange.objects.count() == 2


def test_a_file_that_nobody_confirms_is_thrown_away_after_a_day(dealer):
    take(dealer)
    waiting = prepare(dealer, b"Part number,Qty\nLR1,1\n", at=NOW)
    assert waiting.waits_until == NOW + timedelta(hours=24)

    sweeping.sweep(at=NOW + timedelta(hours=24))
    assert FeedRun.objects.get(pk=waiting.run.pk).state == FeedRun.State.HELD
    sweeping.sweep(at=NOW + timedelta(hours=24, seconds=1))

    run = FeedRun.objects.get(pk=waiting.run.pk)
    assert run.state == FeedRun.State.IGNORED
    assert run.reason.startswith("Nobody confirmed it within 24 hours. “stock.csv”")
    assert not HeldChunk.objects.exists()
    assert len(own(dealer)) == 2
    with pytest.raises(NotFoundError):
        uploading.confirm(dealer, run.public_id, by="ann@example.com", at=NOW + timedelta(hours=25))


def test_a_polled_feeds_held_run_waits_for_an_admin_however_long(dealer):
    feed = Feed.objects.create(
        supplier=Supplier.objects.create(code="acme", name="Acme"), adapter="csv", url="https://x.example"
    )
    run = FeedRun.objects.create(feed=feed, kind="snapshot", state=FeedRun.State.HELD, started_at=NOW)

    sweeping.sweep(at=NOW + timedelta(days=30))

    run.refresh_from_db()
    assert run.state == FeedRun.State.HELD
