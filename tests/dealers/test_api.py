"""The API's contract about dealers, reports, incidents and the roll-up."""

import json
from base64 import b64encode
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from dealers import evidence, incidents
from dealers.models import Evidence, State, System
from dealers.serializers import (
    BulkReportsIn,
    DealerDetail,
    DealerSummary,
    IncidentShape,
    OverallStatus,
    ReportOut,
    StatusReason,
)
from garagehub.lib.geography import about_miles, area_of, miles_between
from tests.factories import bearer, dealer, make, member, user

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


@pytest.fixture(autouse=True)
def _fresh_throttles():
    cache.clear()


def set_state(where, state, *, system="diagnostics"):
    """The dealer's own word, judged."""
    at = timezone.now()
    claim = evidence.Claim(
        dealer_id=where.pk, system=system, kind="dealer", source="dealer", claim=state, observed_at=at
    )
    evidence.record([claim])
    evidence.recompute([where.pk], at=at)


def codes(answer):
    assert answer.status_code == 200, answer.content
    return [row["code"] for row in answer.json()["results"]]


def assert_problem(answer, status, code, *fields):
    body = answer.json()
    assert answer.status_code == status, body
    assert answer["Content-Type"] == PROBLEM
    assert (body["status"], body["code"]) == (status, code)
    assert set(body.get("fields", {})) == set(fields)
    assert body["detail"]
    return body


def test_a_dealer_in_the_list_has_every_system(client):
    here = dealer("LAND ROVER", "JAGUAR", region=4, town="Leicester")
    set_state(here, "down")
    body = client.get("/api/v1/dealers").json()
    assert set(body) == {"results", "next"}
    row = body["results"][0]
    assert set(row) == set(DealerSummary().fields) - {"distance_miles"}
    assert (row["code"], row["region"], row["makes"]) == (here.code, "east-midlands", ["JAGUAR", "LAND ROVER"])
    assert list(row["systems"]) == System.values
    down = row["systems"]["diagnostics"]
    assert (down["status"], down["label"]) == ("down", "Diagnostics")
    assert 0 < down["confidence"] <= 99
    assert 0 <= down["age_s"] < 60
    assert parse_datetime(down["since"]).tzinfo
    assert row["systems"]["warranty"] == {
        "label": "Warranty",
        "status": "unknown",
        "confidence": 0,
        "is_unstable": False,
        "since": None,
        "evidence_at": None,
        "age_s": None,
    }


def test_anyone_may_read(client):
    here = dealer()
    for path in ("dealers", f"dealers/{here.code}", "incidents", "status"):
        assert client.get(f"/api/v1/{path}").status_code == 200


def test_filters(client):
    scot = dealer("JAGUAR", region=0, code="SCOT1")
    mid = dealer("LAND ROVER", region=4, code="MID01")
    dealer(is_active=False)
    set_state(scot, "down")
    set_state(mid, "operational")
    assert codes(client.get("/api/v1/dealers?make=jaguar")) == ["SCOT1"]
    assert codes(client.get("/api/v1/dealers?make=LAND ROVER")) == ["MID01"]
    assert codes(client.get("/api/v1/dealers?region=scotland")) == ["SCOT1"]
    assert codes(client.get("/api/v1/dealers?status=down")) == ["SCOT1"]
    assert codes(client.get("/api/v1/dealers?status=operational&system=diagnostics")) == ["MID01"]
    assert codes(client.get("/api/v1/dealers?status=down&system=warranty")) == []
    assert codes(client.get("/api/v1/dealers?status=unknown&system=diagnostics")) == []
    assert codes(client.get("/api/v1/dealers?status=unknown")) == ["SCOT1", "MID01"]
    assert codes(client.get("/api/v1/dealers?make=&region=")) == ["SCOT1", "MID01"]
    only = client.get("/api/v1/dealers?system=diagnostics").json()["results"][0]["systems"]
    assert list(only) == ["diagnostics"]


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("make", "lada", "land-rover"),
        ("system", "coffee", "parts_ordering"),
        ("status", "broken", "degraded"),
        ("region", "mars", "northern-ireland"),
        ("near", "not a postcode", "LE4"),
    ],
)
def test_an_unknown_filter_value_is_named_with_what_it_may_be(client, name, value, allowed):
    dealer()
    body = assert_problem(client.get("/api/v1/dealers", {name: value}), 400, "unknown_filter", name)
    assert allowed in body["fields"][name][0]


