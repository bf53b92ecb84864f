from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from garagehub.lib.geography import ALL_REGIONS, UK, has, mask, reach_of
from parts.blocking import rules
from parts.blocking.rules import NOWHERE, Masks, Readiness, Reason, Systems, Verdict
from parts.blocking.world import Branch, Dealer, Defect, Kind, Offer, Override, Repair, Supplier, Vehicle

AT = datetime(2026, 9, 1, 8, tzinfo=UTC)
SCOTLAND, NORTH_EAST, LONDON, NORTHERN_IRELAND = 0, 1, 7, 11
FRESH = Supplier(1, AT - timedelta(minutes=5), 3_600, 21_600, brands=frozenset({1}))
STALE = replace(FRESH, confirmed_at=AT - timedelta(hours=2))
DEAD = replace(FRESH, confirmed_at=AT - timedelta(days=2))
NEVER = replace(FRESH, confirmed_at=None)
DEALER = Dealer(1, SCOTLAND, makes=frozenset({1}))
EVERYWHERE = Masks(ALL_REGIONS, ALL_REGIONS, ALL_REGIONS)
ONLY_POSSIBLE = Masks(0, ALL_REGIONS, 0)
UP = Systems(ALL_REGIONS, ALL_REGIONS, ALL_REGIONS)
REPAIR = Repair(1, kind=1, model=1)


def down(*systems):
    return replace(DEALER, down=frozenset(systems))


def reach(supplier, dealer=None, **branch):
    return rules.branch_reach(Branch(1, 1, dealer=dealer and dealer.id, **branch), supplier, dealer, at=AT)


def offered(quantity, *offers, where=EVERYWHERE):
    return rules.part_masks([Offer(1, 1, *offer) for offer in offers], {1: where}, quantity)


def test_a_fresh_source_is_ready_possible_and_stocked_where_it_delivers():
    assert reach(FRESH, reach=mask(LONDON)) == Masks(mask(LONDON), mask(LONDON), mask(LONDON))


@pytest.mark.parametrize("supplier", [STALE, DEAD, NEVER])
def test_a_source_that_is_not_fresh_is_only_possible(supplier):
    assert reach(supplier) == ONLY_POSSIBLE


def test_a_source_is_stale_from_its_very_second():
    on_the_dot = replace(FRESH, confirmed_at=AT - timedelta(seconds=3_600))

    assert not rules.is_fresh(on_the_dot, at=AT)
    assert rules.is_fresh(on_the_dot, at=AT - timedelta(microseconds=1))


@pytest.mark.parametrize("system", ["parts_ordering", "parts_distribution"])
def test_a_dealers_branch_needs_its_ordering_and_its_distribution(system):
    assert reach(FRESH, down(system), tier="branch") == Masks(0, 0, ALL_REGIONS)


@pytest.mark.parametrize("system", ["parts_ordering", "parts_distribution"])
def test_shelf_stock_needs_nobody_and_serves_its_own_region(system):
    own = mask(SCOTLAND)

    assert reach(FRESH, down(system), tier="shelf") == Masks(own, own, own)


def test_a_shelf_that_does_not_deliver_to_its_own_region_serves_nobody():
    assert reach(FRESH, DEALER, tier="shelf", reach=mask(LONDON)) == NOWHERE


def test_a_dealer_that_is_not_active_supplies_nobody():
    assert reach(FRESH, replace(DEALER, is_active=False), tier="shelf") == NOWHERE


def test_other_systems_do_not_stop_an_order():
    assert reach(FRESH, down("diagnostics", "parts_catalogue"), tier="central") == EVERYWHERE


def test_a_brand_is_covered_by_one_fresh_source_that_lists_it():
    assert rules.is_covered(1, [STALE, FRESH], at=AT)
    assert not rules.is_covered(1, [STALE, DEAD], at=AT)
    assert not rules.is_covered(2, [FRESH], at=AT)


def test_a_make_is_reached_in_its_dealers_regions_and_those_bordering():
    found = rules.make_reach(1, [DEALER, replace(DEALER, id=2, region=LONDON, down=frozenset({"diagnostics"}))])

    assert found.diagnostics == reach_of(SCOTLAND)
    assert found.programming == reach_of(SCOTLAND) | reach_of(LONDON)


def test_a_make_without_a_dealer_is_reached_nowhere():
    assert rules.make_reach(2, [DEALER]) == Systems(0, 0, 0)
    assert rules.make_reach(1, [replace(DEALER, is_active=False)]) == Systems(0, 0, 0)


def test_stock_counts_up_to_its_quantity():
    assert offered(3, ("in_stock", 3)) == EVERYWHERE
    assert offered(4, ("in_stock", 3)) == NOWHERE


