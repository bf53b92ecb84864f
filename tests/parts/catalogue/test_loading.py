"""Catalogues and repair files go in whole, once, and with their mistakes named."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from dealers.models import Make
from garagehub.scenario.catalogue import demo_catalogue
from parts.catalogue.loading import RepairFileError, ensure_brands, load_catalogue, load_repairs
from parts.catalogue.models import Part, PartNumber, Repair, Requirement, RequirementPart, Supersession
from parts.catalogue.repair_file import COLUMNS, read_repairs
from parts.vehicles.models import VehicleModel
from tests.parts.catalogue.conftest import make_part

pytestmark = pytest.mark.django_db

HEADER = ",".join(COLUMNS)
SPRING = "coil-spring,LAND ROVER,RANGE ROVER EVOQUE,front,no,no,Coil spring,1,no,{brand},{number},Coil spring,{grade}"


@pytest.fixture
def land_rover():
    return Make.objects.create(name="LAND ROVER", slug="land-rover")


def spring(number="LR1", brand="Land Rover", grade="genuine"):
    return SPRING.format(number=number, brand=brand, grade=grade)


def test_the_demonstration_catalogue_loads_and_loading_it_again_changes_nothing(
    take_marks, django_assert_max_num_queries
):
    catalogue = demo_catalogue(1)

    with django_assert_max_num_queries(60):
        counts = load_catalogue(catalogue, is_demo=True)

    assert counts["parts"] == Part.objects.count() == PartNumber.objects.count() == len(catalogue.parts)
    assert counts["repairs_changed"] == Repair.objects.count() == len(catalogue.repairs)
    assert Supersession.objects.count() == len(catalogue.supersessions)
    assert counts["supersessions_refused"] == 0
    assert Part.objects.filter(is_demo=True).count() == len(catalogue.parts)
    assert {key for kind, key in take_marks() if kind == "r"} == set(Repair.objects.values_list("id", flat=True))

    again = load_catalogue(catalogue, is_demo=True)

    assert again["repairs_changed"] == 0
    assert not take_marks()


def test_what_a_repair_needs_is_stored_as_the_catalogue_says():
    catalogue = demo_catalogue(1)
    load_catalogue(catalogue, is_demo=True)
    discs = next(r for r in catalogue.repairs if (r.kind, r.model, r.position) == ("brake-discs", "DISCOVERY", "rear"))

    stored = Repair.objects.get(kind__slug="brake-discs", model__name="DISCOVERY", position="rear")

    assert {
        (
            need.name,
            need.quantity,
            need.by_vin,
            frozenset(PartNumber.objects.filter(part__requirements__requirement=need).values_list("raw", flat=True)),
        )
        for need in stored.requirements.all()
    } == {(n.name, n.quantity, n.by_vin, frozenset(n.part_numbers)) for n in discs.requirements}


def test_a_file_of_repairs_goes_in(land_rover, take_marks):
    counts, errors = load_repairs(
        [
            HEADER,
            spring("LR 023-964"),
            spring("PB 1", "Pennine Brake", "aftermarket"),
            "brake-discs,land rover,range rover evoque,rear,yes,no,Brake disc,2,yes,Land Rover,LR9,,",
        ]
    )

    assert (errors, counts) == ([], {"parts": 3, "repairs": 2, "repairs_changed": 2, "errors": 0})
    front = Repair.objects.get(position="front")
    assert front.requirements.get().options.count() == 2
    rear = Repair.objects.get(position="rear")
    assert rear.needs_diagnostics
    assert (rear.requirements.get().quantity, rear.requirements.get().by_vin) == (2, True)
    assert VehicleModel.objects.get().name == "RANGE ROVER EVOQUE"
    assert sum(take_marks().values()) == 2


def test_only_what_changed_is_written_and_marked(land_rover, take_marks):
    other = spring("LR2").replace("front", "rear")
    load_repairs([HEADER, spring("LR1"), other])
    kept = Requirement.objects.get(repair__position="rear").pk
    take_marks()

    load_repairs([HEADER, spring("LR1").replace(",no,no,Coil", ",yes,no,Coil"), other])

    assert take_marks() == {("r", Repair.objects.get(position="front").pk): 1}
    assert Requirement.objects.get(repair__position="rear").pk == kept

    load_repairs([HEADER, spring("LR3").replace(",no,no,Coil", ",yes,no,Coil")])

    assert take_marks() == {("r", Repair.objects.get(position="front").pk): 1}
    assert RequirementPart.objects.filter(requirement__repair__position="front").count() == 1


def test_a_part_a_feed_knows_already_is_used_not_doubled(land_rover):
    known = make_part("LR-1")

    load_repairs([HEADER, spring("LR1")])

    assert Part.objects.get() == known
    assert RequirementPart.objects.get().part == known


def test_every_mistake_is_named_and_nothing_goes_in(land_rover):
    lines = [
        HEADER,
        spring(),
        "spring,LANDROVER,,side,perhaps,no,,5,no,,-,text,old",
        spring() + ",more",
    ]

    with pytest.raises(RepairFileError) as caught:
        load_repairs(lines)

    assert [(error.line, error.column) for error in caught.value.errors] == [
        (3, "brand"),
        (3, "grade"),
        (3, "kind"),
        (3, "make"),
        (3, "model"),
        (3, "needs_diagnostics"),
        (3, "part_number"),
        (3, "position"),
        (3, "quantity"),
        (3, "requirement"),
        (4, ""),
    ]
    assert "line 3, kind: 'spring' is not a repair kind" in caught.value.fields["file"]
    assert not Repair.objects.exists()
    assert not Part.objects.exists()


def test_lines_of_one_repair_must_agree(land_rover):
    lines = [
        HEADER,
        spring("LR1"),
        spring("LR2").replace(",1,no", ",2,no"),
        spring("LR3").replace(",no,no,", ",yes,no,"),
    ]

    with pytest.raises(RepairFileError) as caught:
        load_repairs(lines)

    assert [str(error) for error in caught.value.errors] == [
        "line 3, quantity: differs from line 2 of the same requirement",
        "line 4, needs_diagnostics: differs from line 2 of the same repair",
    ]


def test_in_part_only_whole_repairs_go_in(land_rover):
    lines = [HEADER, spring("LR1"), spring("LR2").replace(",1,no", ",9,no"), spring("LR3").replace("front", "rear")]

    counts, errors = load_repairs(lines, partial=True)

    assert counts["repairs"] == 1
    assert [error.line for error in errors] == [3]
    assert Repair.objects.get().position == "rear"


@given(st.lists(st.text(max_size=60), max_size=6))
def test_any_text_is_read_or_refused_but_never_crashes(lines):
    file = read_repairs([HEADER, *lines], kinds={"coil-spring"}, makes={"LAND ROVER"})

    assert file.repairs == []


def test_names_with_one_slug_stay_two_brands():
    ids = ensure_brands(["A & B", "A B", "\N{CJK UNIFIED IDEOGRAPH-4E00}", "\N{CJK UNIFIED IDEOGRAPH-4E01}"])

    assert len(set(ids.values())) == 4
    assert ensure_brands(["A B", "a b"])["A B"] == ids["A B"]


@pytest.mark.parametrize("lines", [[], ["kind,make"], [HEADER, '"unclosed']])
def test_a_file_that_is_no_such_file_is_refused(land_rover, lines):
    with pytest.raises(RepairFileError):
        load_repairs(lines)


def test_the_command_prints_counts_last_and_names_mistakes(land_rover, tmp_path, capsys):
    path = tmp_path / "repairs.csv"
    path.write_text(f"\ufeff{HEADER}\r\n{spring()}", encoding="utf-8")

    call_command("load_repairs", str(path))
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["repairs"] == 1

    path.write_text("\n".join([HEADER, spring().replace("coil-spring", "spring")]), encoding="utf-8")
    with pytest.raises(CommandError, match="line 2, kind"):
        call_command("load_repairs", str(path))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("load_repairs", str(tmp_path / "missing.csv"))


YEARS_HEADER = f"{HEADER},year_from,year_to,chassis_from,chassis_to"


def test_repairs_differ_by_year_and_parts_by_chassis(land_rover, take_marks):
    lines = [
        YEARS_HEADER,
        spring("LR1") + ",,2016,,",
        spring("LR2").replace(",no,no,", ",yes,no,") + ",2017,,,eh499999",
        spring("LR3").replace(",no,no,", ",yes,no,") + ",2017,,EH500000,",
    ]
    load_repairs(lines)

    old, new = Repair.objects.order_by("needs_diagnostics")
    assert [(r.year_from, r.year_to, r.needs_diagnostics) for r in (old, new)] == [
        (None, 2016, False),
        (2017, None, True),
    ]
    fits = RequirementPart.objects.filter(requirement__repair=new).values_list("serial_from", "serial_to")
    assert set(fits) == {("", "EH499999"), ("EH500000", "")}
    take_marks()
    assert load_repairs(lines)[0]["repairs_changed"] == 0
    assert not take_marks()

    # Years that move: what grows does not meet what shrinks or goes.
    load_repairs([YEARS_HEADER, spring("LR1") + ",,2018,,", spring("LR1") + ",2019,,,"])
    assert set(Repair.objects.values_list("year_from", "year_to")) == {(None, 2018), (2019, None)}
    assert {kind for kind, _ in take_marks()} == {"r"}

    load_repairs([HEADER, spring("LR1")])
    assert list(Repair.objects.values_list("year_from", "year_to")) == [(None, None)]


@pytest.mark.parametrize(
    ("by_vin", "ends", "mistake"),
    [
        ("no", "20x6,,,", "year_from: must be a year, such as 2016, or empty"),
        ("no", "2017,2016,,", "year_to: is before year_from"),
        ("no", ",,EH5,", "chassis_from: must be the last 8 characters of a VIN, or empty"),
        ("no", ",,EH500000,EH499999", "chassis_to: is before chassis_from"),
        ("yes", ",,EH500000,", "by_vin: must be no where the range of chassis numbers is given"),
        ("no", "2010,,,", "year_from: has a year in common with line 2"),
    ],
)
def test_a_mistake_in_years_or_chassis_numbers_is_named(land_rover, by_vin, ends, mistake):
    wrong = spring("LR2").replace(",1,no", f",1,{by_vin}")

    with pytest.raises(RepairFileError) as caught:
        load_repairs([YEARS_HEADER, spring("LR1") + ",,2012,,", f"{wrong},{ends}"])

    assert f"line 3, {mistake}" in [str(error) for error in caught.value.errors]