def test_near_sorts_by_distance_and_says_about_how_far(client):
    dealer(code="FAR01", latitude=55.87, longitude=-4.26)
    dealer(code="NEAR1", latitude=52.63, longitude=-1.13)
    dealer(code="LOST1")
    rows = client.get("/api/v1/dealers?near=LE4 2BN").json()["results"]
    assert [row["code"] for row in rows] == ["NEAR1", "FAR01", "LOST1"]
    leicester = area_of("LE4")
    far = about_miles(miles_between(leicester.latitude, leicester.longitude, 55.87, -4.26))
    assert [row["distance_miles"] for row in rows] == [5, far, None]


@pytest.mark.parametrize("query", ["", "near=LE4&"])
def test_pages_hold_each_dealer_once(client, query):
    made = [dealer(latitude=52 + n / 10, longitude=-1.0).code for n in range(7)]
    made += [dealer(latitude=53.0, longitude=-1.0).code for _ in range(4)]
    seen, url = [], f"/api/v1/dealers?{query}page_size=3"
    while url:
        answer = client.get(url)
        seen += codes(answer)
        url = answer.json()["next"]
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize("cursor", ["!", "p=abc", "p=a%00b", "o=x", "r=1&p=inf", "o=99999999999999999999"])
@pytest.mark.parametrize("path", ["dealers", "dealers?near", "incidents"])
def test_a_made_up_page_is_never_our_fault(client, cursor, path):
    dealer()
    page = b64encode(cursor.encode()).decode()
    near = {"near": "LE4"} if "near" in path else {}
    answer = client.get(f"/api/v1/{path.partition('?')[0]}", {"page": page, **near})
    assert answer.status_code in {200, 404}


def test_a_page_that_cannot_be_read_is_not_found(client):
    dealer()
    assert_problem(client.get("/api/v1/dealers?near=LE4&page=cD1hYmM="), 404, "not_found", "page")
    assert_problem(client.get("/api/v1/dealers?page=2"), 404, "not_found", "page")


def test_the_list_takes_a_fixed_number_of_queries(client, django_assert_num_queries):
    for _ in range(9):
        set_state(dealer("LAND ROVER", "JAGUAR"), "down")
    with django_assert_num_queries(4):
        assert len(codes(client.get("/api/v1/dealers"))) == 9
    with django_assert_num_queries(5):
        assert len(codes(client.get("/api/v1/dealers?make=jaguar&status=down&near=LE4"))) == 9


def test_one_dealer_says_why_and_what_changed(client, django_assert_num_queries):
    here = dealer()
    set_state(here, "operational")
    set_state(here, "down")
    with django_assert_num_queries(6):
        body = client.get(f"/api/v1/dealers/{here.code.lower()}").json()
    assert set(body) == set(DealerDetail().fields)
    reason = body["systems"]["diagnostics"]["reasons"][0]
    assert set(reason) == set(StatusReason().fields)
    assert (reason["kind"], reason["source"], reason["claim"]) == ("dealer", "The dealer", "down")
    assert [(change["old"], change["new"]) for change in body["history"]] == [
        ("operational", "down"),
        ("unknown", "operational"),
    ]
    assert body["systems"]["warranty"]["reasons"] == []


def test_a_dealer_that_is_not_there_or_hidden_is_not_found(client):
    hidden = dealer(is_active=False)
    for code in ("NOONE", hidden.code):
        assert_problem(client.get(f"/api/v1/dealers/{code}"), 404, "dealer_not_found")


def report(client, body, **extra):
    return client.post("/api/v1/reports", body, content_type="application/json", **extra)


def test_a_dealers_report_by_key_is_seen_at_once(client):
    here = dealer()
    body = {"dealer": here.code, "system": "diagnostics", "works": False}
    answer = report(client, body, headers=bearer(here))
    assert answer.status_code == 202
    taken = answer.json()
    assert set(taken) == set(ReportOut().fields)
    assert (taken["claim"], taken["kind"], taken["now"]["status"]) == ("down", "dealer", "down")
    seen = client.get(f"/api/v1/dealers/{here.code}").json()["systems"]["diagnostics"]
    assert seen["status"] == "down"


def test_a_report_by_another_garage_is_taken_as_such(client):
    here = dealer()
    set_state(here, "operational")
    answer = report(
        client, {"dealer": here.code, "system": "diagnostics", "works": False}, headers=bearer(dealer())
    ).json()
    assert (answer["kind"], answer["now"]["status"]) == ("garage", "operational")


