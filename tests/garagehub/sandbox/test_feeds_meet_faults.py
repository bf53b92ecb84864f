"""Each fault, met by a real poll: nothing wrong is stored, the good data stays, and the run says why."""

from datetime import UTC, datetime, timedelta

import pytest

from parts.feeds.models import Feed, FeedRun, RejectedRow
from parts.feeds.polling import poll
from parts.stock.models import Offer, Supplier

pytestmark = pytest.mark.django_db

FILES = {"meridian": "ndjson", "shelfwatch": "changes", "tollgate": "csv"}
SMALL = "tollgate"


@pytest.fixture
def poll_at(sandbox):
    """Polls a supplier's feed in the sandbox some minutes from now."""
    addresses = {supplier["code"]: supplier["url"] for supplier in sandbox.client.get("/").json()["suppliers"]}

    def poll_feed(code: str, *, minutes: int = 0) -> FeedRun:
        supplier, _ = Supplier.objects.get_or_create(code=code, defaults={"name": code})
        feed, _ = Feed.objects.get_or_create(
            supplier=supplier,
            defaults={"adapter": FILES[code], "url": addresses[code], "is_internal": True, "max_mib": 32},
        )
        return poll(feed.pk, at=datetime.now(UTC) + timedelta(minutes=minutes))

    return poll_feed


def stored() -> set[tuple]:
    return set(Offer.objects.values_list("branch_id", "part_id", "quantity", "availability", "price_pence"))


@pytest.mark.parametrize("code", FILES)
def test_a_feed_is_taken_in_whole_and_then_confirmed(sandbox, poll_at, code):
    run = poll_at(code)
    listed = int(sandbox.client.get(f"/suppliers/{code}/offers.ndjson").headers["Feed-Rows"])
    assert (run.state, run.rows, run.rejected) == ("succeeded", listed, 0), run.reason
    assert Offer.objects.count() == listed
    assert poll_at(code, minutes=1).state == "unchanged"


@pytest.mark.parametrize(
    ("fault", "options", "state"),
    [
        ("refuse", {}, "failed"),
        ("hang", {"seconds": 0.1}, "failed"),
        ("status_500", {}, "failed"),
        ("status_429", {}, "failed"),
        ("status_403", {}, "failed"),
        ("gzip_bomb", {"bytes": 64 * 1024**2}, "failed"),
        ("redirect_private", {"location": "http://127.0.0.2:9/"}, "failed"),
        ("invalid_tls", {}, "failed"),
        ("truncated_body", {}, "failed"),
        ("truncated_body", {"silent": True}, "failed"),
        ("wrong_digest", {}, "failed"),
        ("zero_rows", {}, "held"),
        ("zero_rows", {"empty_body": True}, "held"),
        ("fewer_rows", {}, "held"),
        ("old_snapshot", {}, "ignored"),
    ],
)
def test_a_faulty_snapshot_leaves_the_good_one_in_place(sandbox, poll_at, fault, options, state):
    poll_at(SMALL)
    good, confirmed_at = stored(), Supplier.objects.get().confirmed_at
    sandbox.fault(f"suppliers/{SMALL}", fault, **options)
    run = poll_at(SMALL, minutes=1)
    assert run.state == state, run.reason
    assert run.reason
    assert stored() == good
    assert Supplier.objects.get().confirmed_at == confirmed_at
    sandbox.reset()
    after = poll_at(SMALL, minutes=30)
    assert after.state in {"succeeded", "unchanged"}, after.reason
    assert stored() == good


@pytest.mark.parametrize(("fault", "options"), [("bad_rows", {"count": 16}), ("huge_line", {"bytes": 1_000_000})])
def test_rows_that_make_no_sense_are_refused_and_the_others_kept(sandbox, poll_at, fault, options):
    poll_at(SMALL)
    good = stored()
    sandbox.fault(f"suppliers/{SMALL}", fault, **options)
    run = poll_at(SMALL, minutes=1)
    assert run.rejected > 0
    assert RejectedRow.objects.filter(run=run).exclude(reason="").exists()
    assert good <= stored()


@pytest.mark.parametrize("code", ["meridian", "shelfwatch"])
def test_of_rows_that_come_twice_the_newer_counts(sandbox, poll_at, code):
    sandbox.fault(f"suppliers/{code}", "duplicate_keys", count=40)
    run = poll_at(code)
    assert (run.state, run.duplicates) == ("succeeded", 40)
    doubled = stored()
    sandbox.reset()
    poll_at(code, minutes=30)
    assert stored() == doubled


def test_late_changes_change_nothing_and_a_refused_cursor_means_reading_in_full(sandbox, poll_at):
    poll_at("shelfwatch")
    good = stored()
    sandbox.fault("suppliers/shelfwatch", "late_delta")
    assert poll_at("shelfwatch", minutes=1).late > 0
    assert stored() == good
    sandbox.reset()
    sandbox.fault("suppliers/shelfwatch", "cursor_refused")
    run = poll_at("shelfwatch", minutes=2)
    assert (run.kind, run.state) == ("snapshot", "unchanged"), run.reason
    assert stored() == good


def test_changes_bring_what_was_set_and_tombstones_take_it_away(sandbox, poll_at):
    poll_at("shelfwatch")
    offer = Offer.objects.select_related("branch").filter(availability="out_of_stock").first()
    number = offer.part.numbers.get(is_main=True).raw
    place = {"part_number": number, "branch": offer.branch.code}
    sandbox.set_offer("shelfwatch", **place, quantity=3)
    run = poll_at("shelfwatch", minutes=1)
    offer.refresh_from_db()
    assert (run.kind, run.updated, offer.quantity, offer.availability) == ("delta", 1, 3, "in_stock")
    sandbox.set_offer("shelfwatch", **place, listed=False)
    poll_at("shelfwatch", minutes=2)
    left = Offer.objects.filter(pk=offer.pk).first()
    assert left is None or left.availability == "not_listed"
