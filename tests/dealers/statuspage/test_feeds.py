"""Feeds, calendar and badges, read by parsers that others wrote."""

from datetime import timedelta
from xml.etree import ElementTree as ET

import feedparser
import icalendar
import pytest

from dealers import incidents, maintenance
from tests.dealers.statuspage.told import AT, incident, planned, tell
from tests.factories import dealer, make

pytestmark = pytest.mark.django_db
FEEDS = ["/history.atom", "/history.rss"]
SVG = "{http://www.w3.org/2000/svg}"


def parse(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    feed = feedparser.parse(answer.content, response_headers={"content-type": answer["Content-Type"]})
    assert not feed.bozo, feed.get("bozo_exception")
    return feed


def events(client):
    answer = client.get("/calendar.ics")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    return icalendar.Calendar.from_ical(answer.content).walk("VEVENT")


@pytest.mark.parametrize("address", FEEDS)
def test_each_update_is_one_entry_newest_first(client, address):
    told = incident("Ordering & more <down>")
    incidents.update(told, stage="identified", body="Found.\nIt is <b>this</b>.", at=AT + timedelta(hours=1))
    feed = parse(client, address)
    assert [entry.title for entry in feed.entries] == [
        "Ordering & more <down>: Identified",
        "Ordering & more <down>: Investigating",
    ]
    assert "Found." in feed.entries[0].summary
    assert feed.entries[0].link.startswith(f"http://127.0.0.1:8000{told.get_absolute_url()}#update-")
    assert feed.entries[0].published_parsed[:5] == (2026, 11, 20, 10, 0)
    assert len({entry.id for entry in feed.entries}) == 2


@pytest.mark.parametrize("address", FEEDS)
def test_an_entrys_id_stays_when_more_is_said(client, address):
    told = incident()
    before = parse(client, address).entries[0].id
    incidents.resolve(told, body="Over.", at=AT + timedelta(hours=1))
    assert [entry.id for entry in parse(client, address).entries][1] == before


@pytest.mark.parametrize("address", FEEDS)
def test_drafts_are_in_no_feed_and_there_are_at_most_fifty_entries(client, address):
    incident("Draft", is_published=False)
    assert parse(client, address).entries == []
    told = incident()
    for number in range(60):
        incidents.update(told, stage="identified", body=str(number), at=AT + timedelta(minutes=number))
    entries = parse(client, address).entries
    assert len(entries) == 50
    assert entries[0].summary == "59"


@pytest.mark.parametrize("address", [*FEEDS, "/calendar.ics"])
def test_feeds_are_cheap_to_ask_again(client, address, django_assert_num_queries):
    incident()
    first = client.get(address)
    assert first["Cache-Control"] == "public, max-age=60"
    with django_assert_num_queries(1):
        assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_planned_work_is_in_the_calendar(client):
    title = (
        "Diagnostics, and more; a title that is so long that its line in the calendar has to be folded – with dashes"
    )
    planned(title, make=make(), systems=["diagnostics"], regions=[4], incident=incident())
    (event,) = events(client)
    assert str(event["SUMMARY"]) == title
    assert event.start == AT + timedelta(days=1)
    assert event.end == AT + timedelta(days=1, hours=2)
    assert str(event["STATUS"]) == "CONFIRMED"
    assert "Diagnostics at dealers of Land Rover" in str(event["DESCRIPTION"])
    assert str(event["LOCATION"]) == "East Midlands"
    assert event["SEQUENCE"] == 0


def test_a_wave_is_marked_in_the_calendar_and_leads_to_its_incident(client, django_assert_max_num_queries):
    outage = incident("Outage")
    for number in range(3):
        planned(f"Wave {number}", incident=outage, regions=[number])
    planned("Other")
    with django_assert_max_num_queries(4):
        found = {str(event["SUMMARY"]): event for event in events(client)}
    assert found["Wave 1"]["URL"].split("#")[0].endswith(f"/incidents/{outage.slug}/")
    assert found["Wave 1"]["CATEGORIES"].to_ical() == b"Restoration"
    assert found["Other"]["CATEGORIES"].to_ical() == b"Maintenance"


@pytest.mark.parametrize("address", FEEDS)
def test_a_post_mortem_is_an_entry_of_its_own(client, address):
    over = incident("Outage")
    incidents.resolve(over, body="Over.", at=AT)
    incidents.update(over, stage="postmortem", body="Why it was.", at=AT + timedelta(days=1))
    entry = parse(client, address).entries[0]
    assert entry.title == "Outage: Post-mortem"
    assert entry.summary == "Why it was."


def test_lines_of_the_calendar_are_never_longer_than_75_octets(client):
    planned("–" * 150, regions=[11, 10, 9, 8, 7, 6, 5, 4])
    assert max(len(line) for line in client.get("/calendar.ics").content.split(b"\r\n")) <= 75
    assert str(events(client)[0]["SUMMARY"]) == "–" * 150


def test_a_change_keeps_the_events_id_and_raises_its_sequence(client):
    work = planned()
    before = events(client)[0]
    assert before["UID"].split("@")[0] == str(work.public_id), "as webhooks have it"
    maintenance.move(
        work, scheduled_for=AT, scheduled_until=AT + timedelta(hours=1), body="Earlier.", at=AT - timedelta(hours=1)
    )
    moved = events(client)[0]
    assert moved["UID"] == before["UID"]
    assert moved["SEQUENCE"] == 1
    assert moved.start == AT
    maintenance.cancel([work], at=AT)
    called_off = events(client)[0]
    assert (called_off["UID"], called_off["SEQUENCE"], str(called_off["STATUS"])) == (before["UID"], 2, "CANCELLED")


def test_drafts_and_what_is_long_over_are_not_in_the_calendar(client):
    planned("Old", scheduled_for=AT - timedelta(days=400), scheduled_until=AT - timedelta(days=399))
    draft = planned("Draft")
    draft.is_published = False
    draft.save()
    assert events(client) == []


def test_work_done_early_ends_early_in_the_calendar(client):
    work = planned()
    maintenance.update(work, stage="completed", body="Done.", at=AT + timedelta(days=1, hours=1))
    assert events(client)[0].end == AT + timedelta(days=1, hours=1)


@pytest.mark.parametrize(
    ("state", "shape", "word"),
    [
        ("operational", "●", "working"),
        ("degraded", "◐", "partly working"),
        ("down", "✕", "not working"),
        ("unknown", "?", "not known"),
    ],
)
def test_a_badge_says_the_state_by_shape_and_word(client, state, shape, word):
    tell(dealer(slug="here", name="Smith & <Sons>"), state)
    answer = client.get("/badge/here/diagnostics.svg")
    assert answer["Content-Type"].startswith("image/svg+xml")
    picture = ET.fromstring(answer.content)
    assert picture.get("role") == "img"
    assert picture.find(f"{SVG}title").text == f"Diagnostics at Smith & <Sons>: {word}"
    assert f"{shape} {word}" in [text.text for text in picture.iter(f"{SVG}text")]


def test_shields_gets_its_own_schema(client):
    tell(dealer(slug="here"), "down")
    badge = client.get("/badge/here/diagnostics.json").json()
    allowed = {"schemaVersion", "label", "message", "color", "labelColor", "isError", "namedLogo", "logoSvg"}
    assert set(badge) <= allowed | {"logoColor", "style", "cacheSeconds"}
    assert (badge["schemaVersion"], badge["label"], badge["message"]) == (1, "Diagnostics", "✕ not working")


def test_what_was_never_spoken_of_is_not_known_on_a_badge(client):
    dealer(slug="here")
    assert client.get("/badge/here/warranty.json").json()["message"] == "? not known"


@pytest.mark.parametrize("address", ["/badge/nowhere/warranty.svg", "/badge/here/nothing.json"])
def test_a_badge_of_nothing_is_404(client, address):
    dealer(slug="here")
    assert client.get(address).status_code == 404
