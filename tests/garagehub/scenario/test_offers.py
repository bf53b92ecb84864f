"""The suppliers' stock: repeatable, in the feed's shape, emptying and filling with the timeline."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from garagehub.scenario.catalogue import demo_catalogue
from garagehub.scenario.dealers import demo_dealers
from garagehub.scenario.offers import SUPPLIERS, WANTED, supplier_offers
from garagehub.scenario.suppliers import DEALER_NETWORK, DISTRIBUTOR, MOTOR_FACTOR, demo_branches
from garagehub.scenario.timeline import AGE_ON_LOAD, OVER_AFTER, Timeline

STARTED_AT = datetime(2026, 11, 10, tzinfo=UTC)
LOADED_AT = STARTED_AT + AGE_ON_LOAD
TIMELINE = Timeline(STARTED_AT)
FIELDS = {
    "part_number", "brand", "branch", "quantity", "availability", "lifecycle", "price_pence", "currency",
    "lead_time_days", "expected_on", "grade", "replaces", "seq",
}  # fmt: skip


def offers(supplier, at=LOADED_AT, seed=1):
    return supplier_offers(supplier, seed=seed, at=at, timeline=TIMELINE)


def stocked(supplier, at):
    lines = offers(supplier, at)
    return sum(bool(line["quantity"]) for line in lines) / len(lines)


@pytest.mark.parametrize("supplier", SUPPLIERS, ids=lambda supplier: supplier.code)
def test_lines_have_the_feeds_shape_and_unique_keys(supplier):
    lines = offers(supplier)
    assert all(set(line) == FIELDS for line in lines)
    keys = Counter((line["part_number"], line["brand"], line["branch"]) for line in lines)
    assert max(keys.values()) == 1
    assert {line["brand"] for line in lines} <= set(supplier.brands)
    places = {branch.code for branch in demo_branches(supplier, seed=1)}
    assert {line["branch"] for line in lines} <= places


def test_there_are_tens_of_thousands_of_lines():
    assert 20_000 < sum(len(offers(supplier)) for supplier in SUPPLIERS) < 40_000


@pytest.mark.parametrize("supplier", SUPPLIERS, ids=lambda supplier: supplier.code)
def test_quantity_and_availability_agree(supplier):
    for line in offers(supplier):
        if line["availability"] in {"in_stock", "limited"}:
            assert line["quantity"] >= 1
        elif line["availability"] == "unknown":
            assert line["quantity"] is None
        else:
            assert line["quantity"] == 0
        assert (line["expected_on"] is not None) == (line["availability"] == "on_backorder")


@pytest.mark.parametrize("supplier", SUPPLIERS, ids=lambda supplier: supplier.code)
def test_a_poll_later_a_few_lines_changed_and_their_sequence_grew(supplier):
    before, after = offers(supplier), offers(supplier, LOADED_AT + timedelta(minutes=5))
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert 0 < len(changed) < len(before) / 50
    assert all(new["seq"] > old["seq"] for old, new in changed)
    assert all(new["seq"] <= (LOADED_AT + timedelta(minutes=5)).timestamp() for _, new in changed)


def test_shelves_empty_in_the_outage_and_fill_again():
    before, late, after = (
        stocked(DEALER_NETWORK, at) for at in (STARTED_AT - timedelta(days=1), LOADED_AT, STARTED_AT + OVER_AFTER)
    )
    assert late < before / 2
    assert after == pytest.approx(before, abs=0.02)


def test_the_motor_factor_does_not_notice():
    assert stocked(MOTOR_FACTOR, LOADED_AT) == pytest.approx(
        stocked(MOTOR_FACTOR, STARTED_AT - timedelta(days=5)), abs=0.03
    )


def test_the_parts_centre_promises_nothing_before_it_is_back():
    dates = [line["expected_on"] for line in offers(DISTRIBUTOR) if line["branch"] == "CENTRE" and line["expected_on"]]
    assert len(dates) > 1_000
    assert min(dates) >= (STARTED_AT + timedelta(days=30)).date().isoformat()


def test_the_example_cars_spring_is_to_be_had_nowhere():
    catalogue = demo_catalogue(1)
    numbers = {
        number
        for repair in catalogue.repairs
        if (repair.kind, repair.make, repair.model, repair.position) == WANTED
        for requirement in repair.requirements
        for number in requirement.part_numbers
    }
    assert numbers
    lines = [line for supplier in SUPPLIERS for line in offers(supplier) if line["part_number"] in numbers]
    assert lines
    assert all(line["quantity"] == 0 for line in lines)


def test_dealers_places_carry_the_dealers_code():
    codes = {place.code for place in demo_dealers(1)}
    for supplier in (DISTRIBUTOR, DEALER_NETWORK):
        assert {branch.dealer_code for branch in demo_branches(supplier, seed=1)} - {""} <= codes
    assert not any(branch.dealer_code for branch in demo_branches(MOTOR_FACTOR, seed=1))
