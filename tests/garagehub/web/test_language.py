"""Pages speak their reader's language; machines are told English whatever they ask for, and no cache mixes the two."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client, RequestFactory
from django.urls import get_resolver
from django.utils import translation

from garagehub.accounts.letters import send_letter
from garagehub.outbox.models import Message
from garagehub.web import views
from garagehub.web.language import speaks_to_people
from garagehub.web.templatetags.components import age, day
from garagehub.web.templatetags.money import pounds
from parts.lookup import wording
from tests.factories import dealer
from tests.garagehub.web.test_access_table import ALL
from tests.parts.lookup.world import NOW, SPRING, World

WELSH = {"Accept-Language": "cy"}
WAITING = "Your car is waiting for one part that nobody has today."
YN_AROS = "Mae eich car yn aros am un rhan nad yw ar gael gan neb heddiw."


@pytest.fixture
def welsh(client: Client) -> Client:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "cy"
    return client


@pytest.mark.django_db
def test_a_page_speaks_the_language_that_the_browser_asks_for(client: Client):
    page = client.get("/vehicle/", headers=WELSH)

    assert '<html lang="cy">' in page.content.decode()
    assert "A ellir atgyweirio eich car ar gyfer ei MOT?" in page.content.decode()
    assert 'lang="en-gb">English</button>' in page.content.decode()
    assert page["Content-Language"] == "cy"
    assert {"Accept-Language", "Cookie"} <= set(page["Vary"].split(", "))


@pytest.mark.django_db
@pytest.mark.parametrize("asked", ["", "fr", "en-US,en;q=0.9", "cy;q=0.1, en;q=0.9"])
def test_whoever_does_not_prefer_welsh_reads_english(client: Client, asked):
    page = client.get("/vehicle/", headers={"Accept-Language": asked})

    assert '<html lang="en-gb">' in page.content.decode()
    assert page["Content-Language"] == "en-gb"


@pytest.mark.django_db
def test_what_was_chosen_counts_more_than_what_the_browser_asks_for(client: Client):
    client.post("/language/", {"language": "en-gb", "next": "/"}, headers=WELSH)

    assert '<html lang="en-gb">' in client.get("/vehicle/", headers=WELSH).content.decode()


def test_the_choice_is_kept_for_a_year_and_read_by_nobody_else(client: Client):
    answer = client.post("/language/", {"language": "cy", "next": "/vehicle/?a=1"})
    kept = answer.cookies[settings.LANGUAGE_COOKIE_NAME]

    assert (answer.status_code, answer["Location"]) == (302, "/vehicle/?a=1")
    assert (kept.value, kept["max-age"], kept["httponly"], kept["samesite"]) == ("cy", 31_536_000, True, "Lax")


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
@pytest.mark.parametrize("again", [{}, {"again": ""}])
def test_nobody_is_led_elsewhere(client: Client, address, again):
    assert client.post("/language/", {"language": "cy", "next": address, **again})["Location"] == "/"


@pytest.mark.django_db
def test_only_a_post_chooses_and_only_what_we_speak(client: Client):
    assert client.get("/language/?language=cy").status_code == 405
    client.post("/language/", {"language": "fr", "next": "/"})
    assert client.get("/privacy/")["Content-Language"] == "en-gb"


@pytest.mark.django_db
def test_an_answer_is_read_in_the_other_language_without_asking_again(client: Client):
    world = World()
    world.vehicle("AA91AAA", SPRING)
    world.decide()
    asked = {"registration": "AA91AAA", "postcode": ""}
    with time_machine.travel(NOW, tick=False):
        page = client.post("/vehicle/", asked)
        assert WAITING in page.content.decode()
        assert '<input type="hidden" name="again">' in page.content.decode()
        again = client.post("/language/", {"language": "cy", "next": "/vehicle/", "again": "", **asked}, follow=True)

    assert again.redirect_chain == [("/vehicle/", 307)]
    assert YN_AROS in again.content.decode()


@pytest.mark.django_db
def test_the_answer_to_a_machine_is_english_whatever_it_asks_for(welsh: Client):
    world = World()
    world.vehicle("AA91AAA", SPRING)
    world.decide()
    with time_machine.travel(NOW, tick=False):
        page = welsh.post("/vehicle/", {"registration": "AA91AAA"}).content.decode()
        call = welsh.post(
            "/api/v1/vehicles/lookup", {"registration": "AA91AAA"}, content_type="application/json", headers=WELSH
        )

    assert YN_AROS in page
    assert "dim stoc gan" in page or "heb ei rhestru gan" in page
    assert call.json()["headline"] == WAITING
    assert "source" in call.json()["repairs"][0]["reasons"][0]["detail"]
    assert call["Content-Language"] == "en-gb"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/status",
        "/api/v1/dealers",
        "/api/v1/nothing-here",
        "/api/v2/summary.json",
        "/systems/diagnostics/api/v2/components.json",
        "/dealers/leicester/api/v2/summary.json",
        "/badge/leicester/diagnostics.svg",
        "/badge/leicester/diagnostics.json",
        "/history.atom",
        "/history.rss",
        "/calendar.ics",
        "/.well-known/security.txt",
        "/admin/login/",
    ],
)
def test_what_machines_and_admins_read_is_the_same_for_all(client: Client, path):
    dealer("JAGUAR", slug="leicester", name="Leicester")
    with time_machine.travel(NOW, tick=False):
        english = client.get(path)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "cy"
        other = client.get(path, headers=WELSH)

    assert other.content == english.content
    assert other["Content-Language"] == "en-gb"
    assert "Accept-Language" not in other.get("Vary", "")


def test_every_address_is_either_for_people_or_for_machines():
    machines = {route.split("/")[0] for route in ALL if not speaks_to_people(f"/{route}")}
    below = {route for route in ALL if "/api/v2/" in route and speaks_to_people(f"/{route}")}

    assert below == set()
    assert machines - {"dealers", "systems"} == {
        *("api", "admin", "badge", "board", "metrics", ".well-known"),
        *("history.atom", "history.rss", "calendar.ics"),
    }
    assert get_resolver().resolve("/dealers/").url_name == "dealers"
    assert speaks_to_people("/dealers/")


@pytest.mark.django_db
def test_the_shared_board_has_an_address_for_each_language(welsh: Client):
    dealer("JAGUAR")
    english, cymraeg = welsh.get("/board/", headers=WELSH), welsh.get("/board/cy/", headers={"Accept-Language": "en"})

    assert "What works at dealers" in english.content.decode()
    assert "Beth sy’n gweithio gan y delwyr" in cymraeg.content.decode()
    assert (english["Content-Language"], cymraeg["Content-Language"]) == ("en-gb", "cy")
    assert english["ETag"] != cymraeg["ETag"]
    assert not {"Accept-Language", "Cookie"} & {*english["Vary"].split(", "), *cymraeg["Vary"].split(", ")}
    assert welsh.get("/board/", headers={"If-None-Match": cymraeg["ETag"]}).status_code == 200
    assert welsh.get("/board/cy/", headers={"If-None-Match": cymraeg["ETag"]}).status_code == 304
    assert 'hx-get="/board/cy/"' in welsh.get("/").content.decode()
    assert welsh.get("/board/fr/").status_code == 404


@pytest.mark.django_db
def test_a_letter_to_a_subscriber_is_in_their_language_throughout(welsh: Client):
    welsh.post("/subscriptions/", {"email": "owner@example.org", "about": "system:diagnostics"})

    letter = Message.objects.get()
    assert letter.subject == "Cadarnhewch eich bod am glywed gan GarageHub"
    assert "Diagnosteg" in letter.text


@pytest.mark.django_db
def test_a_letter_about_an_account_is_english_throughout_whoever_causes_it():
    with translation.override("cy"):
        send_letter("password_changed", to="owner@example.org", at=NOW)

    letter = Message.objects.get()
    assert letter.subject == "Your GarageHub password was changed"
    assert "22 November 2026" in letter.text


@pytest.mark.django_db
def test_what_is_not_there_and_what_breaks_is_said_in_the_readers_language(welsh: Client):
    missing = welsh.get("/nothing-here/")
    assert (missing.status_code, missing["Content-Language"]) == (404, "cy")
    assert "Nid oes tudalen yma" in missing.content.decode()
    with translation.override("cy"):
        broken = views.server_error(RequestFactory().get("/")).content.decode()
    assert '<html lang="cy">' in broken
    assert "aeth rhywbeth o’i le" in broken


@pytest.mark.django_db
def test_what_is_not_translated_yet_is_said_in_english(welsh: Client):
    page = welsh.get("/how-we-decide/")

    assert page.status_code == 200
    assert "From a failed test to a repair" in page.content.decode()
    assert '<html lang="cy">' in page.content.decode()


@pytest.mark.parametrize(
    ("minutes", "said"), [(1, "1 munud yn ôl"), (2, "2 funud yn ôl"), (3, "3 munud yn ôl"), (8, "8 munud yn ôl")]
)
def test_ages_follow_the_mutations_of_welsh(minutes, said):
    with translation.override("cy"), time_machine.travel(NOW, tick=False):
        assert said in age(NOW - timedelta(minutes=minutes))


def test_dates_and_money_are_written_as_welsh_writes_them():
    with translation.override("cy"):
        assert "22 Tachwedd 2026" in age(datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
        assert day(date(2026, 12, 2)) == "2 Rhag 2026"
        assert pounds(123_450) == "£1,234.50"


def test_parts_are_counted_in_figures_where_the_word_would_change_with_what_is_counted():
    def said(missing: int) -> str:
        reasons = ["part_unavailable"]
        return wording.headline("blocked", reasons=reasons, missing=missing, repairs=1, place="Cymru")

    with translation.override("cy"):
        assert [said(number) for number in (0, 1)] == [YN_AROS, YN_AROS]
        assert "am 2 ran nad ydynt" in said(2)
        assert "am 3 rhan nad ydynt" in said(3)
