"""A car that waits for a part, and who wants to hear of it."""

import pytest
from django.core.cache import cache

from tests.factories import dealer
from tests.parts.lookup.world import NOW, SPRING, World


class WatchedWorld(World):
    """Its only part lies on one shelf, or on none."""

    def __init__(self) -> None:
        super().__init__()
        self.vehicle("AA91AAA", SPRING)
        self.shelf = self.offer(quantity=0, availability="out_of_stock")
        self.decide()

    def stock(self, quantity: int) -> None:
        """Put so many on the shelf, and decide."""
        self.shelf.quantity, self.shelf.availability = quantity, "in_stock" if quantity else "out_of_stock"
        self.shelf.save()
        self.decide()


@pytest.fixture
def world(db):
    cache.clear()
    return WatchedWorld()


@pytest.fixture
def garage(world):
    """An independent garage in the East Midlands."""
    return dealer(region=4, name="Corner Garage")


@pytest.fixture
def at():
    return NOW
