"""The answer about one car, from facts that the real importer and the real decision wrote."""

from datetime import date, timedelta

import pytest
import time_machine

from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.lib.geography import mask
from parts.catalogue.models import Requirement, RequirementPart
from parts.lookup.answer import look_up, look_up_many
from parts.vehicles.models import Vehicle
from tests.parts.lookup.world import NOW, SPRING


def answer(world, **options):
    world.decide()
    return look_up("aa91 aaa", at=NOW, **options)


def test_a_failed_car_whose_part_is_in_stock_can_be_repaired(world):
    world.offer()
    world.vehicle("AA91AAA", SPRING)
    found = answer(world)
    assert found["repair_status"] == "repairable"
    [repair] = found["repairs"]
    assert (repair["status"], repair["reasons"]) == ("ready", [])
    [part] = repair["parts"]
    assert part["part_number"] == "LR123456"
    assert part["availability"] == "in_stock"
    assert part["best"]["supplier"] == "Acme Parts"
    assert part["best"]["price_pence"] == 9_900
    assert part["checked_at"] == NOW


def test_fewer_pieces_than_cars_that_need_them_are_shown_with_the_cars(world, client):
    world.offer(quantity=2)
    for plate in ("AA91AAA", "AA91AAB", "AA91AAC"):
        world.vehicle(plate, SPRING)
    [part] = answer(world)["repairs"][0]["parts"]
    assert (part["stock"], part["demand"]) == (2, 3)
    with time_machine.travel(NOW, tick=False):
        page = client.post("/vehicle/", {"registration": "AA91AAA"}).content.decode()
    assert "2 left, 3 cars need it" in page


def test_a_part_that_nobody_has_blocks_and_is_named_with_the_sources_checked(world):
    world.offer(quantity=0, availability="out_of_stock")
    world.vehicle("AA91AAA", SPRING)
    found = answer(world)
    assert found["repair_status"] == "blocked"
    assert found["headline"] == "Your car is waiting for one part that nobody has today."
    [reason] = found["repairs"][0]["reasons"]
    assert reason == {"code": "part_unavailable", "detail": "LR123456: no stock at the one source checked"}
    assert found["since"] is not None


def test_a_part_that_no_fresh_source_lists_is_not_listed_rather_than_out_of_stock(world):
    world.offer(world.new_part("LR999999", "Something else"))
    world.vehicle("AA91AAA", SPRING)
    found = answer(world)
    [repair] = found["repairs"]
    assert repair["parts"][0]["availability"] == "not_listed"
    assert "not listed by the one source checked" in repair["reasons"][0]["detail"]


def test_a_silent_source_makes_the_answer_unknown_and_is_named(world):
    old = world.new_supplier("slow", "Slow Motors", age=timedelta(hours=2))
    world.supplier.brands.clear()
    world.offer(supplier=old)
    world.vehicle("AA91AAA", SPRING)
    found = answer(world)
    assert found["repair_status"] == "unknown"
    [reason] = found["repairs"][0]["reasons"]
    assert reason["code"] == "availability_unknown"
    assert "Slow Motors" in reason["detail"]
    assert found["evidence"]["stale_sources"] == ["Slow Motors"]


def test_stock_that_cannot_be_ordered_blocks_but_is_shown_as_in_stock(world):
    world.offer(dealer=world.dealer, tier="branch")
    world.dealer.statuses.create(system="parts_ordering", state="down", since=NOW, decided_at=NOW)
    world.vehicle("AA91AAA", SPRING)
    found = answer(world)
    [repair] = found["repairs"]
    assert [reason["code"] for reason in repair["reasons"]] == ["cannot_order"]
    assert repair["parts"][0]["availability"] == "in_stock"
    assert repair["parts"][0]["best"] is None


def test_shelf_stock_needs_no_ordering(world):
    world.offer(dealer=world.dealer, tier="shelf")
    world.dealer.statuses.create(system="parts_ordering", state="down", since=NOW, decided_at=NOW)
    world.vehicle("AA91AAA", SPRING)
    assert answer(world)["repair_status"] == "repairable"


