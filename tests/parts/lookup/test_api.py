"""Look-ups and checks by API: shapes, errors, access, limits."""

import logging

import pytest
import time_machine
from django.core.cache import cache
from django.db import transaction

from parts.catalogue.models import Brand
from parts.feeds import uploading
from tests import factories
from tests.parts.lookup.world import NOW, SPRING

LOOKUP, PARTS, CARS = "/api/v1/vehicles/lookup", "/api/v1/parts/check", "/api/v1/vehicles/check"


@pytest.fixture(autouse=True)
def _clean_cache():
    cache.clear()


@pytest.fixture
def garage(world):
    return factories.dealer(kind="independent")


@pytest.fixture
def ask(client):
    def ask(url, body, **headers):
        with time_machine.travel(NOW, tick=False):
            return client.post(url, body, content_type="application/json", headers=headers)

    return ask


def problem(response, status, code):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["title"]
    assert body["detail"]
    return body


def test_a_lookup_has_every_member_of_the_contract(world, ask):
    world.vehicle("AA91AAA", SPRING)
    world.decide()
    response = ask(LOOKUP, {"registration": "aa91 aaa"})
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    body = response.json()
    assert {"registration", "make", "model", "first_used_on", "headline", "road", "repair_status", "since", "repairs",
            "advisories", "decided_at", "evidence"} <= body.keys()  # fmt: skip
    assert body["road"].keys() == {"status", "until", "mot_expires_on", "guidance_url"}
    assert body["repairs"][0].keys() >= {"defect", "category", "manual_ref", "repair", "status", "reasons", "parts"}
    part = body["repairs"][0]["parts"][0]
    assert part.keys() >= {"part_number", "description", "availability", "expected_on", "grade", "best",
                           "alternatives", "checked_at"}  # fmt: skip
    assert body["evidence"].keys() == {"oldest_at", "stale_sources"}


def test_an_unknown_plate_is_404_and_the_answer_says_what_to_check(world, ask):
    body = problem(ask(LOOKUP, {"registration": "ZZ99 ZZZ"}), 404, "vehicle_not_found")
    assert "O and 0" in body["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "registration"),
        ({"registration": ""}, "registration"),
        ({"registration": "!!!"}, "registration"),
        ({"registration": "ABCDEFGHIJKLMNOPQRSTU"}, "registration"),
        ({"registration": None}, "registration"),
        ({"registration": "AA91AAA", "postcode": "nowhere"}, "postcode"),
    ],
)
def test_bad_input_names_the_field(world, ask, body, field):
    response = ask(LOOKUP, body)
    assert response.status_code == 400
    assert field in response.json()["fields"]


def test_a_body_that_is_not_json_is_refused_clearly(world, client):
    problem(client.post(LOOKUP, "registration=AA91AAA", content_type="text/plain"), 415, "unsupported_media_type")
    problem(client.post(LOOKUP, "{", content_type="application/json"), 400, "parse_error")


def test_a_lookup_by_get_is_refused_so_that_no_plate_is_in_an_address(world, client):
    problem(client.get(LOOKUP), 405, "method_not_allowed")


def test_past_the_limit_an_address_is_told_when_to_come_back(world, ask, settings):
    for _ in range(60):
        assert ask(LOOKUP, {"registration": "ZZ99ZZZ"}).status_code == 404
    response = ask(LOOKUP, {"registration": "ZZ99ZZZ"})
    problem(response, 429, "throttled")
    assert 1 <= int(response["Retry-After"]) <= 61


def test_no_plate_reaches_a_log(world, ask, caplog):
    caplog.set_level(logging.DEBUG)
    world.vehicle("AA91AAA", SPRING)
    world.decide()
    ask(LOOKUP, {"registration": "AA91AAA"})
    ask(LOOKUP, {"registration": "ZZ99ZZZ"})
    ask(LOOKUP, {"registration": "??"})
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name != "django.db.backends")
    assert "AA91AAA" not in logged
    assert "ZZ99ZZZ" not in logged


def test_parts_are_answered_in_the_order_given_and_none_is_dropped(world, ask, garage):
    world.offer()
    world.decide()
    numbers = ["nonsense", "lr-123 456", "LR123456", "", "LR123456"]
    response = ask(PARTS, {"part_numbers": numbers, "postcode": "LE4"}, **factories.bearer(garage))
    assert response.status_code == 200
    body = response.json()
    assert [row["input"] for row in body["results"]] == numbers
    assert [row["matched"] for row in body["results"]] == ["unknown", "normalised", "exact", "unknown", "exact"]
    row = body["results"][2]
    assert row.keys() >= {"input", "matched", "part_number", "brand", "description", "lifecycle", "availability",
                          "quantity", "demand", "best", "expected_on", "checked_at", "alternatives"}  # fmt: skip
    assert row["best"].keys() >= {"supplier", "dealer", "tier", "quantity", "price_pence", "lead_time_days",
                                  "distance_miles"}  # fmt: skip
    assert (row["availability"], row["quantity"]) == ("in_stock", 3)


