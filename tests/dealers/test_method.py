"""The page that explains the formula says the numbers in force."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from dealers import crowd, peers, shares, status, swings
from dealers.method import numbers

pytestmark = pytest.mark.django_db


class Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.words = []

    def handle_data(self, data):
        self.words.append(data)


def page(client):
    text = Text()
    text.feed(client.get("/how-we-decide/").content.decode())
    return re.sub(r"\s+", " ", " ".join(text.words))


def test_the_page_says_of_every_source_how_often_it_is_right_and_how_fast_it_fades(client):
    said = page(client)
    for row, voice in zip(numbers()["voices"], status.VOICES.values(), strict=True):
        hours = f"{voice.half_life_s / 3600:g}"
        assert f"{voice.label} {100 * voice.trust:.1f}% {row.points}" in said
        assert f"{row.points} {hours} h" in said


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        ((status, "ENTER"), 0.87, "“not working” from 87% on"),
        ((status, "LEAVE"), 0.44, "until it falls below 44%"),
        ((status, "MIN_SUPPORT"), 0.33, "less than 0.33 of one fresh claim"),
        ((status, "PUBLIC_CAP"), 2.5, "at most 10.9 points"),
        ((status, "TRUST_CEILING"), 0.93, "and 93%"),
        ((status, "BESIDES_TROUBLE"), 6, "7 of different companies"),
        ((status, "ALL_CLEAR_LEAVES"), 0.21, "21% is left"),
        ((peers, "POOL_QUORUM"), 9, "once 9 of them"),
        ((peers, "POOL_CEILING"), 0.61, "and 61%"),
        ((swings, "UNSTABLE_FROM"), 8, "turned back 8 times"),
        ((shares, "SHARE_DOWN"), 0.57, "when 57% of the dealers"),
        ((crowd, "MOST_BY_ADDRESS"), 17, "17 public reports an hour"),
    ],
)
def test_a_number_that_is_changed_in_the_code_changes_on_the_page(client, monkeypatch, where, value, words):
    assert words not in page(client)
    monkeypatch.setattr(*where, value)
    assert words in page(client)


def test_a_half_life_that_is_changed_changes_on_the_page(client, monkeypatch):
    probe = replace(status.VOICES[status.PROBE], half_life_s=17 * 3600.0)
    monkeypatch.setattr(status, "VOICES", {**status.VOICES, status.PROBE: probe})
    assert "17 h" in page(client)
