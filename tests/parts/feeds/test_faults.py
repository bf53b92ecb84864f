"""Every fault a supplier can have, through the sandbox: nothing wrong stored, good data kept, the reason on the run."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from parts.feeds import spool
from parts.feeds.models import Feed
from parts.stock.models import Offer, Supplier
from tests.parts.feeds.conftest import NOW, make_feed, take

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)
SUPPLIERS = {"ndjson": "meridian", "changes": "shelfwatch", "csv": "tollgate"}


def taken_in(sandbox, adapter: str) -> Feed:
    """A feed whose stock was taken in and is right."""
    code = SUPPLIERS[adapter]
    feed = make_feed(f"{sandbox.url}/suppliers/{code}", adapter=adapter, code=code)
    run = take(feed)
    assert (run.state, run.rejected) == ("succeeded", 0), run.reason
    assert stored(feed) == truth(sandbox, code)
    return feed


@pytest.fixture
def by_ndjson(sandbox) -> Feed:
    """A feed of NDJSON snapshots whose stock was taken in and is right."""
    return taken_in(sandbox, "ndjson")


@pytest.fixture(params=["ndjson", "changes", "csv"])
def taken(request, sandbox) -> Feed:
    """The same for each adapter."""
    return taken_in(sandbox, request.param)


def stored(feed: Feed) -> dict[tuple[str, str, str], tuple[int | None, str, str]]:
    """Every offer of the feed's supplier as (branch, brand, number) to what counts in a decision."""
    offers = Offer.objects.filter(branch__supplier=feed.supplier, part__numbers__is_main=True)
    return {
        (branch, brand, number): (quantity, availability, grade)
        for branch, brand, number, quantity, availability, grade in offers.values_list(
            "branch__code", "part__brand__name", "part__numbers__raw", "quantity", "availability", "grade"
        )
    }


def truth(sandbox, code: str) -> dict[tuple[str, str, str], tuple[int | None, str, str]]:
    """What the supplier has, by its list without faults; by CSV it counts to ten, and then in thousands."""
    sandbox.client.delete("/faults")
    lines = sandbox.client.get(f"/suppliers/{code}/offers.ndjson").text.splitlines()
    said = {}
    for found in map(json.loads, lines):
        quantity = found["quantity"]
        if code == SUPPLIERS["csv"] and quantity is not None and 10 < quantity < 1_000:
            quantity = 10
        said[found["branch"], found["brand"], found["part_number"]] = (quantity, found["availability"], found["grade"])
    return said


def spoil(sandbox, feed: Feed, name: str, **options) -> None:
    """Put a fault up for everything this supplier serves."""
    sandbox.fault(f"suppliers/{feed.supplier.code}", name, **options)


@pytest.mark.parametrize(
    ("fault", "options", "reason"),
    [
        ("refuse", {}, "connection failed"),
        ("hang", {"seconds": 0.5}, "connection failed"),
        ("status_500", {}, "answered 500"),
        ("status_429", {}, "too many requests (429)"),
        ("status_403", {}, "over the rate limit (403)"),
        ("redirect_private", {"location": "http://localhost/"}, "not a public one"),
        ("invalid_tls", {}, "connection failed"),
        ("truncated_body", {}, "broke off"),
        ("gzip_bomb", {"bytes": 200 * 1024**2}, ""),
    ],
)
def test_a_supplier_in_trouble_fails_the_run_and_leaves_the_stock(sandbox, by_ndjson, fault, options, reason):
    taken = by_ndjson
    before = stored(taken)
    spoil(sandbox, taken, fault, **options)

    run = take(taken, LATER)

    assert run.state == "failed"
    assert reason in run.reason
    assert run.reason
    assert stored(taken) == before
    assert Supplier.objects.get(pk=taken.supplier_id).confirmed_at == NOW
    taken.refresh_from_db()
    assert (taken.failures, taken.last_attempt_at, taken.last_success_at) == (1, LATER, NOW)
    assert taken.next_attempt_at > LATER


@pytest.mark.parametrize("fault", ["refuse", "status_500", "status_403", "truncated_body"])
def test_trouble_between_pages_of_changes_leaves_the_stock_and_the_cursor(sandbox, fault):
    feed = taken_in(sandbox, "changes")
    before = stored(feed)
    feed.refresh_from_db()
    cursor = feed.cursor
    spoil(sandbox, feed, fault)

    assert take(feed, LATER).state == "failed"
    assert stored(feed) == before
    feed.refresh_from_db()
    assert feed.cursor == cursor