def test_demand_counts_the_cars_that_wait_for_the_part(world, ask, garage):
    world.offer()
    for plate in ("AA91AAA", "AA91AAB", "AA91AAC"):
        world.vehicle(plate, SPRING)
    world.decide()
    [row] = ask(PARTS, {"part_numbers": ["LR123456"]}, **factories.bearer(garage)).json()["results"]
    assert (row["demand"], row["quantity"]) == (3, 3)


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1, 200), (500, 200), (501, 400)])
def test_at_most_five_hundred_numbers_at_once(world, ask, garage, count, status):
    response = ask(PARTS, {"part_numbers": ["LR123456"] * count}, **factories.bearer(garage))
    assert response.status_code == status
    if status == 400:
        assert "part_numbers" in response.json()["fields"]


def test_five_hundred_numbers_take_as_many_queries_as_one(world, ask, garage, django_assert_num_queries):
    headers = factories.bearer(garage)
    ask(PARTS, {"part_numbers": ["LR123456"]}, **headers)
    with django_assert_num_queries(4):
        ask(PARTS, {"part_numbers": ["LR123456"]}, **headers)
    with django_assert_num_queries(4):
        ask(PARTS, {"part_numbers": [f"LR{n:06}" for n in range(123_200, 123_700)]}, **headers)


@pytest.mark.parametrize("url", [PARTS, CARS])
def test_checks_are_for_garages(world, ask, client, url):
    body = {"part_numbers": ["LR123456"], "registrations": ["AA91AAA"]}
    problem(ask(url, body), 401, "not_authenticated")
    problem(ask(url, body, Authorization="Bearer gh_wrong"), 401, "key_not_valid")
    client.force_login(factories.user())
    problem(ask(url, body), 403, "permission_denied")


def test_a_member_signed_in_and_a_key_both_open_the_checks(world, ask, client, garage):
    assert ask(PARTS, {"part_numbers": ["x"]}, **factories.bearer(garage)).status_code == 200
    client.force_login(factories.member(garage))
    assert ask(PARTS, {"part_numbers": ["x"]}).status_code == 200


def test_many_plates_answer_each_for_itself(world, ask, garage):
    world.offer()
    world.vehicle("AA91AAA", SPRING)
    world.decide()
    plates = ["ZZ99ZZZ", "aa91aaa", "?"]
    response = ask(CARS, {"registrations": plates}, **factories.bearer(garage))
    rows = response.json()["results"]
    assert [row["input"] for row in rows] == plates
    assert rows[0]["error"]["code"] == "vehicle_not_found"
    assert rows[1]["repair_status"] == "repairable"
    assert rows[2]["error"]["code"] == "invalid_registration"


def test_a_superseded_number_shows_what_replaces_it(world, ask, garage):
    new = world.new_part("LR777777", "Coil spring, front, later")
    world.part.successors.create(new=new)
    world.offer(new)
    world.decide()
    [row] = ask(PARTS, {"part_numbers": ["LR123456"]}, **factories.bearer(garage)).json()["results"]
    assert row["matched"] == "superseded"
    [other] = row["alternatives"]
    assert (other["part_number"], other["relation"], other["availability"]) == ("LR777777", "replaces", "in_stock")


def test_alternatives_say_their_grade(world, ask, garage):
    world.part.successors.create(new=world.new_part("LR777777", "Coil spring, later", grade="aftermarket"))
    other = Brand.objects.create(name="LUCAS", slug="lucas")
    for brand, grade in ((world.brand, "genuine"), (other, "oem")):
        world.new_part("X1", "Bulb", brand=brand, grade=grade)
    for _ in range(2):
        world.offer()
    world.decide()
    superseded, ambiguous = ask(PARTS, {"part_numbers": ["LR123456", "X1"]}, **factories.bearer(garage)).json()[
        "results"
    ]
    assert (superseded["grade"], ambiguous["grade"]) == ("genuine", None)
    assert [(one["relation"], one["grade"]) for one in superseded["alternatives"]] == [
        ("replaces", "aftermarket"),
        ("other_source", "genuine"),
    ]
    assert {(one["brand"], one["grade"]) for one in ambiguous["alternatives"]} == {
        ("LAND ROVER", "genuine"),
        ("LUCAS", "oem"),
    }


