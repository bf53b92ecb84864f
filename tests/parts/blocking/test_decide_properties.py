from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from parts.blocking import decide as engine
from parts.blocking.decide import decide, drain
from parts.blocking.verify import verify
from tests.parts.blocking.worlds import RandomWorld, check_against_rules

pytestmark = pytest.mark.django_db

# No shrinking: a world takes tens of milliseconds, and its events are noted.
SETTINGS = settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@SETTINGS
@given(rng=st.randoms(use_true_random=False))
def test_a_full_decision_is_what_the_rules_say(rng):
    with transaction.atomic():
        world = RandomWorld(rng)
        decide(at=world.at, full=True)
        check_against_rules()
        transaction.set_rollback(True)


@SETTINGS
@given(rng=st.randoms(use_true_random=False), events=st.integers(1, 12))
def test_after_any_events_the_drains_have_decided_what_the_rules_say(rng, events):
    with transaction.atomic():
        world = RandomWorld(rng)
        decide(at=world.at, full=True)
        for _ in range(events):
            note(world.happen())
            if rng.random() < 0.5:
                drain(at=world.at)
        drain(at=world.at)
        found = verify(at=world.at)
        assert found["differences"] == 0, found
        check_against_rules()
        transaction.set_rollback(True)


@SETTINGS
@given(rng=st.randoms(use_true_random=False), events=st.integers(1, 12))
def test_layers_taken_whole_for_many_keys_decide_the_same(rng, events):
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "WHOLE_ABOVE", dict.fromkeys(engine.WHOLE_ABOVE, 0))
        world = RandomWorld(rng)
        decide(at=world.at, full=True)
        for _ in range(events):
            note(world.happen())
        drain(at=world.at)
        found = verify(at=world.at)
        assert found["differences"] == 0, found
        check_against_rules()
        transaction.set_rollback(True)


@SETTINGS
@given(rng=st.randoms(use_true_random=False), minutes=st.integers(0, 200))
def test_time_alone_is_followed_without_marks(rng, minutes):
    with transaction.atomic():
        world = RandomWorld(rng)
        world.say_a_word()
        decide(at=world.at, full=True)
        drain(at=world.at + timedelta(minutes=minutes))
        check_against_rules()
        transaction.set_rollback(True)
