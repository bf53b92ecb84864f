"""The Statuspage documents: exact shapes, honest states, the right components, and a fixed number of queries."""

from datetime import timedelta

import pytest

from dealers import incidents, maintenance
from dealers.models import System
from dealers.statuspage import components
from tests.dealers.statuspage.shapes import DOCUMENTS, check
from tests.dealers.statuspage.told import AT, incident, planned, tell
from tests.factories import dealer, make

pytestmark = pytest.mark.django_db


def read(client, name="summary", at=""):
    answer = client.get(f"{at}/api/v2/{name}.json")
    assert answer.status_code == 200
    return answer.json()


def named(body):
    return {component["name"]: component for component in body["components"]}


@pytest.fixture
def outage():
    """Two dealers, one down; an incident going on, one over; work going on and to come; a draft of each."""
    here, there = dealer("JAGUAR", slug="here", name="Here"), dealer("LAND ROVER", slug="there", name="There")
    tell(here, "down")
    tell(there, "operational")
    incidents.update(incident(systems=["diagnostics"]), stage="monitoring", body="Better.", at=AT + timedelta(hours=1))
    over = incident("Over")
    incidents.resolve(over, body="Over.", at=AT)
    incidents.update(over, stage="postmortem", body="Why it was.", at=AT + timedelta(days=1))
    maintenance.update(planned("Going on", make=make("JAGUAR")), stage="in_progress", body="Begun.", at=AT)
    planned("To come")
    incident("Draft", is_published=False)
    maintenance.cancel([planned("Called off")], at=AT)


@pytest.mark.parametrize("at", ["", "/dealers/here", "/dealers/there", "/systems/diagnostics", "/systems/warranty"])
@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.usefixtures("outage")
def test_every_document_has_exactly_the_formats_members(client, name, at):
    check(name, read(client, name, at))


