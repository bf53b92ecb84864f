"""The SQL held against the specification on two thousand small random worlds, fifty to a decision."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from parts.blocking.decide import decide
from parts.blocking.verify import verify
from tests.parts.blocking.side_by_side import AT, SideBySide, Stored

pytestmark = pytest.mark.django_db

AT_ONCE = 50
DECISIONS = 40


@settings(
    max_examples=DECISIONS,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_two_thousand_worlds_are_decided_as_the_rules_say(seed):
    with transaction.atomic():
        worlds = SideBySide(Random(seed), number=AT_ONCE)
        worlds.write()

        decide(at=AT, full=True)

        stored = Stored()
        wrong = [line for facts, expected in worlds.decided() for line in stored.differences(facts, expected)]
        assert not wrong, wrong[:5]
        assert verify(at=AT)["differences"] == 0
        transaction.set_rollback(True)


def test_the_worlds_hold_what_they_are_meant_to_try():
    met: Counter[str] = Counter()
    worlds = SideBySide(Random(1), number=4 * AT_ONCE)
    met["refused circle or the like"] = worlds.write()
    for facts, expected in worlds.decided():
        met.update(status.verdict for status in expected.statuses.values())
        met.update(str(reason.name) for status in expected.statuses.values() for reason in status.reasons)
        met["split by chassis"] += len(expected.splits)
        met["VIN known"] += sum(need.split > 0 for need in expected.needs.values())
        met["VIN not known"] += sum(n.repair in expected.splits and not n.split for n in expected.needs.values())
        met["of some years"] += sum(bool(repair.year_from or repair.year_to) for repair in facts.repairs.values())
        met["set"] += sum(option.bundle is not None for option in facts.options)

    assert not [name for name, number in met.items() if number < 2], met
    assert len(met) == 18