def test_quantities_of_two_offers_do_not_add_up():
    assert offered(2, ("in_stock", 1), ("in_stock", 1)) == NOWHERE


def test_a_quantity_not_said_is_one_for_certain_and_more_perhaps():
    assert offered(1, ("limited", None)) == EVERYWHERE
    assert offered(2, ("limited", None)) == ONLY_POSSIBLE


def test_in_stock_with_quantity_nought_is_nothing():
    assert offered(1, ("in_stock", 0)) == NOWHERE


def test_availability_unknown_is_perhaps_any_number():
    assert offered(4, ("unknown", 0)) == ONLY_POSSIBLE


@pytest.mark.parametrize("word", ["on_backorder", "out_of_stock", "not_listed"])
def test_a_fresh_source_that_has_none_is_believed(word):
    assert offered(1, (word, 5)) == NOWHERE


@pytest.mark.parametrize("word", ["in_stock", "out_of_stock", "not_listed"])
def test_what_a_stale_source_says_is_perhaps_whatever_it_says(word):
    assert offered(4, (word, 0), where=ONLY_POSSIBLE) == ONLY_POSSIBLE


def test_stock_that_cannot_be_ordered_is_only_stocked():
    assert offered(1, ("in_stock", 1), where=Masks(0, 0, ALL_REGIONS)) == Masks(0, 0, ALL_REGIONS)


def word(kind, *regions, until=AT + timedelta(days=1)):
    return Override(kind, 1, mask(*regions) if regions else ALL_REGIONS, until)


def test_an_admin_can_say_that_a_part_is_to_be_had():
    tiers, _ = rules.availability([], {}, [word("part_obtainable", LONDON)], at=AT)

    assert tiers == [Masks(mask(LONDON), mask(LONDON), mask(LONDON))] * 4


def test_an_admins_no_is_stronger_than_stock_and_than_a_yes():
    offers = [Offer(1, 1, "in_stock", 9)]
    words = [word("part_obtainable"), word("part_unobtainable", LONDON)]

    tiers, no = rules.availability(offers, {1: EVERYWHERE}, words, at=AT)

    assert not has(tiers[0].possible, LONDON)
    assert has(tiers[0].ready, SCOTLAND)
    assert has(tiers[0].ready, UK)
    assert no == mask(LONDON) & rules.EACH_REGION


def test_barred_where_it_was_to_be_had_it_is_to_be_had_nowhere():
    where = Masks(mask(LONDON), mask(LONDON), mask(LONDON))

    tiers, _ = rules.availability([Offer(1, 1, "in_stock", 1)], {1: where}, [word("part_unobtainable", LONDON)], at=AT)

    assert tiers[0] == NOWHERE


def test_a_word_that_ran_out_says_nothing():
    tiers, no = rules.availability(
        [], {}, [word("part_obtainable", until=AT), word("part_unobtainable", until=AT)], at=AT
    )

    assert tiers == [NOWHERE] * 4
    assert no == 0


def test_a_part_of_a_brand_nobody_covers_is_possible_unless_an_admin_bars_it():
    tiers = [NOWHERE] * 4

    assert rules.option_masks(1, tiers, 0, is_brand_covered=False) == ONLY_POSSIBLE
    assert rules.option_masks(1, tiers, 0, is_brand_covered=True) == NOWHERE
    assert rules.option_masks(1, tiers, ALL_REGIONS, is_brand_covered=False) == NOWHERE


def test_more_than_four_is_never_certain():
    assert rules.option_masks(5, [EVERYWHERE] * 4, 0, is_brand_covered=True) == EVERYWHERE._replace(ready=0)


def test_any_one_option_meets_a_requirement():
    assert rules.requirement_masks([[NOWHERE], [EVERYWHERE]], by_vin=False) == EVERYWHERE


def test_parts_of_a_bundle_are_needed_together():
    assert rules.requirement_masks([[NOWHERE, EVERYWHERE]], by_vin=False) == NOWHERE


def test_chosen_by_vin_it_is_certain_only_where_all_options_are():
    found = rules.requirement_masks([[NOWHERE], [EVERYWHERE]], by_vin=True)

    assert found == EVERYWHERE._replace(ready=0)


def test_a_requirement_without_a_known_part_is_possible_and_never_certain():
    assert rules.requirement_masks([], by_vin=False) == ONLY_POSSIBLE


def readiness(repair=REPAIR, requirements=(), systems=UP, overrides=()):
    return rules.readiness(repair, list(requirements), systems, overrides, at=AT)


def test_a_repair_needs_all_its_requirements():
    assert readiness(requirements=[(EVERYWHERE, False), (NOWHERE, False)]).possible == 0
    assert readiness(requirements=[(EVERYWHERE, False), (EVERYWHERE, False)]).ready == ALL_REGIONS


