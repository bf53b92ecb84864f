"""Feeds of changes: cursors, late changes, removals, and reading in full again."""

from __future__ import annotations

from datetime import timedelta

from parts.feeds.models import Feed
from parts.stock.models import Offer, Supplier
from tests.parts.feeds.conftest import NOW, make_feed, row, stock, take

LATER = NOW + timedelta(minutes=5)


def test_a_snapshot_is_followed_by_changes_and_their_cursor(server, db):
    feed = make_feed(f"{server.url}/s", adapter="changes")
    server.snapshot(row("A", quantity=1, seq=1), row("B", quantity=2, seq=2), sequence=2, Feed_Cursor="1")
    server.changes(
        ([row("A", quantity=99, seq=1)], 2),
        ([row("A", quantity=7, seq=3), {**row("B", seq=4), "deleted": True}], 4),
        ([row("C", quantity=1, seq=5)], 5),
    )

    first, second = take(feed), take(feed)

    assert (first.kind, second.kind) == ("snapshot", "delta")
    assert (second.inserted, second.updated, second.removed, second.late) == (1, 1, 1, 0)
    assert stock() == {("B1", "A"): (7, "in_stock"), ("B1", "C"): (1, "in_stock")}
    feed.refresh_from_db()
    assert (feed.cursor, feed.last_seq) == ("3", 5)


def test_late_changes_are_dropped_and_said(server, db):
    feed = make_feed(f"{server.url}/s/changes", adapter="changes")
    server.snapshot(row("A", quantity=1, seq=5), sequence=10, Feed_Cursor="0")
    server.changes(([row("A", quantity=9, seq=9), row("Z", quantity=9, seq=10)], 10))
    take(feed)

    run = take(feed, LATER)

    assert (run.state, run.late, run.reason) == ("ignored", 2, "Every change is older than what is stored.")
    assert stock() == {("B1", "A"): (1, "in_stock")}
    assert Supplier.objects.get().confirmed_at == LATER


def test_no_changes_confirm_what_we_have(server, db):
    feed = make_feed(f"{server.url}/s", adapter="changes")
    server.snapshot(row("A"), sequence=10, Feed_Cursor="0")
    server.changes(([], 10))
    take(feed)

    assert take(feed, LATER).state == "unchanged"
    assert Supplier.objects.get().confirmed_at == LATER


def test_a_refused_cursor_means_reading_in_full(server, db):
    feed = make_feed(f"{server.url}/s", adapter="changes")
    server.snapshot(row("A", quantity=1), sequence=1, Feed_Cursor="lost")
    take(feed)
    server.serve("/s/changes", b"{}", status=410)
    server.snapshot(row("A", quantity=2), sequence=2, Feed_Cursor="new")

    run = take(feed)

    assert (run.kind, run.state, run.reason) == ("snapshot", "succeeded", "Read in full: the cursor was refused (410).")
    assert Feed.objects.get().cursor == "new"


def test_a_change_said_again_moves_its_sequence(server, db):
    feed = make_feed(f"{server.url}/s", adapter="changes")
    server.snapshot(row("A", quantity=5, seq=1), sequence=10, Feed_Cursor="0")
    take(feed)
    server.changes(([row("A", quantity=5, seq=20)], 20), ([row("A", quantity=0, seq=15)], 20))

    take(feed)

    assert (stock()["B1", "A"], Offer.objects.get().seq) == ((5, "in_stock"), 20)


def test_a_removal_is_not_undone_by_an_older_change_or_snapshot(server, db):
    feed = make_feed(f"{server.url}/s", adapter="changes")
    server.snapshot(row("A"), row("B"), sequence=10, Feed_Cursor="0")
    take(feed)
    server.changes(([{**row("A", seq=20), "deleted": True}], 20), ([row("A", seq=19)], 20))
    take(feed)
    assert set(stock()) == {("B1", "B")}

    Feed.objects.update(cursor="")
    server.snapshot(row("A"), row("B"), sequence=15, Feed_Cursor="2")
    take(feed)
    assert set(stock()) == {("B1", "B")}

    Feed.objects.update(cursor="")
    server.snapshot(row("A"), row("B"), sequence=21, Feed_Cursor="2")
    take(feed)
    assert set(stock()) == {("B1", "A"), ("B1", "B")}