def test_owner_and_team_mate_may_report_for_their_dealer_and_a_stranger_only_for_the_strangers_own(client):
    here = dealer()
    body = {"dealer": here.code, "system": "diagnostics", "works": False}
    for person, kind in (
        (member(here, role="owner"), "dealer"),
        (member(here), "dealer"),
        (member(dealer(), role="owner"), "garage"),
    ):
        client.force_login(person)
        assert report(client, body).json()["kind"] == kind


def test_someone_without_a_garage_and_someone_not_signed_in_may_not_report(client):
    here = dealer()
    body = {"dealer": here.code, "system": "diagnostics", "works": False}
    assert_problem(report(client, body), 401, "not_authenticated")
    client.force_login(user())
    assert_problem(report(client, body), 403, "permission_denied")
    assert not Evidence.objects.exists()


def test_a_list_of_reports_is_answered_row_by_row(client):
    here = dealer()
    rows = [
        {"dealer": here.code, "system": "diagnostics", "works": False},
        {"dealer": "x" * 500, "system": "diagnostics", "works": False},
        {"dealer": here.code, "system": "warranty", "works": True, "note": "n" * 501},
    ]
    path, kind = "/api/v1/reports/bulk", "application/json"
    answer = client.post(path, {"reports": rows}, content_type=kind, headers=bearer(here))
    assert answer.status_code == 202
    taken, unknown, long = answer.json()["results"]
    assert (taken["taken"], taken["dealer"], taken["claim"], taken["kind"]) == (True, here.code, "down", "dealer")
    assert [row["error"]["code"] for row in (unknown, long)] == ["unknown_dealer", "note_too_long"]
    assert Evidence.objects.count() == 1
    for wrong in ({}, {"reports": []}, {"reports": rows[:1] * 501}):
        assert client.post(path, wrong, content_type=kind, headers=bearer(here)).status_code == 400
    assert_problem(client.post(path, {"reports": rows}, content_type=kind), 401, "not_authenticated")
    client.force_login(user())
    assert_problem(client.post(path, {"reports": rows}, content_type=kind), 403, "permission_denied")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"works": "off"}, "works"),
        ({"works": 1}, "works"),
        ({"note": None}, "note"),
        ({"note": "a\0b"}, "note"),
        ({"note": "a\ud800b"}, "note"),
        ({"dealer": 7}, "dealer"),
        ({"system": ["diagnostics"]}, "system"),
    ],
)
def test_a_list_with_what_cannot_be_read_names_place_and_field(client, wrong, field):
    here = dealer()
    row = {"dealer": here.code, "system": "diagnostics", "works": False}
    answer = client.post(
        "/api/v1/reports/bulk",
        json.dumps({"reports": [row, row | wrong]}),
        content_type="application/json",
        headers=bearer(here),
    )
    assert_problem(answer, 400, "invalid", f"reports.1.{field}")
    assert not Evidence.objects.exists()


@pytest.mark.parametrize("way", ["at once", "field by field"])
def test_a_list_is_read_the_same_whichever_way(way):
    rows = [
        {"dealer": " r4t02 ", "system": "diagnostics\n", "works": False, "note": "  No login ", "colour": "red"},
        {"dealer": "", "system": "", "works": True},
        {"dealer": "x" * 9_000, "system": "é\t", "works": True, "note": ""},
    ]
    field = BulkReportsIn().fields["reports"]
    ways = {"at once": field.run_child_validation, "field by field": lambda rows: map(field.child.run_validation, rows)}
    assert [dict(row) for row in ways[way](rows)] == [
        {"dealer": "r4t02", "system": "diagnostics", "works": False, "note": "No login"},
        {"dealer": "", "system": "", "works": True, "note": ""},
        {"dealer": "x" * 9_000, "system": "é", "works": True, "note": ""},
    ]


