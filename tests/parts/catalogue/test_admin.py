"""The admin's pages of the catalogue: what they refuse, what they mark, and how few queries they take."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from parts.catalogue.mapping import ensure_references
from parts.catalogue.models import (
    Brand,
    ManualReference,
    Part,
    PartNumber,
    Repair,
    RepairKind,
    Requirement,
    Supersession,
)
from parts.catalogue.supersession import save_supersession
from parts.vehicles.models import Defect, MotTest, Vehicle
from tests.parts.catalogue.conftest import make_part, make_repair

pytestmark = pytest.mark.django_db

MODELS = ["brand", "part", "supersession", "repairkind", "manualreference", "repair", "requirement"]


@pytest.fixture
def client(client):
    """Signed in as an admin."""
    client.force_login(get_user_model().objects.create_superuser(email="admin@example.com", password="long enough"))
    return client


def url(model, action, *args):
    return reverse(f"admin:parts_{model}_{action}", args=args)


def grow(start):
    for n in range(start, start + 5):
        old, new = make_part(f"LR{n:03d}", brand=f"Brand {n}"), make_part(f"LR9{n:03d}", brand=f"Brand {n}")
        save_supersession(Supersession(old=old, new=new))
        make_repair((1, [old, new]), (2, [new]), kind=f"kind-{n}")
        ensure_references([("current", f"5.3.{n}")])


@pytest.mark.parametrize("model", MODELS)
def test_a_list_takes_as_many_queries_however_long_it_is(client, model):
    def queries():
        with CaptureQueriesContext(connection) as context:
            assert client.get(url(model, "changelist")).status_code == 200
        return len(context)

    grow(0)
    queries()
    few = queries()
    grow(10)

    assert queries() == few
    assert few <= 12


@pytest.mark.parametrize("model", MODELS)
def test_a_search_and_the_page_to_add_answer(client, model):
    grow(0)

    assert client.get(url(model, "changelist"), {"q": "lr-00"}).status_code == 200
    assert client.get(url(model, "add")).status_code == 200


def test_a_part_is_found_by_its_number_however_written(client):
    make_part("LR 023-964")
    make_part("C2D9")

    page = client.get(url("part", "changelist"), {"q": "lr.0239"})

    assert "LR 023-964" in page.text
    assert "C2D9" not in page.text


def test_a_part_chosen_by_typing_is_shown_with_its_number(client):
    make_part("LR023964")

    answer = client.get(
        reverse("admin:autocomplete"),
        {"term": "lr023", "app_label": "parts", "model_name": "supersession", "field_name": "old"},
    )

    assert [result["text"] for result in answer.json()["results"]] == ["LR023964 Coil spring"]


def numbers_form(part, *rows, **fields):
    form = {
        "brand": part.brand_id,
        "description": part.description,
        "lifecycle": part.lifecycle,
        "grade": part.grade,
        "numbers-TOTAL_FORMS": len(rows),
        "numbers-INITIAL_FORMS": sum(bool(row.get("id")) for row in rows),
    }
    for place, row in enumerate(rows):
        form |= {f"numbers-{place}-{name}": value for name, value in row.items()}
        form[f"numbers-{place}-part"] = part.pk
    return form | fields


def test_saving_a_part_normalises_its_numbers_and_marks_it_and_its_repairs(client, take_marks):
    part = make_part("LR1")
    repair = make_repair((1, [part]))
    take_marks()
    form = numbers_form(
        part,
        {"id": part.numbers.get().pk, "raw": "LR1"},
        {"raw": "rtc-99", "is_main": "on"},
    )

    assert client.post(url("part", "change", part.pk), form).status_code == 302

    assert set(part.numbers.values_list("norm", "brand", "is_main")) == {
        ("LR1", part.brand_id, False),
        ("RTC99", part.brand_id, True),
    }
    assert take_marks() == {("p", part.pk): 1, ("r", repair.pk): 1}


def test_a_parts_numbers_follow_it_to_another_brand(client):
    part = make_part("LR1")
    other = Brand.objects.create(name="Oakwater", slug="oakwater")
    form = numbers_form(part, {"id": part.numbers.get().pk, "raw": "LR1", "is_main": "on"}, brand=other.pk)

    assert client.post(url("part", "change", part.pk), form).status_code == 302
    assert PartNumber.objects.get().brand == other


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"raw": "lr-2", "is_main": "on"}], "Another part of this brand has this number."),
        ([{"raw": "LR5", "is_main": "on"}, {"raw": "LR 5"}], "This number is given twice."),
        ([{"raw": "LR5"}], "Tick exactly one number as shown."),
        ([{"raw": "--", "is_main": "on"}], "Enter a number with a letter or digit."),
    ],
)
def test_numbers_that_cannot_be_are_refused_with_a_reason(client, rows, message):
    part = make_part("LR1")
    make_part("LR2")
    part.numbers.all().delete()

    page = client.post(url("part", "change", part.pk), numbers_form(part, *rows))

    assert page.status_code == 200
    assert message in page.text


def edge_form(old, new, **fields):
    return {"old": old.pk, "new": new.pk, "kind": "or", "group": 0, "ratio": 1, "direction": "forward"} | fields


def test_a_circle_is_refused_on_the_form_and_its_chain_named(client):
    a, b = make_part("LR1"), make_part("LR2")
    save_supersession(Supersession(old=a, new=b))

    page = client.post(url("supersession", "add"), edge_form(b, a))

    assert page.status_code == 200
    assert "A part cannot replace itself: LR2 \N{RIGHTWARDS ARROW} LR1 \N{RIGHTWARDS ARROW} LR2." in page.text
    assert Supersession.objects.count() == 1


def test_saving_changing_and_deleting_a_supersession_marks_its_repairs(client, take_marks):
    a, b, c = (make_part(f"LR{n}") for n in range(3))
    first, second = make_repair((1, [a]), position="front"), make_repair((1, [c]), position="rear")

    client.post(url("supersession", "add"), edge_form(a, b))
    edge = Supersession.objects.get()
    assert take_marks() == {("r", first.pk): 1}

    client.post(url("supersession", "change", edge.pk), edge_form(c, b))
    assert set(take_marks()) == {("r", first.pk), ("r", second.pk)}

    client.post(url("supersession", "delete", edge.pk), {"post": "yes"})
    assert take_marks() == {("r", second.pk): 1}
    assert not Supersession.objects.exists()


def test_a_repair_and_its_requirements_mark_it_when_saved_or_deleted(client, take_marks):
    part, other = make_part("LR1"), make_part("LR2")
    repair = make_repair((1, [part]))
    requirement = repair.requirements.get()
    form = {
        "name": "Coil spring",
        "quantity": 2,
        "options-TOTAL_FORMS": 2,
        "options-INITIAL_FORMS": 1,
        "options-0-id": requirement.options.get().pk,
        "options-0-requirement": requirement.pk,
        "options-0-part": part.pk,
        "options-1-requirement": requirement.pk,
        "options-1-part": other.pk,
    }

    assert client.post(url("requirement", "change", requirement.pk), form).status_code == 302
    assert requirement.options.count() == 2
    assert take_marks() == {("r", repair.pk): 1}

    client.post(url("repair", "changelist"), {"action": "decide_again", "_selected_action": [repair.pk]})
    assert take_marks() == {("r", repair.pk): 1}

    client.post(url("requirement", "delete", requirement.pk), {"post": "yes"})
    assert take_marks() == {("r", repair.pk): 1}

    client.post(
        url("repair", "changelist"), {"action": "delete_selected", "_selected_action": [repair.pk], "post": "yes"}
    )
    assert take_marks() == {("r", repair.pk): 1}
    assert not Repair.objects.exists()
    assert not Requirement.objects.exists()


def test_deleting_a_part_marks_the_repairs_that_lose_a_way(client, take_marks):
    old, new = make_part("LR1"), make_part("LR2")
    repair = make_repair((1, [old]))
    save_supersession(Supersession(old=old, new=new))
    take_marks()

    client.post(url("part", "delete", new.pk), {"post": "yes"})

    assert not Part.objects.filter(pk=new.pk).exists()
    assert take_marks() == {("p", new.pk): 1, ("r", repair.pk): 1}


def test_unmapped_references_stand_first_by_how_many_failed_defects_they_hold_up(client):
    ensure_references([("current", "98.1"), ("current", "99.1"), ("current", "5.3.1")])
    vehicle = Vehicle.objects.create(registration="AB91CDE")
    test = MotTest.objects.create(vehicle=vehicle, number="1", completed_at="2026-11-01T10:00:00Z", result="failed")
    for position, (ref, fails) in enumerate([("99.1", True), ("5.3.1", True), ("5.3.1", True), ("98.1", False)]):
        Defect.objects.create(
            vehicle=vehicle, test=test, position=position, category="major", is_failing=fails,
            manual_scheme="current", manual_ref=ref,
        )  # fmt: skip

    page = client.get(url("manualreference", "changelist"))

    assert [(row.ref, row.open_fails) for row in page.context["cl"].result_list] == [
        ("99.1", 1),
        ("98.1", 0),
        ("5.3.1", 2),
    ]


def test_mapping_a_reference_by_hand_marks_it_and_it_can_follow_the_file_again(client, take_marks):
    ensure_references([("current", "5.3.1")])
    reference = ManualReference.objects.get()
    take_marks()

    client.post(url("manualreference", "change", reference.pk), {"kind": RepairKind.objects.get(slug="tyre").pk})
    reference.refresh_from_db()
    assert (reference.kind.slug, reference.is_reviewed) == ("tyre", True)
    assert take_marks() == {("m", reference.pk): 1}

    client.post(
        url("manualreference", "changelist"), {"action": "follow_data_file", "_selected_action": [reference.pk]}
    )
    reference.refresh_from_db()
    assert (reference.kind.slug, reference.is_reviewed) == ("coil-spring", False)


def test_kinds_of_the_data_file_cannot_be_edited_and_own_ones_mark_their_references(client, take_marks):
    ensure_references([("current", "5.3.1")])
    of_file = RepairKind.objects.get(slug="coil-spring")
    assert client.post(url("repairkind", "change", of_file.pk), {"name": "x", "slug": "x"}).status_code == 403

    own = RepairKind.objects.create(slug="our-own", name="Our own")
    reference = ManualReference.objects.create(scheme="current", ref="99", kind=own)
    take_marks()
    client.post(url("repairkind", "change", own.pk), {"name": "Ours", "slug": "our-own", "needs_nothing": "on"})

    assert RepairKind.objects.get(slug="our-own").needs_nothing
    assert take_marks() == {("m", reference.pk): 1}
