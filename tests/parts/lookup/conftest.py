"""The small world that look-up tests share."""

import pytest

from tests.parts.lookup.world import World


@pytest.fixture
def world(db):
    return World()
