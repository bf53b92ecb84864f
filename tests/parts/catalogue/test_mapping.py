"""What a manual reference means, from the reviewed file and from an admin's hand."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garagehub.scenario.catalogue import demo_catalogue
from garagehub.scenario.reasons import FAILS, OLD_FAILS
from parts.catalogue import mapping
from parts.catalogue.mapping import (
    Changes,
    ensure_new_references,
    ensure_references,
    follow_data_file,
    kind_for,
    kind_rows,
    map_reference,
    sync_reference_data,
)
from parts.catalogue.models import ManualReference, RepairKind
from parts.vehicles.models import Defect, MotTest, Vehicle

pytestmark = pytest.mark.django_db

FAIL_ITEMS = Path(__file__).with_name("fail_items.csv")
PREFIXES = Path(mapping.__file__).parent / "data" / "manual_references.csv"


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("scheme", "ref", "kind"),
    [
        # References seen in published test results.
        ("current", "5.3.1 (b) (i)", "coil-spring"),
        ("current", "1.1.13 (a) (ii)", "brake-pads"),
        ("current", "1.1.14 (a) (ii)", "brake-discs"),
        ("current", "1.1.11 (c)", "brake-pipe"),
        ("current", "4.1.2 (c)", "headlamp-aim"),
        ("current", "4.1.1 (a) (ii)", "headlamp-bulb"),
        ("current", "4.1.1 (b) (ii)", "headlamp-unit"),
        ("current", "5.2.3 (e)", "tyre"),
        ("current", "5.2.3 (h) (i)", "tyre-inflate"),
        ("current", "5.3.6 (a) (i)", "structure-weld"),
        ("current", "6.1.7 (g) (ii)", "driveshaft-gaiter"),
        ("current", "6.2.3 (a)", "door-latch"),
        ("current", "7.7 (a) (ii)", "horn"),
        ("current", "8.2.1.2 (h)", "engine-management"),
        ("current", "8.2.1.1 (b)", "exhaust"),
        ("old", "2.4.C.1a", "coil-spring"),
        ("old", "2.2.B.1f", "track-rod-end"),
        ("old", "2.5.C.1a", "driveshaft-gaiter"),
        ("old", "3.5.1g", "brake-pads"),
        ("old", "3.5.1h", "brake-discs"),
        ("old", "1.2.1b", "stop-lamp"),
        ("old", "1.1.A.3b", "position-lamp"),
        ("old", "1.8", "headlamp-aim"),
        ("old", "4.1.E.1", "tyre"),
        ("old", "8.2.2", "wiper-blade"),
    ],
)
def test_a_reference_means_its_repair(scheme, ref, kind):
    assert kind_for(scheme, ref) == kind


def test_spelling_makes_no_difference():
    assert kind_for("current", "5.3.1(B)(I)") == kind_for("current", " 5.3.1 (b) (i) ") == "coil-spring"
    assert kind_for("old", "|2.4.C.1a|") == "coil-spring"


def test_a_prefix_ends_where_a_number_ends():
    assert kind_for("current", "1.1.1 (a)") == "brake-pedal"
    assert kind_for("current", "1.1.13 (a)") == "brake-pads"
    assert kind_for("current", "1.1.19") is None


def test_the_two_numberings_are_kept_apart():
    assert kind_for("current", "1.8") == "brake-fluid"
    assert kind_for("old", "1.8") == "headlamp-aim"
    assert kind_for("", "1.8") is None


@given(st.text(max_size=20), st.sampled_from(["current", "old", ""]))
def test_any_text_gives_a_kind_of_the_file_or_none(ref, scheme):
    assert kind_for(scheme, ref) in {None, *(kind.slug for kind in kind_rows())}


def test_the_files_agree_with_each_other_and_with_the_demonstration_catalogue():
    kinds = {kind.slug: kind for kind in kind_rows()}
    rows = rows_of(PREFIXES)

    assert len(kinds) == len(kind_rows())
    assert {row["kind"] for row in rows} <= kinds.keys()
    assert max(Counter((row["scheme"], mapping._tokens(row["prefix"])) for row in rows).values()) == 1
    assert {row["confirmed"] for row in rows} == {"yes", "no"}
    repairs = demo_catalogue(1).repairs
    with_parts = {slug for slug, kind in kinds.items() if not kind.needs_nothing}
    assert {repair.kind for repair in repairs} == with_parts
    assert all((repair.position != "") == (kinds[repair.kind].position_by == "axle") for repair in repairs)


def test_at_least_95_in_100_fail_items_are_mapped():
    items = {row["ref"]: int(row["items"]) for row in rows_of(FAIL_ITEMS)}

    mapped = sum(count for ref, count in items.items() if kind_for("current", ref))

    assert mapped / sum(items.values()) >= 0.95


def test_every_reason_of_the_scenario_is_mapped():
    assert [reason.text for reason in FAILS if not kind_for("current", reason.ref)] == []
    assert [reason.text for reason in OLD_FAILS if not kind_for("old", reason.ref)] == []


def test_loading_twice_changes_nothing_the_second_time(take_marks):
    ensure_references([("current", "5.3.1 (b) (i)")])
    sync_reference_data()
    take_marks()

    assert sync_reference_data() == Changes(0, 0, 0)
    assert RepairKind.objects.count() == len(kind_rows())
    assert not take_marks()


def test_references_met_get_their_rows_once_each(take_marks):
    assert ensure_references([("current", "5.3.1 (b) (i)"), ("current", "99.1"), ("", "5.3.1")]) == Changes(2, 0, 1)

    assert dict(ManualReference.objects.values_list("ref", "kind__slug")) == {
        "5.3.1 (b) (i)": "coil-spring",
        "99.1": None,
    }
    assert take_marks() == {("m", id_): 1 for id_ in ManualReference.objects.values_list("id", flat=True)}
    assert ensure_references([("current", "99.1")]) == Changes(0, 0, 0)
    assert not take_marks()


def test_references_of_new_defects_are_found(django_assert_max_num_queries):
    vehicle = Vehicle.objects.create(registration="AB91CDE")
    test = MotTest.objects.create(
        vehicle=vehicle, number="1", completed_at="2026-11-01T10:00:00Z", result=MotTest.Result.FAILED
    )
    for position, ref in enumerate(["5.3.1 (b) (i)", "5.3.1 (b) (i)", "5.2.3 (e)", ""]):
        Defect.objects.create(
            vehicle=vehicle,
            test=test,
            position=position,
            category="major",
            is_failing=True,
            manual_scheme="current" if ref else "",
            manual_ref=ref,
        )

    assert ensure_new_references().created == 2
    with django_assert_max_num_queries(14):
        assert ensure_new_references() == Changes(0, 0, 0)


def test_what_an_admin_says_is_kept_and_marked_once(take_marks):
    ensure_references([("current", "5.3.1 (b) (i)")])
    reference = ManualReference.objects.get()
    arm = RepairKind.objects.get(slug="suspension-arm")
    take_marks()

    map_reference(reference, arm)
    assert take_marks() == {("m", reference.pk): 1}
    map_reference(reference, arm)
    sync_reference_data()

    reference.refresh_from_db()
    assert reference.kind == arm
    assert not take_marks()


def test_a_reference_can_be_given_back_to_the_file(take_marks):
    ensure_references([("current", "5.3.1 (b) (i)")])
    reference = ManualReference.objects.get()
    map_reference(reference, None)
    take_marks()

    assert follow_data_file([reference]).changed == 1

    reference.refresh_from_db()
    assert reference.kind is not None
    assert reference.kind.slug == "coil-spring"
    assert take_marks() == {("m", reference.pk): 1}


def test_a_kind_that_changes_its_meaning_marks_its_references(take_marks):
    ensure_references([("current", "5.3.1 (b) (i)"), ("current", "5.2.3 (e)")])
    RepairKind.objects.filter(slug="coil-spring").update(needs_nothing=True)
    take_marks()

    sync_reference_data()

    assert not RepairKind.objects.get(slug="coil-spring").needs_nothing
    assert take_marks() == {("m", ManualReference.objects.get(ref="5.3.1 (b) (i)").pk): 1}