def test_a_wait_the_supplier_asks_for_is_kept(sandbox, by_ndjson):
    taken = by_ndjson
    spoil(sandbox, taken, "status_429", retry_after=1_200)

    take(taken, LATER)

    taken.refresh_from_db()
    assert taken.next_attempt_at >= LATER + timedelta(seconds=1_200)


def test_a_body_in_drops_is_given_up(sandbox, by_ndjson, monkeypatch):
    taken = by_ndjson
    monkeypatch.setattr(spool, "_SLOW_AFTER_S", 1)
    spoil(sandbox, taken, "slow_drip", every_s=0.3)
    before = stored(taken)

    run = take(taken, LATER)

    assert run.state == "failed"
    assert "too slowly" in run.reason
    assert stored(taken) == before


@pytest.mark.parametrize(
    ("fault", "options", "state"),
    [
        ("truncated_body", {"silent": True}, "failed"),
        ("wrong_digest", {}, "failed"),
        ("zero_rows", {}, "held"),
        ("zero_rows", {"empty_body": True}, "held"),
        ("fewer_rows", {}, "held"),
        ("old_snapshot", {}, "ignored"),
    ],
)
@pytest.mark.parametrize("adapter", ["ndjson", "csv"])
def test_a_snapshot_that_cannot_be_believed_leaves_the_stock(sandbox, adapter, fault, options, state):
    taken = taken_in(sandbox, adapter)
    Feed.objects.filter(pk=taken.pk).update(cursor="")
    before = stored(taken)
    spoil(sandbox, taken, fault, **options)

    run = take(taken, LATER)

    assert run.state == state, run.reason
    assert run.reason
    assert stored(taken) == before
    assert Supplier.objects.get(pk=taken.supplier_id).confirmed_at == NOW


@pytest.mark.parametrize("fault", ["duplicate_keys", "bad_rows", "huge_line"])
def test_rows_that_make_no_sense_are_refused_and_the_rest_is_right(sandbox, taken, fault):
    Feed.objects.filter(pk=taken.pk).update(cursor="")
    spoil(sandbox, taken, fault)

    run = take(taken, LATER)

    assert run.state in {"succeeded", "unchanged"}, run.reason
    assert stored(taken) == truth(sandbox, taken.supplier.code)
    if fault == "duplicate_keys":
        assert run.duplicates == 50
    else:
        assert run.rejected_rows.count() == run.rejected > 0


@pytest.mark.parametrize("fault", ["late_delta", "bad_rows", "huge_line", "duplicate_keys"])
def test_changes_with_faults_leave_what_is_right(sandbox, fault):
    code = SUPPLIERS["changes"]
    feed = make_feed(f"{sandbox.url}/suppliers/{code}", adapter="changes", code=code)
    take(feed)
    known = sorted(stored(feed))
    for branch, brand, number in known[:3]:
        sandbox.set_offer(code, part_number=number, brand=brand, branch=branch, quantity=7)
    spoil(sandbox, feed, fault)

    run = take(feed, LATER)

    assert (run.kind, run.state) == ("delta", "succeeded"), run.reason
    assert stored(feed) == truth(sandbox, code)


def test_a_lost_cursor_is_found_again_by_reading_in_full(sandbox):
    code = SUPPLIERS["changes"]
    feed = make_feed(f"{sandbox.url}/suppliers/{code}", adapter="changes", code=code)
    take(feed)
    branch, brand, number = min(stored(feed))
    sandbox.set_offer(code, part_number=number, brand=brand, branch=branch, quantity=7)
    spoil(sandbox, feed, "cursor_refused")

    run = take(feed, LATER)

    assert (run.kind, run.state) == ("snapshot", "succeeded"), run.reason
    assert stored(feed) == truth(sandbox, code)


def test_once_the_trouble_is_over_all_is_well(sandbox, taken):
    spoil(sandbox, taken, "status_500", times=1)
    take(taken, LATER)

    run = take(taken, LATER)

    assert run.state in {"succeeded", "unchanged"}
    taken.refresh_from_db()
    assert (taken.failures, taken.opened_at) == (0, None)
    assert stored(taken) == truth(sandbox, taken.supplier.code)


def test_stock_that_changes_arrives(sandbox, taken):
    code = taken.supplier.code
    branch, brand, number = sorted(stored(taken))[5]
    sandbox.set_offer(code, part_number=number, brand=brand, branch=branch, quantity=4)
    gone = sorted(stored(taken))[9]
    sandbox._post(
        f"/suppliers/{code}/offers", {"part_number": gone[2], "brand": gone[1], "branch": gone[0], "listed": False}
    )

    run = take(taken, LATER)

    assert run.state == "succeeded"
    assert stored(taken)[branch, brand, number][0] == 4
    assert gone not in stored(taken)
    assert stored(taken) == truth(sandbox, code)