@pytest.mark.parametrize(
    ("body", "code", "fields"),
    [
        ({}, "invalid", {"dealer", "system", "works"}),
        ({"dealer": "NOONE", "system": "diagnostics", "works": True}, "unknown_dealer", {"dealer"}),
        ({"dealer": "$", "system": "coffee", "works": True}, "unknown_system", {"system"}),
        ({"dealer": "$", "system": "diagnostics", "works": "off"}, "invalid", {"works"}),
        ({"dealer": "$", "system": "diagnostics", "works": 0}, "invalid", {"works"}),
        ({"dealer": "$", "system": "diagnostics", "works": None}, "invalid", {"works"}),
        ({"dealer": "$", "system": "diagnostics", "works": True, "note": "x" * 501}, "invalid", {"note"}),
        ({"dealer": "$", "system": "diagnostics", "works": True, "note": "a\0b"}, "invalid", {"note"}),
        ([], "invalid", {""}),
    ],
)
def test_a_bad_report_names_what_is_wrong(client, body, code, fields):
    here = dealer()
    if isinstance(body, dict) and body.get("dealer") == "$":
        body = body | {"dealer": here.code}
    assert_problem(report(client, body, headers=bearer(here)), 400, code, *fields)


def test_broken_json_and_a_wrong_content_type_are_problems(client):
    here = dealer()
    headers = bearer(here)
    broken = client.post("/api/v1/reports", "{", content_type="application/json", headers=headers)
    assert_problem(broken, 400, "parse_error")
    form = client.post("/api/v1/reports", {"dealer": here.code}, headers=headers)
    assert_problem(form, 415, "unsupported_media_type")


def test_too_many_reports_are_told_to_wait(client, monkeypatch):
    monkeypatch.setattr("garagehub.lib.api.ScopedThrottle.THROTTLE_RATES", {"report": "2/min", "public": "9/min"})
    here = dealer()
    headers = bearer(here)
    body = {"dealer": here.code, "system": "diagnostics", "works": False}
    assert [report(client, body, headers=headers).status_code for _ in range(2)] == [202, 202]
    refused = report(client, body, headers=headers)
    assert_problem(refused, 429, "throttled")
    assert int(refused["Retry-After"]) > 0


def test_incidents_are_listed_newest_first_without_drafts(client, django_assert_num_queries):
    at = timezone.now()
    for number in range(3):
        incidents.start(
            title=f"Outage {number}",
            body="Text",
            at=at - timedelta(days=number),
            make=make(),
            systems=["diagnostics"],
            regions=[4],
            dealers=[dealer(code=f"IN{number:03}")],
        )
    incidents.start(title="Draft", body="Text", at=at, is_published=False)
    incidents.resolve(incidents.get(f"outage-2-{at - timedelta(days=2):%Y-%m-%d}"), body="Over.", at=at)
    with django_assert_num_queries(4):
        body = client.get("/api/v1/incidents").json()
    assert [row["title"] for row in body["results"]] == ["Outage 0", "Outage 1", "Outage 2"]
    row = body["results"][0]
    assert set(row) == set(IncidentShape().fields)
    assert (row["make"], row["systems"], row["regions"], row["dealers"]) == (
        "LAND ROVER",
        ["diagnostics"],
        ["east-midlands"],
        ["IN000"],
    )
    assert row["updates"][0]["body"] == "Text"
    open_ones = client.get("/api/v1/incidents?unresolved=true").json()["results"]
    assert len(open_ones) == 2
    assert client.get(f"/api/v1/incidents/{row['slug']}").json() == row
    assert_problem(client.get("/api/v1/incidents/none"), 404, "incident_not_found")


def test_the_roll_up_counts_dealers_by_make_and_system(client, django_assert_num_queries):
    for state in ("down", "down", "operational", "degraded"):
        set_state(dealer("LAND ROVER"), state)
    dealer("LAND ROVER")
    set_state(dealer("JAGUAR"), "operational")
    with django_assert_num_queries(3):
        body = client.get("/api/v1/status").json()
    assert set(body) == set(OverallStatus().fields)
    jaguar, rover = body["makes"]
    assert (jaguar["make"], jaguar["slug"], rover["make"]) == ("JAGUAR", "jaguar", "LAND ROVER")
    row = rover["systems"]["diagnostics"]
    assert row["counts"] == {"operational": 1, "degraded": 1, "down": 2, "unknown": 1}
    assert (row["dealers"], row["known"], row["share_down"], row["status"]) == (5, 4, 0.5, "down")
    assert (body["status"], rover["status"]) == ("down", "down")
    assert jaguar["systems"]["diagnostics"]["status"] == "operational"
    assert jaguar["systems"]["warranty"]["status"] == "unknown"
    assert jaguar["status"] == State.UNKNOWN


def test_the_roll_up_of_nothing_is_unknown(client):
    body = client.get("/api/v1/status").json()
    assert (body["status"], body["makes"]) == ("unknown", [])
