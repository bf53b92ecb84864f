"""What drills work on: one car, its part, and a supplier whose answers a drill can hold back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from parts import pipeline
from parts.blocking.models import RepairStatus
from parts.feeds.models import Feed
from tests.drills.processes import Drill, new_drill, wait_for
from tests.parts.blocking.builders import Town, town
from tests.parts.feeds.conftest import SupplierServer, row, rows, server, stock

__all__ = ["server"]


class Shop:
    """The car's one supplier, and its feed."""

    def __init__(self, server: SupplierServer) -> None:
        self.here: Town = town()
        self.server = server
        self.feed = Feed.objects.create(
            supplier=self.here.supplier,
            adapter="ndjson",
            url=f"{server.url}/s",
            is_internal=True,
            requests_per_minute=30_000,
        )
        self._sequence = 0
        self.offer(quantity=3)
        assert pipeline.poll_feed("central", at=timezone.now()).state == "succeeded"
        assert self.car() == "repairable"

    def offer(self, *, quantity: int) -> None:
        """From now on the supplier says it has so many of the car's part, and of 2,000 others."""
        self._sequence += 1
        spring = row("LR012345", branch="b1", quantity=quantity)
        others = rows(2_000, branch="b1", quantity=quantity)
        self.server.snapshot(spring, *others, sequence=self._sequence)

    def hold_back(self) -> threading.Event:
        """Keep whoever asks waiting for an answer until the event is set."""
        answer, let_go = self.server.answers["/s/offers.ndjson"], threading.Event()

        def wait(handler: Any) -> Any:
            let_go.wait(60)
            return answer(handler)

        self.server.answers["/s/offers.ndjson"] = wait
        return let_go

    def wait_until_asked(self, times: int) -> None:
        """Return once the supplier was asked so often in all."""
        wait_for(lambda: len(self.server.asked) >= times, "the supplier is asked")

    def quantities(self) -> set[int | None]:
        """How many we hold of each part: one number, as the supplier always has the same of all."""
        held = stock("central")
        assert len(held) == 2_001
        return {quantity for quantity, _ in held.values()}

    def car(self) -> str:
        """What we say of the car."""
        found = RepairStatus.objects.filter(vehicle=self.here.vehicle).first()
        return found.status if found else "repairable"


@pytest.fixture
def shop(server: SupplierServer, transactional_db: None) -> Shop:
    return Shop(server)


@pytest.fixture
def drill(transactional_db: None) -> Iterator[Drill]:
    with new_drill() as running:
        yield running