@pytest.mark.parametrize("at", ["", "/systems/diagnostics"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_empty_site_still_answers_in_the_format(client, name, at):
    check(name, read(client, name, at))


@pytest.mark.usefixtures("outage")
def test_each_list_holds_what_its_name_says(client):
    def names(of, key):
        return {row["name"] for row in read(client, of)[key]}

    assert names("incidents", "incidents") == {"Diagnostics are down", "Over"}
    assert names("incidents/unresolved", "incidents") == names("summary", "incidents") == {"Diagnostics are down"}
    assert names("scheduled-maintenances", "scheduled_maintenances") == {"Going on", "To come"}
    assert names("scheduled-maintenances/upcoming", "scheduled_maintenances") == {"To come"}
    assert names("scheduled-maintenances/active", "scheduled_maintenances") == {"Going on"}
    assert names("summary", "scheduled_maintenances") == {"Going on", "To come"}


@pytest.mark.usefixtures("outage")
def test_an_incidents_times_are_its_updates_times(client):
    shown = read(client)["incidents"][0]
    assert (shown["started_at"], shown["monitoring_at"]) == ("2026-11-20T09:00:00.000Z", "2026-11-20T10:00:00.000Z")
    assert [update["status"] for update in shown["incident_updates"]] == ["monitoring", "investigating"]


def test_the_services_page_has_each_makes_systems_in_a_group(client):
    dealer("LAND ROVER", "JAGUAR")
    shown = read(client, "components")["components"]
    assert [row["name"] for row in shown if row["group"]] == ["Jaguar", "Land Rover"]
    assert len(shown) == 2 + 2 * len(System)
    assert "Jaguar – Parts ordering" in named({"components": shown})


@pytest.mark.parametrize(
    ("states", "word"),
    [
        (["operational"] * 10, "operational"),
        (["operational"] * 9 + ["degraded"], "degraded_performance"),
        (["operational"] * 9 + ["down"], "partial_outage"),
        (["operational"] * 5 + ["down"] * 5, "major_outage"),
    ],
)
def test_a_makes_system_is_called_by_the_published_shares(client, states, word):
    for state in states:
        tell(dealer(), state)
    assert named(read(client))["Land Rover – Diagnostics"]["status"] == word


def test_an_unknown_system_is_shown_as_last_known_and_says_so(client):
    tell(dealer(slug="here"), "unknown", before="down")
    shown = named(read(client, at="/dealers/here"))["Diagnostics"]
    assert shown["status"] == "major_outage"
    assert "Not known" in shown["description"]
    assert named(read(client))["Land Rover – Diagnostics"]["status"] == "major_outage"
    assert "Not known" in named(read(client))["Land Rover – Diagnostics"]["description"]


def test_contradicting_evidence_is_shown_as_degraded(client):
    tell(dealer(slug="here"), "unknown", before="operational", claims=["down", "operational"])
    assert named(read(client, at="/dealers/here"))["Diagnostics"]["status"] == "degraded_performance"


def test_what_nobody_ever_spoke_of_is_never_shown_as_fine(client):
    dealer(slug="here")
    body = read(client, at="/dealers/here")
    assert {row["status"] for row in body["components"]} == {"degraded_performance"}
    assert body["status"] == {
        "indicator": "minor",
        "description": "Partially Degraded Service (7 of 7 not known now)",
    }
    assert {row["status"] for row in read(client)["components"]} == {"degraded_performance"}


def test_an_independent_garage_shows_only_what_was_ever_spoken_of(client):
    tell(dealer(slug="here", kind="independent"), "operational")
    body = read(client, at="/dealers/here")
    assert [row["name"] for row in body["components"]] == ["Diagnostics"]
    assert body["status"] == {"indicator": "none", "description": "All Systems Operational"}


def test_a_systems_page_groups_dealers_by_region_under_unique_names(client):
    tell(dealer(name="Twin", region=4), "operational")
    tell(dealer(name="Twin", region=7), "down")
    shown = read(client, at="/systems/diagnostics")["components"]
    assert [row["name"] for row in shown if row["group"]] == ["East Midlands", "London"]
    assert len({row["name"] for row in shown}) == 4
    check("components", read(client, "components", "/systems/diagnostics"))


def test_past_a_size_that_readers_take_a_systems_page_is_one_line_for_each_region(client, monkeypatch):
    monkeypatch.setattr(components, "MOST_DEALERS", 1)
    tell(dealer(region=4), "operational")
    tell(dealer(region=4), "down")
    body = read(client, at="/systems/diagnostics")
    check("summary", body)
    assert [(row["name"], row["status"]) for row in body["components"]] == [("East Midlands", "major_outage")]


def test_a_large_systems_page_stays_below_one_megabyte(client):
    region = iter(range(10_000))
    for _ in range(components.MOST_DEALERS // 10):
        dealer(region=next(region) % 12, name=f"A dealer with quite a long name, number {next(region):05}")
    for _ in range(3):
        incident()
    body = client.get("/systems/diagnostics/api/v2/summary.json").content
    assert len(body) * 10 < 1_000_000


def test_planned_work_shows_only_where_it_reaches_and_restoration_hides_no_outage(client):
    tell(dealer("JAGUAR", slug="here"), "operational")
    tell(dealer("LAND ROVER"), "down")
    work = planned(make=make("JAGUAR"), systems=["diagnostics"])
    wave = planned("First wave", make=make("LAND ROVER"), incident=incident())
    assert named(read(client))["Jaguar – Diagnostics"]["status"] == "operational"
    for row in (work, wave):
        maintenance.update(row, stage="in_progress", body="Begun.", at=AT)
    shown = named(read(client))
    assert shown["Jaguar – Diagnostics"]["status"] == "under_maintenance"
    assert shown["Land Rover – Diagnostics"]["status"] == "major_outage"
    assert named(read(client, at="/dealers/here"))["Diagnostics"]["status"] == "under_maintenance"


def test_an_incident_names_the_components_in_its_scope(client):
    dealer("JAGUAR", slug="here", region=4)
    dealer("LAND ROVER", region=0)
    incident(make=make("JAGUAR"), systems=["diagnostics", "warranty"], regions=[4])
    assert [row["name"] for row in read(client)["incidents"][0]["components"]] == [
        "Jaguar – Diagnostics",
        "Jaguar – Warranty",
    ]
    assert len(read(client, at="/dealers/here")["incidents"][0]["components"]) == 2
    assert len(read(client, at="/systems/warranty")["incidents"][0]["components"]) == 1
    assert read(client, at="/systems/programming")["incidents"] == []


def test_ids_stay_while_what_they_name_stays(client):
    tell(dealer(slug="here"), "operational")
    incident()
    before = read(client, at="/dealers/here")
    tell(dealer("JAGUAR"), "down")
    after = read(client, at="/dealers/here")
    for key in ("components", "incidents"):
        assert [row["id"] for row in before[key]] == [row["id"] for row in after[key]]
    assert before["page"]["id"] == after["page"]["id"]


@pytest.mark.parametrize("address", ["/dealers/nowhere", "/systems/nothing"])
def test_a_page_nobody_has_is_404_and_readable_from_anywhere(client, address):
    answer = client.get(f"{address}/api/v2/summary.json")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("at", ["", "/dealers/here", "/systems/diagnostics"])
def test_documents_take_a_fixed_number_of_queries(client, at, django_assert_max_num_queries):
    for number in range(6):
        where = dealer("LAND ROVER", "JAGUAR", slug="here" if number == 0 else f"there-{number}")
        tell(where, "down")
        incident(dealers=[where])
        planned(dealers=[where])
    with django_assert_max_num_queries(18):
        client.get(f"{at}/api/v2/summary.json")


@pytest.mark.usefixtures("outage")
def test_a_post_mortem_is_the_formats_own_and_its_incident_stays_resolved(client):
    over = next(row for row in read(client, "incidents")["incidents"] if row["name"] == "Over")
    assert over["status"] == "postmortem"
    assert over["resolved_at"] == "2026-11-20T09:00:00.000Z"
    assert [update["status"] for update in over["incident_updates"]] == ["postmortem", "resolved", "investigating"]
    assert over["incident_updates"][0]["body"] == "Why it was."


def test_a_wave_is_read_on_its_incidents_page_and_other_work_among_what_is_planned(client):
    outage = incident()
    planned("A wave", incident=outage)
    planned("To come")
    links = {row["name"]: row["shortlink"] for row in read(client, "scheduled-maintenances")["scheduled_maintenances"]}
    assert f"{outage.get_absolute_url()}#planned-" in links["A wave"]
    assert "/incidents/#planned-" in links["To come"]
