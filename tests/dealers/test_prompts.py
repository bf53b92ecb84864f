"""Works again? Who said that something does not work is asked, and nobody else."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template.loader import render_to_string

from dealers import reports
from dealers.models import System
from dealers.prompts import MOST, prompts_for
from tests.factories import dealer

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
pytestmark = pytest.mark.django_db


def say(by, about, *, works, at=AT, system="diagnostics"):
    reports.submit(dealer=about.code, system=system, works=works, by=by, at=at)


def asked(garage, *, at):
    return [(prompt.dealer, prompt.system) for prompt in prompts_for(garage, at=at)]


def test_who_said_down_is_asked_an_hour_later_and_a_stranger_is_not():
    here, stranger = dealer(), dealer()
    say(here, here, works=False)
    assert asked(here, at=AT + HOUR / 2) == []
    assert asked(here, at=AT + HOUR) == [(here, "diagnostics")]
    assert asked(stranger, at=AT + HOUR) == []


def test_after_works_again_nothing_is_asked_and_after_still_down_an_hour_later():
    here = dealer()
    say(here, here, works=False)
    say(here, here, works=False, at=AT + HOUR)
    assert asked(here, at=AT + HOUR * 1.5) == []
    assert asked(here, at=AT + HOUR * 2) == [(here, "diagnostics")]
    say(here, here, works=True, at=AT + HOUR * 2)
    assert asked(here, at=AT + HOUR * 9) == []


def test_own_systems_come_first_then_the_oldest_and_never_more_than_ten():
    here, others = dealer(), [dealer() for _ in range(12)]
    for minute, other in enumerate(others):
        say(here, other, works=False, at=AT + timedelta(minutes=minute))
    say(here, here, works=False, at=AT + timedelta(minutes=30))
    found = asked(here, at=AT + 3 * HOUR)
    assert len(found) == MOST
    assert [place for place, _ in found[:3]] == [here, others[0], others[1]]


def test_words_too_old_to_count_and_hidden_dealers_are_not_asked_about():
    here, hidden = dealer(), dealer()
    say(here, here, works=False)
    say(here, hidden, works=False)
    hidden.is_active = False
    hidden.save()
    assert asked(here, at=AT + HOUR) == [(here, "diagnostics")]
    assert asked(here, at=AT + timedelta(days=4)) == []


def test_the_number_of_queries_does_not_depend_on_how_much_was_said(django_assert_num_queries):
    here = dealer()
    for other in [here, *(dealer() for _ in range(5))]:
        for system in System.values:
            say(here, other, works=False, system=system)
    with django_assert_num_queries(2):
        assert len(prompts_for(here, at=AT + 2 * HOUR)) == MOST


def test_the_question_can_be_answered_by_one_button():
    here = dealer()
    say(here, here, works=False)
    shown = render_to_string(
        "dealers/_prompts.html", {"prompts": prompts_for(here, at=AT + HOUR), "garage": here, "at": AT}
    )
    assert f'action="/dealers/{here.slug}/report/"' in shown
    assert 'value="diagnostics:yes"' in shown
    assert 'value="diagnostics:no"' in shown
    assert "Not working" in shown
    assert render_to_string("dealers/_prompts.html", {"prompts": []}).strip() == ""


def test_an_answer_takes_effect_at_once():
    here = dealer()
    say(here, here, works=False)
    (prompt,) = prompts_for(here, at=AT + HOUR)
    assert prompt.state == "down"
    receipt = reports.submit(dealer=here.code, system=prompt.system, works=True, by=here, at=AT + HOUR)
    assert receipt.status.state == "operational"
