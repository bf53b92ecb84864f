"""What holds for every test of these pages."""

import pytest
from django.core.cache import cache

from dealers.statuspage import answers


@pytest.fixture(autouse=True)
def _each_asks_for_itself(monkeypatch):
    """Two seconds are long in a test: what was seen for one request is not used for the next."""
    monkeypatch.setattr(answers, "SHARED_S", 0)
    cache.delete("statuspage:version")
