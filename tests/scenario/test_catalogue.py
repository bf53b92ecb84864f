"""The demonstration catalogue hangs together."""

from __future__ import annotations

from collections import Counter

from garagehub.scenario.catalogue import AMBIGUOUS_NUMBER, demo_catalogue
from garagehub.scenario.models import MODELS

CATALOGUE = demo_catalogue(7)


def test_the_same_seed_gives_the_same_catalogue_and_another_seed_another():
    assert demo_catalogue(7) == CATALOGUE
    assert demo_catalogue(8) != CATALOGUE


def test_every_number_is_one_part_but_the_ambiguous_one():
    counts = Counter(part.number for part in CATALOGUE.parts)

    assert {number for number, count in counts.items() if count > 1} == {AMBIGUOUS_NUMBER}


def test_every_number_a_repair_or_a_supersession_names_is_a_part():
    numbers = {part.number for part in CATALOGUE.parts}

    assert {n for r in CATALOGUE.repairs for need in r.requirements for n in need.part_numbers} <= numbers
    assert {n for s in CATALOGUE.supersessions for n in (s.old, s.new)} <= numbers


def test_a_repair_is_listed_once_and_every_requirement_has_a_part():
    keys = Counter((r.kind, r.make, r.model, r.position, r.year_from) for r in CATALOGUE.repairs)

    assert max(keys.values()) == 1
    assert all(need.part_numbers for repair in CATALOGUE.repairs for need in repair.requirements)


def test_every_model_is_covered_and_nothing_replaces_itself_in_a_circle():
    assert {(r.make, r.model) for r in CATALOGUE.repairs} == {(m.make, m.name) for m in MODELS}
    # Each new number is made after the old one, so a circle would need a number made before.
    order = {part.number: place for place, part in enumerate(CATALOGUE.parts)}
    assert all(order[s.old] < order[s.new] for s in CATALOGUE.supersessions)


def test_it_holds_sets_pairs_and_choices_by_vin():
    assert any(s.kind == "and" for s in CATALOGUE.supersessions)
    assert any(s.ratio == 2 for s in CATALOGUE.supersessions)
    assert any(s.direction == "full" for s in CATALOGUE.supersessions)
    assert any(need.by_vin and len(need.part_numbers) > 1 for r in CATALOGUE.repairs for need in r.requirements)
    assert any(need.ranges and not need.by_vin for r in CATALOGUE.repairs for need in r.requirements)


def test_new_cars_need_the_maker_for_electronics_and_old_ones_do_not():
    def needs(make: str, model: str, kind: str, year: int) -> tuple[bool, bool]:
        [repair] = {
            (r.needs_diagnostics, r.needs_programming)
            for r in CATALOGUE.repairs
            if (r.make, r.model, r.kind) == (make, model, kind) and (r.year_from or 0) <= year <= (r.year_to or 9999)
        }
        return repair

    assert needs("LAND ROVER", "RANGE ROVER EVOQUE", "headlamp-unit", 2021) == (True, True)
    assert needs("LAND ROVER", "RANGE ROVER EVOQUE", "headlamp-unit", 2020) == (True, False)
    assert needs("LAND ROVER", "RANGE ROVER EVOQUE", "headlamp-unit", 2016) == (False, False)
    assert needs("LAND ROVER", "DISCOVERY 4", "headlamp-unit", 2017) == (True, False)
    assert needs("LAND ROVER", "FREELANDER 2", "headlamp-unit", 2015) == (False, False)
    assert needs("LAND ROVER", "RANGE ROVER EVOQUE", "coil-spring", 2023) == (False, False)


def test_an_electric_car_has_no_exhaust():
    kinds = {r.kind for r in CATALOGUE.repairs if r.model == "I-PACE"}

    assert not kinds & {"exhaust", "catalyst", "diesel-particulate-filter", "engine-management"}
