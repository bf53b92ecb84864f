"""The small pieces of pages: ages, names, plates, states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.template import Context, Template

from garagehub.web.templatetags import components
from parts.catalogue.models import Grade

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=12, hours=5), "12 days ago"),
        (timedelta(days=60), "2 months ago"),
        (timedelta(days=364), "12 months ago"),
        (timedelta(days=365), "1 year ago"),
        (timedelta(seconds=-30), "just now"),
    ],
)
def test_an_age_is_said_in_words_and_one_unit(ago, words):
    with time_machine.travel(NOW, tick=False):
        assert f">{words}</time>" in components.age(NOW - ago)


def test_the_exact_uk_time_stands_behind_an_age():
    with time_machine.travel(NOW, tick=False):
        shown = components.age(datetime(2026, 7, 1, 11, 30, tzinfo=UTC))

    assert 'datetime="2026-07-01T12:30:00+01:00"' in shown
    assert 'title="1 July 2026, 12:30"' in shown


def test_what_never_happened_has_no_age():
    assert components.age(None) == "never"


def test_a_full_stop_can_follow_a_piece():
    page = Template("{% load components %}{% system_state 'down' %}, {% age at %}.").render(Context({"at": None}))

    assert page.endswith("Not working</span>, never.")


@pytest.mark.parametrize("tag", [components.system_state, components.repair_state, components.availability])
def test_a_state_we_do_not_know_is_shown_as_unknown_not_as_fine(tag):
    assert 'class="state state--unknown"' in tag("")
    assert tag("surprise") == tag("unknown")


def test_no_two_states_share_a_shape_but_by_meaning():
    shapes = {state: shape for state, (shape, _word) in components._SYSTEM.items()}

    assert len(set(shapes.values())) == len(shapes)
    assert shapes == {state: shape for state, (shape, _word) in components._SYSTEM_SHORT.items()}


@pytest.mark.parametrize(
    ("capitals", "written"),
    [
        ("RANGE ROVER EVOQUE", "Range Rover Evoque"),
        ("F-PACE", "F-PACE"),
        ("XF", "XF"),
        ("DEFENDER 110", "Defender 110"),
        ("BMW", "BMW"),
        ("", ""),
    ],
)
def test_names_of_cars_are_written_as_people_do(capitals, written):
    assert components.car_name(capitals) == written


@pytest.mark.parametrize(("stored", "shown"), [("AA19AAA", "AA19 AAA"), ("L2WPS", "L2WPS"), ("", "")])
def test_a_plate_of_the_present_style_has_its_gap(stored, shown):
    assert components.plate(stored) == shown


@pytest.mark.parametrize("value", ["2026-12-02", datetime(2026, 12, 2, tzinfo=UTC).date()])
def test_a_day_is_written_out_whether_it_comes_as_date_or_text(value):
    assert components.day(value) == "2 Dec 2026"
    assert components.day(None) == ""


def test_every_grade_has_its_word_and_none_is_nothing():
    assert set(components._GRADE) == set(Grade.values)
    assert components.grade("oe") == "by the original maker"
    assert components.grade("") == ""