def test_a_repair_without_requirements_needs_no_part():
    assert readiness().ready == ALL_REGIONS


def test_the_catalogue_being_down_blocks_only_what_must_be_identified():
    nowhere = UP._replace(catalogue=0)

    assert readiness(requirements=[(EVERYWHERE, False)], systems=nowhere).ready == ALL_REGIONS
    assert readiness(requirements=[(EVERYWHERE, True)], systems=nowhere).possible == 0


def test_diagnostics_and_programming_are_needed_only_by_repairs_that_need_them():
    nobody = UP._replace(diagnostics=0, programming=0)

    assert readiness(systems=nobody).ready == ALL_REGIONS
    assert readiness(replace(REPAIR, needs_diagnostics=True), systems=nobody).possible == 0
    assert readiness(replace(REPAIR, needs_programming=True), systems=nobody).possible == 0


def test_an_admin_can_say_that_a_repair_is_impossible_somewhere():
    found = readiness(overrides=[word("repair_impossible", LONDON)])

    assert rules.reasons(found, LONDON) == Reason.PART_NOT_IN_REGION
    assert rules.reasons(found, SCOTLAND) == 0
    assert rules.reasons(readiness(overrides=[word("repair_impossible")]), LONDON) == Reason.PART_UNAVAILABLE


def named(parts, region=LONDON):
    return rules.reasons(Readiness(0, 0, parts, ALL_REGIONS, ALL_REGIONS, ALL_REGIONS), region)


def test_each_reason_is_named_for_what_stands_in_the_way():
    scottish = mask(SCOTLAND)

    assert named(EVERYWHERE) == 0
    assert named(ONLY_POSSIBLE) == Reason.AVAILABILITY_UNKNOWN
    assert named(NOWHERE) == Reason.PART_UNAVAILABLE
    assert named(Masks(scottish, scottish, scottish)) == Reason.PART_NOT_IN_REGION
    assert named(Masks(0, 0, ALL_REGIONS)) == Reason.CANNOT_ORDER
    assert named(Masks(0, 0, scottish)) == Reason.CANNOT_ORDER
    assert named(Masks(0, scottish, mask(LONDON))) == Reason.CANNOT_ORDER


def test_every_system_that_is_missing_is_named():
    found = Readiness(0, 0, EVERYWHERE, 0, 0, 0)

    assert rules.reasons(found, LONDON) == (Reason.CANNOT_IDENTIFY_PART | Reason.NO_DIAGNOSTICS | Reason.NO_PROGRAMMING)


def test_a_vehicle_whose_place_is_not_known_is_decided_for_anywhere():
    scottish = mask(SCOTLAND)

    assert named(Masks(scottish, scottish, scottish), UK) == 0
    assert named(NOWHERE, UK) == Reason.PART_UNAVAILABLE


def need(defect, kind, repairs=()):
    by_key = {(repair.kind, repair.model, repair.position): [repair] for repair in repairs}
    return rules.need(defect, Vehicle(1, 1, LONDON), kind, by_key, {})


FAILED = Defect(1, 1, "current", "5.3.1", "front")
ADVISED = replace(FAILED, is_failing=False)


def test_a_repair_is_found_by_kind_model_and_axle():
    front = replace(REPAIR, position="front")

    assert need(FAILED, Kind(1, "axle"), [front]).repair == front.id
    assert need(replace(FAILED, longitudinal=""), Kind(1, "axle"), [front]).repair is None
    assert need(FAILED, Kind(1), [REPAIR]).repair == REPAIR.id


def test_a_fail_that_nobody_can_map_is_a_repair_unknown_and_an_advisory_is_nothing():
    assert need(FAILED, None).repair is None
    assert rules.reasons(None, LONDON) == Reason.REPAIR_UNKNOWN
    assert need(ADVISED, None) is None


def test_a_fail_that_needs_no_part_and_no_system_stands_in_nobodys_way():
    found = need(FAILED, Kind(1, needs_nothing=True))

    assert found.needs_nothing
    assert rules.reasons(None, LONDON, needs_nothing=True) == 0


def test_the_verdict_is_blocked_before_unknown_before_repairable():
    assert rules.verdict(Reason.NO_DIAGNOSTICS | Reason.REPAIR_UNKNOWN, has_failed=True) == Verdict.BLOCKED
    assert rules.verdict(Reason.AVAILABILITY_UNKNOWN, has_failed=True) == Verdict.UNKNOWN
    assert rules.verdict(Reason(0), has_failed=True) == Verdict.REPAIRABLE
    assert rules.verdict(Reason(0), has_failed=False) == Verdict.NO_REPAIR_NEEDED
