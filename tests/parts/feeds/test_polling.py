"""Runs of a feed over real HTTP: what is stored, and what the run says."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from parts.catalogue.models import Brand, PartNumber
from parts.catalogue.search import resolve_numbers
from parts.feeds import polling
from parts.feeds.models import Feed, FeedRun, RejectedRow
from parts.marks.models import Dirty
from parts.stock.models import Offer, OfferChange, Supplier
from tests import factories
from tests.parts.feeds.conftest import NOW, make_feed, ndjson, row, rows, stock, take

LATER = NOW + timedelta(minutes=5)


def test_a_first_snapshot_makes_brands_parts_branches_and_offers(server, feed):
    server.snapshot(row("LR 000-001"), row("LR2", branch="B2", quantity=None), sequence=4)

    run = take(feed)

    assert (run.state, run.reason, run.records, run.rows, run.inserted) == ("succeeded", "", 2, 2, 2)
    assert stock() == {("B1", "LR 000-001"): (3, "in_stock"), ("B2", "LR2"): (None, "unknown")}
    assert PartNumber.objects.get(raw="LR 000-001").norm == "LR000001"
    supplier = Supplier.objects.get(code="acme")
    assert supplier.confirmed_at == NOW
    assert [brand.name for brand in supplier.brands.all()] == ["Land Rover"]
    assert Feed.objects.get().snapshot_seq == 4


def test_a_compressed_snapshot_is_checked_as_sent_and_read_unpacked(server, feed):
    server.snapshot(*rows(50), sequence=1, packed=True)

    assert take(feed).inserted == 50


def test_only_what_differs_is_written_and_kept_as_history(server, feed):
    server.snapshot(row("A", quantity=1), row("B", quantity=2), row("C", quantity=3), sequence=1)
    take(feed)
    Dirty.objects.all().delete()
    OfferChange.objects.all().delete()
    untouched = Offer.objects.get(part__numbers__raw="A")
    server.snapshot(row("A", quantity=1), row("B", quantity=9), row("D", quantity=4), sequence=2)

    run = take(feed, LATER)

    assert (run.inserted, run.updated, run.removed) == (1, 1, 1)
    assert stock() == {("B1", "A"): (1, "in_stock"), ("B1", "B"): (9, "in_stock"), ("B1", "D"): (4, "in_stock")}
    assert Offer.objects.get(part__numbers__raw="A").changed_at == untouched.changed_at == NOW
    ids = {number.raw: number.part_id for number in PartNumber.objects.all()}
    assert set(Dirty.objects.values_list("kind", "key")) == {("p", ids["B"]), ("p", ids["C"]), ("p", ids["D"])}
    history = {change.part_id: change for change in OfferChange.objects.all()}
    assert (history[ids["B"]].quantity_before, history[ids["B"]].quantity_after) == (2, 9)
    assert (history[ids["C"]].availability_before, history[ids["C"]].availability_after) == ("in_stock", None)
    assert (history[ids["D"]].availability_before, history[ids["D"]].availability_after) == (None, "in_stock")


def test_a_price_alone_changes_the_offer_but_asks_for_no_decision(server, feed):
    server.snapshot(row(price_pence=100), sequence=1)
    take(feed)
    Dirty.objects.all().delete()
    server.snapshot(row(price_pence=200), sequence=2)

    assert take(feed).updated == 1
    assert Offer.objects.get().price_pence == 200
    assert not Dirty.objects.exists()


def test_the_same_rows_in_other_bytes_write_no_offer(server, feed):
    server.snapshot(*rows(30), sequence=1)
    take(feed)
    version = _written()
    server.snapshot(*reversed(rows(30)), sequence=2)

    run = take(feed, LATER)

    assert run.state == "unchanged"
    assert _written() == version
    assert Supplier.objects.get().confirmed_at == LATER


def test_the_same_bytes_are_not_even_read(server, feed):
    server.snapshot(*rows(30), sequence=1, ETag="")
    take(feed)

    run = take(feed, LATER)

    assert (run.state, run.reason) == ("unchanged", "The same file as before, byte for byte.")
    assert Supplier.objects.get().confirmed_at == LATER


def test_not_modified_is_confirmed_now(server, feed):
    server.snapshot(*rows(30), sequence=1)
    take(feed)
    etag = Feed.objects.get().etag
    server.serve("/s/offers.ndjson", b"", status=304)

    run = take(feed, LATER)

    assert server.asked[-1][1]["If-None-Match"] == etag
    assert (run.state, run.reason) == ("unchanged", "The supplier says: not modified.")
    assert Supplier.objects.get().confirmed_at == LATER
    assert len(stock()) == 30


def test_the_file_may_be_named_by_its_own_address(server, db):
    feed = make_feed(f"{server.url}/s/offers.ndjson")
    server.snapshot(row(), sequence=1)

    assert take(feed).state == "succeeded"


def test_a_known_dealers_code_is_a_branch_at_that_dealer(server, feed):
    dealer = factories.dealer(code="R4T02", region=7)
    server.snapshot(row(branch="R4T02"), row(branch="NDC"), sequence=1)
    take(feed)

    branches = {branch.code: branch for branch in feed.supplier.branches.all()}
    assert (branches["R4T02"].dealer, branches["R4T02"].tier) == (dealer, "branch")
    assert (branches["NDC"].dealer, branches["NDC"].tier) == (None, "central")


def test_brands_are_one_whatever_their_capitals(server, feed):
    Brand.objects.create(name="LAND ROVER", slug="land-rover")
    server.snapshot(row("A", brand="Land Rover"), row("B", brand="Land-Rover"), sequence=1)

    take(feed)

    assert Brand.objects.count() == 1


def test_of_rows_said_twice_the_newest_counts_and_the_rest_is_counted(server, feed):
    server.snapshot(
        row("A", quantity=5, seq=9), row("A", quantity=1, seq=2), row("B", quantity=2), row("B", quantity=2), sequence=9
    )

    run = take(feed)

    assert run.duplicates == 2
    assert stock() == {("B1", "A"): (5, "in_stock"), ("B1", "B"): (2, "in_stock")}


def test_of_rows_that_disagree_with_nothing_to_tell_the_newer_none_is_believed(server, feed):
    server.snapshot(row("A", quantity=5), row("B"), sequence=1)
    take(feed)
    server.snapshot(
        row("A", quantity=7), row("A", quantity=8), row("B"), row("C", quantity=1), row("C", quantity=0), sequence=2
    )

    run = take(feed)

    assert run.rejected_by_reason == {"disputed": 2}
    assert stock() == {("B1", "A"): (5, "in_stock"), ("B1", "B"): (3, "in_stock")}


def test_duplicates_are_found_among_stored_offers_too(server, feed):
    server.snapshot(row("A", quantity=5), row("B", quantity=1), sequence=1)
    take(feed)
    server.snapshot(row("A", quantity=7, seq=1), row("A", quantity=5, seq=2), row("B", quantity=1), sequence=2)

    run = take(feed)

    assert (run.state, run.duplicates) == ("unchanged", 1)
    assert stock()["B1", "A"] == (5, "in_stock")


def test_two_spellings_of_a_number_are_one_offer(server, feed):
    server.snapshot(row("LR-1", quantity=1, seq=1), row("LR 1", quantity=2, seq=2), sequence=2)

    assert take(feed).duplicates == 1
    assert stock() == {("B1", "LR 1"): (2, "in_stock")}


def test_a_row_said_to_be_deleted_is_absent(server, feed):
    server.snapshot(row("A"), row("B"), sequence=1)
    take(feed)
    server.snapshot(row("A"), {"part_number": "B", "brand": "Land Rover", "branch": "B1", "deleted": True}, sequence=2)

    assert take(feed).removed == 1
    assert set(stock()) == {("B1", "A")}


def test_a_refused_row_leaves_the_stored_offer_as_it_was(server, feed):
    server.snapshot(row("A", quantity=5), row("B"), sequence=1)
    take(feed)
    server.snapshot(row("A", quantity="lots"), row("B"), sequence=2)

    run = take(feed)

    assert (run.state, run.rejected, run.rejected_by_reason) == ("unchanged", 1, {"bad_quantity": 1})
    assert stock()["B1", "A"] == (5, "in_stock")
    sample = RejectedRow.objects.get()
    assert (sample.line, sample.reason) == (1, "quantity: “lots” is not a quantity")
    assert '"lots"' in sample.raw


def test_a_refused_row_makes_no_branch_and_no_brand(server, feed):
    server.snapshot(row("A"), row("B", brand="Rust", branch="B9", quantity="lots"), sequence=1)
    take(feed)

    assert [brand.name for brand in Brand.objects.all()] == ["Land Rover"]
    assert [branch.code for branch in feed.supplier.branches.all()] == ["B1"]


def test_at_most_250_refused_rows_are_kept_and_all_are_counted(server, feed):
    server.snapshot(*rows(1_200), *rows(300, quantity="lots", branch="B2"), sequence=1)

    run = take(feed)

    assert (run.state, run.rows, run.rejected) == ("succeeded", 1_200, 300)
    assert run.rejected_rows.count() == 250


def test_a_missing_branch_is_the_main_one_only_where_no_row_names_any(server, feed):
    server.snapshot(row("A", branch=None), row("B", branch=None), sequence=1)
    take(feed)
    assert set(stock()) == {("main", "A"), ("main", "B")}

    server.snapshot(row("A", branch=None), row("B", branch="B7"), row("C", branch=None), sequence=2)
    run = take(feed)
    assert (run.state, run.reason, run.rejected_by_reason) == ("succeeded", "", {"bad_branch": 2})
    assert set(stock()) == {("B7", "B")}


def test_a_missing_brand_is_the_feeds_default_or_refused(server, feed):
    server.snapshot(row("A", brand=None), row("B"), sequence=1)
    assert take(feed).rejected_by_reason == {"bad_brand": 1}

    Feed.objects.update(config={"default_brand": "Jaguar"}, snapshot_sha256="")
    server.snapshot(row("A", brand=None), row("B"), sequence=2)
    assert take(feed).rejected == 0
    assert PartNumber.objects.get(raw="A").brand.name == "Jaguar"


def test_brands_a_later_snapshot_no_longer_lists_are_no_longer_covered(server, feed):
    server.snapshot(row("A", brand="Jaguar"), row("B"), sequence=1)
    take(feed)
    server.snapshot(row("B"), sequence=2)
    take(feed)

    assert [brand.name for brand in feed.supplier.brands.all()] == ["Land Rover"]


def test_what_a_row_replaces_becomes_a_supersession(server, feed):
    server.snapshot(row("OLD"), row("NEW", replaces=["OLD"]), sequence=1)
    take(feed)

    part = PartNumber.objects.get(raw="OLD").part
    assert [edge.new.numbers.get().raw for edge in part.successors.all()] == ["NEW"]


def test_a_replaced_number_that_nobody_lists_is_known_all_the_same(server, feed):
    server.snapshot(row("NEW", replaces=["OLD-1"]), sequence=1)
    take(feed)

    [match] = resolve_numbers(["old 1"])
    assert (match.matched, [part.part_number for part in match.successors]) == ("superseded", ["NEW"])


def test_an_old_snapshot_is_ignored(server, feed):
    server.snapshot(row(quantity=5), sequence=7)
    take(feed)
    server.snapshot(row(quantity=1), sequence=6)

    run = take(feed, LATER)

    assert (run.state, run.reason) == ("ignored", "An old snapshot: sequence 6, and 7 was taken in before.")
    assert stock() == {("B1", "LR000001"): (5, "in_stock")}
    assert Supplier.objects.get().confirmed_at == NOW


def test_an_old_snapshot_without_a_sequence_is_told_by_its_time(server, feed):
    server.snapshot(row(quantity=5), Feed_Generated_At="2026-11-22T08:00:00Z")
    take(feed)
    server.snapshot(row(quantity=1), Feed_Generated_At="2026-11-21T08:00:00Z")

    assert take(feed).state == "ignored"


def test_a_supplier_that_numbers_nothing_may_go_back_and_forth(server, feed):
    for quantity in (5, 0, 5):
        server.serve("/s/offers.ndjson", ndjson(row(quantity=quantity)))
        assert take(feed).state == "succeeded"
        assert stock()["B1", "LR000001"][0] == quantity


def test_no_rows_are_held(server, feed):
    server.snapshot(*rows(3), sequence=1)
    take(feed)
    server.snapshot(sequence=2)

    run = take(feed, LATER)

    assert (run.state, run.reason) == ("held", "No rows: that would empty the shelves.")
    assert len(stock()) == 3
    assert Supplier.objects.get().confirmed_at == NOW


def test_far_fewer_rows_than_usual_are_held_approved_or_discarded(server, feed):
    server.snapshot(*rows(100), sequence=1)
    take(feed)
    server.snapshot(*rows(60), sequence=2)
    run = take(feed, LATER)
    assert (run.state, run.reason) == ("held", "60 rows are 40% fewer than the usual 100; the limit is 30%.")
    assert len(stock()) == 100

    again = take(feed, LATER)
    assert again.state == "ignored"
    assert "held since" in again.reason

    approved = polling.approve(run.pk, by="root", at=LATER)
    assert (approved.state, approved.removed) == ("succeeded", 40)
    assert len(stock()) == 60
    assert not approved.held_chunks.exists()


def test_a_discarded_run_changes_nothing_and_its_body_goes(server, feed):
    server.snapshot(*rows(100), sequence=1)
    take(feed)
    server.snapshot(*rows(60), sequence=2)
    run = take(feed)

    discarded = polling.discard(run.pk, by="root")

    assert discarded.state == "ignored"
    assert "discarded by root" in discarded.reason
    assert not discarded.held_chunks.exists()
    assert len(stock()) == 100


def test_a_good_snapshot_ends_what_was_held(server, feed):
    server.snapshot(*rows(100), sequence=1)
    take(feed)
    server.snapshot(*rows(60), sequence=2)
    run = take(feed)
    server.snapshot(*rows(101), sequence=3)

    assert take(feed).state == "succeeded"
    run.refresh_from_db()
    assert (run.state, run.reason) == ("ignored", "A later snapshot was taken in.")


def test_a_few_parts_going_from_a_short_list_is_everyday_business(server, feed):
    server.snapshot(*rows(5), sequence=1)
    take(feed)
    server.snapshot(*rows(2), sequence=2)

    assert take(feed).removed == 3


def test_rows_that_do_not_add_up_fail_the_run(server, feed):
    server.snapshot(*rows(5), sequence=1, Feed_Rows="6")

    run = take(feed)

    assert (run.state, run.reason) == ("failed", "The sender says 6 rows, and 5 came: the file is not whole.")
    assert stock() == {}


def test_a_wrong_digest_fails_the_run(server, feed):
    server.snapshot(*rows(5), sequence=1, Content_Digest="sha-256=:AAAA:")

    assert take(feed).reason == "The digest does not match: the file was damaged on its way."
    assert stock() == {}


def test_half_a_file_fails_the_run(server, feed):
    body = ndjson(*rows(5))[:-20]
    server.serve("/s/offers.ndjson", body)

    assert take(feed).reason == "The file ends in the middle of line 5."
    assert stock() == {}


@pytest.mark.django_db(transaction=True)
def test_a_second_run_of_a_feed_under_way_steps_aside(server):
    feed = make_feed(f"{server.url}/s")
    started, go_on = threading.Event(), threading.Event()

    def slow(_handler):
        started.set()
        go_on.wait(10)
        return 200, {}, ndjson(row())

    server.answers["/s/offers.ndjson"] = slow

    def first_run():
        try:
            take(feed)
        finally:
            connection.close()

    first = threading.Thread(target=first_run)
    first.start()
    started.wait(10)
    second = take(feed)
    go_on.set()
    first.join()

    assert (second.state, second.reason) == ("ignored", "Another run of this feed is under way.")
    assert sorted(FeedRun.objects.values_list("state", flat=True)) == ["ignored", "succeeded"]


def _written() -> list[tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, xmin::text || ctid::text FROM parts_offer ORDER BY id")
        return list(cursor.fetchall())
