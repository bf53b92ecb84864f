"""One box for parts and cars."""

from __future__ import annotations

import pytest

from garagehub.lib.errors import NotFoundError
from parts.catalogue.models import Brand, Requirement, RequirementPart, Supersession
from parts.catalogue.supersession import save_supersession
from parts.lookup.dossier import dossier
from parts.lookup.finding import PER_PAGE, find
from parts.stock.models import OfferChange
from parts.vehicles.models import Vehicle
from tests.parts.lookup.world import NOW, SPRING

pytestmark = pytest.mark.django_db


def numbers(found) -> list[str]:
    return [row["part_number"] for row in found.parts]


def test_parts_are_found_by_number_by_its_beginning_and_by_words(world):
    world.new_part("LR1234567", "Track rod end")
    world.offer()
    world.decide()

    assert numbers(find("lr 123-456", at=NOW)) == ["LR123456", "LR1234567"]
    assert numbers(find("front springs", at=NOW)) == ["LR123456"]
    assert numbers(find("land track", at=NOW)) == ["LR1234567"]
    assert numbers(find("the spring for", at=NOW)) == ["LR123456"]
    assert numbers(find("no such thing", at=NOW)) == []
    assert numbers(find("%", at=NOW)) == []
    [row] = find("coil", at=NOW).parts
    assert (row["can_be_had"], row["best"]["supplier"]) == (True, "Acme Parts")


@pytest.mark.parametrize("typed", ["aa91 aaa", "KH123456", "SALVA2BG8KH123456"])
def test_cars_are_found_by_plate_by_vin_and_by_its_end(world, typed):
    world.vehicle("AA91AAA", SPRING)
    world.vehicle("AA92AAA")
    Vehicle.objects.filter(registration="AA91AAA").update(vin_last8="KH123456")
    world.decide()

    assert [car["registration"] for car in find(typed, at=NOW).cars] == ["AA91AAA"]


def test_a_page_takes_as_many_queries_however_much_is_on_it(world, django_assert_num_queries):
    world.decide()
    with django_assert_num_queries(7):
        find("coil", at=NOW)
    for number in range(PER_PAGE + 5):
        world.offer(world.new_part(f"XR{number:03}", f"Coil number {number}"))
    world.decide()

    with django_assert_num_queries(7):
        found = find("coil", at=NOW)
    assert len(found.parts) == PER_PAGE
    assert found.page.paginator.count == PER_PAGE + 6
    assert len(find("coil", page=99, at=NOW).parts) == 6


def test_all_that_is_known_of_a_part(world):
    other = world.new_part("OE-1", "Coil spring", brand=Brand.objects.create(name="OAKWATER", slug="o"), grade="oe")
    RequirementPart.objects.create(requirement=Requirement.objects.get(), part=other)
    have, none = world.offer(quantity=4), world.offer(quantity=0, availability="out_of_stock")
    old = world.offer(other, supplier=world.new_supplier("dusty", "Dusty Parts", age=NOW - NOW.replace(day=1)))
    world.vehicle("AA91AAA", SPRING)
    world.decide()

    known = dossier("lr123456", brand="LAND ROVER", postcode="LE4", at=NOW)

    assert [(one.supplier, one.quantity, one.freshness) for one in known.having] == [("Acme Parts", 4, "fresh")]
    assert [one.quantity for one in known.without] == [0]
    assert (known.scarcity.needing, known.scarcity.pieces) == (1, 4)
    assert known.past is None
    assert known.chart is None
    assert [(grade, [one.part_number for one in those]) for grade, those in known.alternatives.items()] == [
        ("Original maker", ["OE-1"])
    ]
    [instead] = known.alternatives["Original maker"]
    assert (instead.is_ready, instead.fits_all) == (False, True)
    assert {have.branch_id, none.branch_id, old.branch_id}


def test_a_part_of_that_number_by_another_brand_is_not_it(world):
    with pytest.raises(NotFoundError):
        dossier("LR123456", brand="OAKWATER", at=NOW)


def test_what_replaces_a_part_is_named(world):
    save_supersession(Supersession(old=world.part, new=world.new_part("LR999999", "Coil spring, front")))
    world.decide()

    row = dossier("LR123456", brand="LAND ROVER", at=NOW).row
    assert [(one["relation"], one["part_number"]) for one in row["alternatives"]] == [("replaces", "LR999999")]


def test_a_past_is_drawn_from_its_first_change_to_now(world):
    offer = world.offer(quantity=4)
    OfferChange.objects.create(
        at=NOW.replace(day=20), branch=offer.branch, part=world.part,
        availability_before="in_stock", availability_after="in_stock", quantity_before=1, quantity_after=4,
    )  # fmt: skip
    world.decide()

    chart = dossier("LR123456", brand="LAND ROVER", at=NOW).chart
    assert (chart.first.pieces, chart.last.pieces, chart.most) == (4, 4, 4)
    assert chart.points.startswith("0.0,0.0 150.0,")