def test_a_postcode_answers_for_its_region_and_says_how_far_the_part_is(world):
    world.offer(dealer=world.dealer, reach=mask(4))
    world.vehicle("AA91AAA", SPRING)
    near = answer(world, postcode="LE4")
    assert near["area"] == {"region": "East Midlands", "basis": "postcode"}
    assert near["repairs"][0]["parts"][0]["best"]["distance_miles"] == 5
    far = answer(world, postcode="EH1")
    assert far["repair_status"] == "blocked"
    assert far["repairs"][0]["reasons"][0]["code"] == "part_not_in_region"


def test_without_a_postcode_it_answers_for_the_united_kingdom_and_says_so(world):
    world.offer(dealer=world.dealer, reach=mask(4))
    world.vehicle("AA91AAA", SPRING)
    found = answer(world)
    assert found["area"] == {"region": None, "basis": "national"}
    assert found["repair_status"] == "repairable"
    assert found["repairs"][0]["parts"][0]["best"]["distance_miles"] is None


def test_working_diagnostics_out_of_reach_block_though_the_part_is_there(world):
    world.repair.needs_diagnostics = True
    world.repair.save()
    world.offer()
    world.dealer.statuses.create(system="diagnostics", state="down", since=NOW, decided_at=NOW)
    world.vehicle("AA91AAA", SPRING)
    found = answer(world)
    assert [reason["code"] for reason in found["repairs"][0]["reasons"]] == ["no_diagnostics"]
    assert "diagnostics" in found["headline"]


def test_a_fault_nobody_has_mapped_is_unknown(world):
    world.vehicle("AA91AAA", "Something strange is loose")
    found = answer(world)
    assert found["repair_status"] == "unknown"
    assert found["repairs"][0]["reasons"][0]["code"] == "repair_unknown"


def test_advisories_are_shown_and_never_block(world):
    world.vehicle("AA91AAA", SPRING, {"text": SPRING, "type": "ADVISORY", "dangerous": False})
    world.offer()
    found = answer(world)
    assert found["repair_status"] == "repairable"
    assert [item["category"] for item in found["advisories"]] == ["advisory"]


def test_a_failed_car_with_a_running_certificate_may_be_driven_until_its_end(world):
    world.vehicle("AA91AAA", SPRING, passed_until="2026-12-02")
    found = answer(world)
    assert found["road"]["status"] == "may_drive_until"
    assert str(found["road"]["until"]) == "2026-12-02"


def test_a_dangerous_defect_means_do_not_drive_whatever_certificate_runs(world):
    world.vehicle("AA91AAA", {"text": SPRING, "type": "DANGEROUS", "dangerous": True}, passed_until="2026-12-02")
    assert answer(world)["road"]["status"] == "do_not_drive"


def test_a_car_that_passed_needs_no_repair(world):
    world.vehicle("AA91AAA")
    found = answer(world)
    assert (found["repair_status"], found["repairs"]) == ("no_repair_needed", [])
    assert found["road"]["status"] == "valid"


def test_an_unknown_plate_says_what_to_check(world):
    with pytest.raises(NotFoundError) as caught:
        look_up("ZZ99ZZZ", at=NOW)
    assert caught.value.code == "vehicle_not_found"


def test_a_plate_with_a_letter_o_for_a_zero_gets_a_suggestion(world):
    with pytest.raises(NotFoundError, match="AA90AAA"):
        look_up("AA9OAAA", at=NOW)


def test_a_text_that_is_no_plate_names_the_field(world):
    with pytest.raises(DomainError) as caught:
        look_up("!!", at=NOW)
    assert caught.value.code == "invalid_registration"
    assert "registration" in caught.value.fields


def test_many_plates_are_answered_in_order_each_with_its_own_error(world):
    world.offer()
    world.vehicle("AA91AAA", SPRING)
    world.vehicle("AA91AAB")
    world.decide()
    answers = look_up_many(["aa91aab", "nope", "AA91 AAA", "ZZ99ZZZ"], at=NOW)
    assert [a.code if isinstance(a, DomainError) else a["registration"] for a in answers] == [
        "AA91AAB",
        "invalid_registration",
        "AA91AAA",
        "vehicle_not_found",
    ]