def test_own_stock_is_a_source_of_who_uploaded_it_and_of_whom_it_is_named_to(world, ask, client, garage):
    """Others learn of it where it answers them, and are not told of three hundred shelves that do not."""

    def sources(who, number):
        client.logout()
        if not isinstance(who, dict):
            client.force_login(who)
        headers = who if isinstance(who, dict) else {}
        found = ask(PARTS, {"part_numbers": [number]}, **headers).json()["sources"]
        return {(one["supplier"], one["state"]) for one in found}

    stranger = factories.dealer()
    for number, quantity in (("LR123456", 2), ("LR999999", 0)):
        file = f"part number,brand,quantity\n{number},LAND ROVER,{quantity}\n".encode()
        run = uploading.prepare(garage, uploading.Upload("stock.csv", [file]), by="ann", at=NOW).run
        assert sources(factories.bearer(garage), number) == set(), "a file that waits says nothing yet"
        own = {(f"Own stock of {garage.name}", "fresh")}
        with transaction.atomic():
            uploading.confirm(garage, run.public_id, by="ann", at=NOW)
            world.decide()
            for who in (factories.bearer(garage), factories.member(garage), factories.member(garage, role="owner")):
                assert sources(who, number) == own
            assert sources(factories.member(stranger), number) == (own if quantity else set())
            assert sources(factories.bearer(stranger), "nonsense") == set()
            transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (["discontinued"], "discontinued"),
        (["discontinued", "active"], "active"),
        (["listed"], "listed"),
    ],
)
def test_a_parts_lifecycle_is_what_its_sources_say(world, ask, garage, said, shown):
    for lifecycle in said:
        world.offer(lifecycle=lifecycle)
    world.decide()
    [row] = ask(PARTS, {"part_numbers": ["LR123456"]}, **factories.bearer(garage)).json()["results"]
    assert row["lifecycle"] == shown


def test_a_time_is_written_the_same_way_everywhere(world, ask):
    world.vehicle("AA91AAA", SPRING)
    world.decide()
    answer = ask(LOOKUP, {"registration": "AA91AAA"}).json()
    assert answer["since"].endswith("Z")
    assert answer["decided_at"].endswith("Z")


def test_one_item_that_is_far_too_long_does_not_cost_the_others_their_answer(world, ask, garage):
    world.vehicle("AA91AAA", SPRING)
    world.offer()
    world.decide()
    parts = ask(PARTS, {"part_numbers": ["x" * 400, "LR123456"]}, **factories.bearer(garage))
    assert [row["matched"] for row in parts.json()["results"]] == ["unknown", "exact"]
    cars = ask("/api/v1/vehicles/check", {"registrations": ["x" * 400, "AA91AAA"]}, **factories.bearer(garage))
    bad, good = cars.json()["results"]
    assert (bad["error"]["code"], good["registration"]) == ("invalid_registration", "AA91AAA")


@pytest.mark.parametrize("url", [LOOKUP, PARTS, CARS])
@pytest.mark.parametrize(
    "body",
    [
        [],
        '"AA91AAA"',
        {"registration": ["AA91AAA"], "part_numbers": "LR123456", "registrations": "AA91AAA"},
        {"registration": {"a": 1}, "part_numbers": {"a": 1}, "registrations": {"a": 1}},
        {"registration": True, "part_numbers": [None], "registrations": [["AA91AAA"]]},
        {"registration": "AA91\u0000AAA", "part_numbers": ["LR\u0000"], "registrations": ["AA91\u0000AAA"]},
        {"registration": "AA91AAA", "part_numbers": ["LR1"], "registrations": ["AA91AAA"], "postcode": ["LE4"]},
        {"registration": "AA91AAA", "part_numbers": ["LR1"], "registrations": ["AA91AAA"], "postcode": "LE4" * 4},
    ],
)
def test_what_is_not_of_the_right_kind_is_refused_and_named(world, ask, garage, url, body):
    response = ask(url, body, **factories.bearer(garage))
    assert problem(response, 400, "invalid")["fields"]


def test_texts_with_spaces_around_them_are_read_like_those_without(world, ask, garage):
    world.vehicle("AA91AAA")
    world.decide()
    assert ask(LOOKUP, {"registration": " aa91 aaa ", "postcode": " LE4 "}).status_code == 200
    rows = ask(CARS, {"registrations": [" aa91 aaa "]}, **factories.bearer(garage)).json()["results"]
    assert [(row["input"], row["registration"]) for row in rows] == [("aa91 aaa", "AA91AAA")]
    rows = ask(PARTS, {"part_numbers": [" LR123456 "]}, **factories.bearer(garage)).json()["results"]
    assert [(row["input"], row["matched"]) for row in rows] == [(" LR123456 ", "exact")]
