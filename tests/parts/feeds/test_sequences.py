"""Any order of snapshots and changes leaves what a simple model in memory holds."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from parts.feeds.adapters import ADAPTERS
from parts.feeds.adapters.base import Fetched
from parts.feeds.ingest import RefusedError, ingest
from parts.feeds.models import Feed, FeedRun
from parts.feeds.polling import _record, _refuse_old
from parts.feeds.spool import Spool
from tests.parts.feeds.conftest import NOW, make_feed, row, stock

KEYS = ("A", "B", "C", "D")

values = st.integers(0, 3)
snapshots = st.tuples(
    st.just("snapshot"), st.integers(1, 30), st.dictionaries(st.sampled_from(KEYS), values, min_size=1, max_size=4)
)
changes = st.tuples(
    st.just("changes"),
    st.integers(1, 30),
    st.lists(
        st.tuples(st.sampled_from(KEYS), st.none() | values), min_size=1, max_size=4, unique_by=lambda found: found[0]
    ),
)
messages = st.lists(snapshots | changes, min_size=1, max_size=12)


@dataclass
class Model:
    """Per offer the newest word and its sequence; a snapshot is a word on every offer."""

    snapshot: int = 0
    offers: dict[str, tuple[int, int | None]] = field(default_factory=dict)

    def apply(self, kind: str, sequence: int, said: Any) -> None:
        if kind == "snapshot":
            if sequence < self.snapshot:
                return
            for key in {*self.offers, *said}:
                if self.offers.get(key, (0, None))[0] <= sequence:
                    self.offers[key] = (sequence, said.get(key))
            self.snapshot = sequence
            return
        for key, value in said:
            if sequence > max(self.snapshot, self.offers.get(key, (0, None))[0]):
                self.offers[key] = (sequence, value)

    def stock(self) -> dict[str, int]:
        return {key: value for key, (_, value) in self.offers.items() if value is not None}


def deliver(feed: Feed, kind: str, sequence: int, said: Any) -> None:
    """One message as a run takes it in, without the network."""
    if kind == "snapshot":
        lines = [row(key, quantity=value, seq=sequence) for key, value in said.items()]
    else:
        lines = [
            row(key, quantity=value, seq=sequence) | ({"deleted": True} if value is None else {}) for key, value in said
        ]
    fetched = Fetched(is_snapshot=kind == "snapshot", sequence=sequence)
    run = FeedRun.objects.create(feed=feed, kind=kind, started_at=NOW)
    try:
        with transaction.atomic(), Spool(max_bytes=1_000_000) as spool:
            spool.append(json.dumps(line).encode() for line in lines)
            if fetched.is_snapshot:
                _refuse_old(feed, fetched)
            outcome = ingest(feed, ADAPTERS["ndjson"], spool, fetched, at=NOW)
            _record(feed, run, fetched, outcome, at=NOW)
    except RefusedError as refused:
        if refused.refusal.state != "ignored":
            raise


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sent=messages)
@example(sent=[("snapshot", 10, {"A": 3}), ("snapshot", 20, {"A": 3}), ("changes", 15, [("A", 0)])])
@example(sent=[("snapshot", 5, {"A": 3}), ("changes", 20, [("A", None)]), ("snapshot", 9, {"A": 3})])
@example(sent=[("changes", 7, [("A", None)]), ("changes", 3, [("A", 1)])])
@example(sent=[("snapshot", 5, {"A": 3}), ("changes", 9, [("A", 3)]), ("changes", 7, [("A", 1)])])
@example(sent=[("changes", 9, [("A", 3)]), ("snapshot", 5, {"B": 1}), ("snapshot", 10, {"B": 1})])
def test_any_order_of_snapshots_and_changes_leaves_what_the_model_holds(db, sent):
    Feed.objects.filter(supplier__code="acme").delete()
    with transaction.atomic():
        feed = make_feed("http://127.0.0.1:1/s")
        model = Model()
        for kind, sequence, said in sent:
            deliver(feed, kind, sequence, said)
            model.apply(kind, sequence, said)
            assert {key: quantity for (_, key), (quantity, _) in stock().items()} == model.stock()
        transaction.set_rollback(True)
