"""Watches by API: who may, what becomes of each input, and what others never see."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dealers.access import create_api_key
from dealers.models import Dealer, Scope
from garagehub.lib.errors import DomainError
from parts.blocking.models import Verdict
from parts.notices import standing, watches
from parts.notices.models import Watch
from parts.vehicles.models import Vehicle
from tests.factories import bearer, dealer, member, user
from tests.parts.lookup.world import SPRING

URL = "/api/v1/watches"


@pytest.fixture
def key(garage):
    return bearer(garage)


def add(client, key, **body):
    return client.post(URL, body, headers=key, content_type="application/json")


def test_each_plate_answers_for_itself_in_the_order_given(client, world, key):
    sent = ["aa91 aaa", "££", "AB91ZZZ", "AA91AAA"]
    answer = add(client, key, registrations=sent, note="Job 7")

    assert answer.status_code == 200, answer.json()
    results = answer.json()["results"]
    assert [row["input"] for row in results] == sent
    assert [row["is_new"] for row in results] == [True, False, False, True]
    assert results[0]["watch"] == results[3]["watch"]
    assert results[0]["watch"]["state"] == "blocked"
    assert [row["error"] and row["error"]["code"] for row in results] == [
        None,
        "invalid_registration",
        "vehicle_not_found",
        None,
    ]
    again = add(client, key, registrations=["AA91AAA"]).json()["results"][0]
    assert (again["is_new"], again["watch"]["id"]) == (False, results[0]["watch"]["id"])
    assert again["watch"]["note"] == "Job 7", "saying nothing of a note leaves it"
    assert add(client, key, registrations=["AA91AAA"], note="Job 8").json()["results"][0]["watch"]["note"] == "Job 8"


def test_parts_are_watched_by_their_numbers(client, world, key):
    other = type(world.brand).objects.create(name="LUCAS", slug="lucas")
    world.new_part("X1", "Bulb")
    world.new_part("X1", "Bulb", brand=other)

    results = add(client, key, part_numbers=["lr-123456", "X1", "nothing"]).json()["results"]

    assert results[0]["watch"]["part_number"] == "LR123456"
    assert (results[0]["watch"]["brand"], results[0]["watch"]["state"]) == ("LAND ROVER", "blocked")
    assert [row["error"] and row["error"]["code"] for row in results] == [
        None,
        "ambiguous_part_number",
        "part_not_found",
    ]


@pytest.mark.parametrize("body", [{}, {"registrations": []}, {"registrations": ["A"], "part_numbers": ["B"]}])
def test_one_list_is_sent_and_it_is_not_empty(client, world, key, body):
    assert add(client, key, **body).status_code == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"registrations": ["AA91AAA"], "note": 0}, "note"),
        ({"registrations": ["AA91AAA"], "note": None}, "note"),
        ({"registrations": [91]}, "registrations.0"),
        ({"part_numbers": ["LR123456", 123456]}, "part_numbers.1"),
    ],
)
def test_what_is_no_text_is_refused_by_name(client, world, key, body, field):
    answer = add(client, key, **body)
    assert answer.status_code == 400
    assert answer.json()["fields"].keys() == {field}
    assert not Watch.objects.exists()


def test_a_kind_that_does_not_exist_is_refused_by_name(client, world, key):
    for kind in ("cars", "", "Vehicle"):
        answer = client.get(URL, {"kind": kind}, headers=key)
        assert answer.status_code == 400, kind
        assert answer.json()["fields"] == {"kind": ["Send one of: vehicle, part."]}


def test_a_call_sent_again_is_answered_as_at_first(client, world, key):
    headers = key | {"Idempotency-Key": "12345678-abcd"}
    first, again = (add(client, headers, registrations=["AA91AAA"]) for _ in range(2))
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert Watch.objects.count() == 1


def test_the_list_goes_page_by_page_and_by_kind(client, world, key):
    add(client, key, registrations=["AA91AAA"])
    add(client, key, part_numbers=["LR123456"])

    first = client.get(f"{URL}?page_size=1", headers=key).json()
    second = client.get(first["next"], headers=key).json()

    assert [row["kind"] for row in first["results"] + second["results"]] == ["vehicle", "part"]
    assert second["next"] is None
    assert [row["registration"] for row in client.get(f"{URL}?kind=vehicle", headers=key).json()["results"]] == [
        "AA91AAA"
    ]
    assert "AA91AAA" not in first["next"]


def test_everybody_at_the_garage_and_nobody_else(client, world, garage, key):
    watch = add(client, key, registrations=["AA91AAA"]).json()["results"][0]["watch"]
    address = f"{URL}/{watch['id']}"
    for who in (member(dealer(), role="owner"), user(), None):
        client.logout()
        if who:
            client.force_login(who)
        assert client.delete(address).status_code in {401, 403, 404}
        listed = client.get(URL)
        assert listed.status_code in {401, 403} or listed.json()["results"] == []
    assert client.delete(address, headers=bearer(dealer())).status_code == 404
    _, without = create_api_key(dealer=garage, name="PC", scopes=[Scope.READ])
    assert client.get(URL, headers={"Authorization": f"Bearer {without}"}).status_code == 403
    for role in ("owner", "member"):
        client.force_login(member(garage, role=role))
        assert [row["id"] for row in client.get(URL).json()["results"]] == [watch["id"]]
    assert client.delete(address).status_code == 204
    assert not Watch.objects.exists()


def test_there_is_an_end_to_what_one_garage_watches(world, garage, at, monkeypatch):
    monkeypatch.setattr(watches, "MOST_VEHICLES", 1)
    world.vehicle("AA91BBB")
    watches.watch_vehicles(garage, ["AA91AAA"], at=at)
    with pytest.raises(DomainError) as error:
        watches.watch_vehicles(garage, ["AA91BBB"], at=at)
    assert error.value.code == "too_many_watches"
    assert watches.watch_vehicles(garage, ["AA91AAA"], at=at)[0].watch


def test_many_cost_as_many_queries_as_one(client, world, key, at):
    plates = [f"AB91{a}{b}X" for a in "ABCDE" for b in "ABCDEFGH"]
    for plate in plates:
        world.vehicle(plate, SPRING)
    world.decide()

    def queries(call):
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert call().status_code == 200
        return len(found)

    add(client, key, registrations=plates[:1])
    one = queries(lambda: add(client, key, registrations=plates[1:2]))
    listed = queries(lambda: client.get(URL, headers=key))
    assert queries(lambda: add(client, key, registrations=plates[2:])) == one
    assert queries(lambda: client.get(URL, headers=key)) == listed


def test_a_car_stands_as_the_answer_about_it_says(client, world, at):
    """From every region, whatever the masks: `standing` is the answer's rule once more, set-based."""
    world.vehicle("AA91BBB")
    world.vehicle("AA91CCC", "Horn not working (7.7 (a))")
    world.vehicle("AA91DDD", SPRING, "Something nobody can map (99.9)")
    world.shelf.branch.reach = 0b1000000010100
    world.shelf.branch.save()
    from_where = {}
    for quantity in (0, 3):
        world.stock(quantity)
        for vehicle in Vehicle.objects.all():
            for postcode, region in ((None, 12), ("LE4", 4), ("BT1", 11)):
                body = {"registration": vehicle.registration, "postcode": postcode}
                answer = client.post("/api/v1/vehicles/lookup", body, content_type="application/json").json()
                state = standing.of_vehicles([vehicle.pk], region=region)[vehicle.pk]
                assert state == answer["repair_status"], (vehicle, region, quantity)
                from_where.setdefault(state, set()).add(region)
    assert set(from_where) == set(Verdict.values)


def test_what_is_watched_goes_with_the_garage_and_with_the_car(world, garage, at):
    watches.watch_vehicles(garage, ["AA91AAA"], at=at)
    watches.watch_parts(garage, ["LR123456"], at=at)
    Vehicle.objects.all().delete()
    assert Watch.objects.get().part_id
    Dealer.objects.filter(pk=garage.pk).delete()
    assert not Watch.objects.exists()