def test_two_hundred_plates_take_as_many_queries_as_one(world, django_assert_num_queries):
    world.offer()
    plates = [f"AA91{chr(65 + n // 26)}{chr(65 + n % 26)}A" for n in range(40)]
    for plate in plates:
        world.vehicle(plate, SPRING)
    world.decide()
    with django_assert_num_queries(2):
        look_up_many(plates, at=NOW)
    with django_assert_num_queries(2):
        look_up_many(plates[:1], at=NOW)


def test_a_part_in_stock_out_of_reach_is_in_stock_and_the_answer_says_where_and_how_far(world):
    world.offer(dealer=world.dealer, reach=mask(4))
    world.vehicle("AA91AAA", SPRING)
    [repair] = answer(world, postcode="EH1")["repairs"]
    [part] = repair["parts"]
    assert (part["availability"], part["best"], part["expected_on"]) == ("in_stock", None, None)
    assert part["elsewhere"]["dealer_name"] == "Leicester Test"
    assert 200 < part["elsewhere"]["distance_miles"] < 300
    assert "at Leicester Test, about" in repair["reasons"][0]["detail"]
    assert "nobody delivers it to Scotland" in repair["reasons"][0]["detail"]


def test_a_part_that_can_be_had_here_names_no_stock_elsewhere(world):
    world.offer(dealer=world.dealer, reach=mask(4))
    world.vehicle("AA91AAA", SPRING)
    [part] = answer(world, postcode="LE4")["repairs"][0]["parts"]
    assert part["best"] is not None
    assert part["elsewhere"] is None


def test_a_part_listed_as_gone_by_a_source_out_of_reach_is_out_of_stock_not_unlisted(world):
    world.offer(dealer=world.dealer, reach=mask(4), quantity=0, availability="out_of_stock")
    world.vehicle("AA91AAA", SPRING)
    [part] = answer(world, postcode="EH1")["repairs"][0]["parts"]
    assert part["availability"] == "out_of_stock"


def test_of_parts_nobody_sends_here_one_in_stock_is_named_before_the_genuine_one(world):
    other = world.new_part("AB1", "Coil spring", grade="aftermarket")
    RequirementPart.objects.create(requirement=Requirement.objects.get(), part=other)
    world.offer(quantity=0, availability="out_of_stock")
    world.offer(other, dealer=world.dealer, reach=mask(4))
    world.vehicle("AA91AAA", SPRING)
    [part] = answer(world, postcode="EH1")["repairs"][0]["parts"]
    assert part["part_number"] == "AB1"
    assert [one["part_number"] for one in part["alternatives"]] == ["LR123456"]


@pytest.mark.parametrize(("availability", "shown"), [("in_stock", None), ("on_backorder", date(2026, 12, 24))])
def test_a_date_is_expected_only_of_what_is_not_in_stock(world, availability, shown):
    world.offer(availability=availability, quantity=3 if availability == "in_stock" else 0, expected_on="2026-12-24")
    world.offer(availability="on_backorder", quantity=0, expected_on="2026-12-24")
    world.vehicle("AA91AAA", SPRING)
    [part] = answer(world)["repairs"][0]["parts"]
    assert (part["availability"], part["expected_on"]) == (availability, shown)


@pytest.mark.parametrize(
    ("region", "postcode", "until"),
    [
        (11, None, "2028-05-09"),
        (4, None, "2027-05-09"),
        (12, "BT1", "2028-05-09"),
        (12, None, "2027-05-09"),
        (4, "BT1", "2027-05-09"),
    ],
)
def test_a_new_car_needs_its_first_mot_after_four_years_in_northern_ireland(world, region, postcode, until):
    Vehicle.objects.create(
        registration="AA91AAA", model=world.model, region=region, registered_on="2024-05-10", first_used_on="2024-05-10"
    )
    road = answer(world, postcode=postcode)["road"]
    assert (road["status"], str(road["until"])) == ("not_due", until)


def test_an_unknown_plate_costs_the_queries_of_a_known_one(world, django_assert_num_queries):
    world.offer()
    world.vehicle("AA91AAA", SPRING)
    world.vehicle("AA91AAB")
    world.decide()
    for plate in ("AA91AAA", "AA91AAB", "ZZ99ZZZ", "AA9OAAA"):
        with django_assert_num_queries(2):
            look_up_many([plate], at=NOW)
