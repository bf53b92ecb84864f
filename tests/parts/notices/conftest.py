"""A car that waits for a part, and who wants to hear of it."""

import pytest
from django.core.cache import cache
from django.db import transaction

from parts.notices import telling
from parts.notices.models import Alert
from parts.vehicles.models import Vehicle
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


def confirmed(at, email="ada@example.com", told="blocked", **fields):
    """An owner who confirmed, of the world's first car unless a `vehicle` is given."""
    values = {"vehicle": Vehicle.objects.filter(registration="AA91AAA").first(), "created_at": at, "confirmed_at": at}
    return Alert.objects.create(email=email, told=told, **(values | fields))


@pytest.fixture
def die_telling(monkeypatch, at):
    """Tells until one step of the teller is done, or for `_rows` until watches are marked; then the worker has to go."""

    def die(step):
        real = getattr(telling, step)

        def dies(*args, **kwargs):
            answer = real(*args, **kwargs)
            if step != "_rows" or "UPDATE parts_watch" in args[0]:
                raise SystemExit  # after the work and before the commit
            return answer

        with monkeypatch.context() as patch:
            patch.setattr(telling, step, dies)
            with pytest.raises(SystemExit), transaction.atomic():
                telling.tell(at=at)

    return die


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
