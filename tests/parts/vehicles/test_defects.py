from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts.vehicles import defects, models
from parts.vehicles.defects import Category, Reading, Scheme, category_of, read


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        (
            "Nearside Front Coil spring fractured or broken (5.3.1 (b) (i))",
            Reading(Scheme.CURRENT, "5.3.1 (b) (i)", "nearside", "front", ""),
        ),
        (
            "Offside Headlamp aim projected beam image is obviously incorrect (4.1.2 (c))",
            Reading(Scheme.CURRENT, "4.1.2 (c)", "offside", "", ""),
        ),
        (
            "Parking brake efficiency below requirements (1.4.2 (a) (i))",
            Reading(Scheme.CURRENT, "1.4.2 (a) (i)", "", "", ""),
        ),
        (
            "Engine MIL inoperative or indicates a malfunction (8.2.1.2 (h))",
            Reading(Scheme.CURRENT, "8.2.1.2 (h)", "", "", ""),
        ),
        ("Front Horn not working (7.7 (a) (ii))", Reading(Scheme.CURRENT, "7.7 (a) (ii)", "", "front", "")),
        (
            "Nearside Rear Lower Suspension arm ball joint has slight play (5.3.4 (a)(i))",
            Reading(Scheme.CURRENT, "5.3.4 (a) (i)", "nearside", "rear", "lower"),
        ),
        (
            "OFFSIDE FRONT OUTER drive shaft gaiter split (6.1.7 (g) (ii))  ",
            Reading(Scheme.CURRENT, "6.1.7 (g) (ii)", "offside", "front", "outer"),
        ),
    ],
)
def test_a_text_gives_its_manual_reference_and_place(text, reading):
    assert read(text, False) == reading


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("Nearside Front suspension arm has excessive play |2.4.C.1a|", "2.4.C.1a"),
        ("Front brake pipe excessively corroded |3.6.B.2c| seen on hoist", "3.6.B.2c"),
        ("Nearside front tyre worn close to the legal limit (4.1.E.1)", "4.1.E.1"),
    ],
)
def test_references_from_before_20_may_2018_are_of_the_old_numbering(text, reference):
    assert read(text, True)[:2] == (Scheme.OLD, reference)
    assert read(text, False)[:2] == (Scheme.OLD, reference)


def test_a_reference_of_both_shapes_is_told_by_the_date():
    assert read("Brake pedal worn (1.1.1)", False)[:2] == (Scheme.CURRENT, "1.1.1")
    assert read("Brake pedal worn (1.1.1)", True)[:2] == (Scheme.OLD, "1.1.1")


def test_a_measure_in_brackets_is_no_reference():
    assert read("Tyre tread depth (1.6mm) low", False)[:2] == (Scheme.NONE, "")
    assert read("Tyre tread (1.6) mm then (5.2.3 (e))", False).reference == "5.2.3 (e)"


def test_a_testers_comment_does_not_hide_the_reference():
    text = "Offside Rear Tyre worn (outer edge, see photo) (5.2.3 (e))"
    assert read(text, False) == Reading(Scheme.CURRENT, "5.2.3 (e)", "offside", "rear", "")


@pytest.mark.parametrize("text", ["", "   ", "No reference at all", "(", "()", "|", "((5.3.1", "Nearside"])
def test_a_text_without_a_reference_has_none(text):
    assert read(text, False).reference == ""


@pytest.mark.parametrize(
    ("kind", "flag", "category"),
    [
        ("DANGEROUS", False, Category.DANGEROUS),
        ("MAJOR", True, Category.DANGEROUS),
        ("ADVISORY", True, Category.DANGEROUS),
        ("MAJOR", False, Category.MAJOR),
        ("FAIL", False, Category.FAIL),
        ("MINOR", False, Category.MINOR),
        ("ADVISORY", False, Category.ADVISORY),
        ("advisory ", False, Category.ADVISORY),
        ("PRS", False, Category.RECTIFIED),
        ("USER ENTERED", False, Category.OTHER),
        ("NON SPECIFIC", False, Category.OTHER),
        ("SYSTEM GENERATED", False, Category.OTHER),
        ("SOMETHING NEW", False, Category.OTHER),
        (None, False, Category.OTHER),
    ],
)
def test_type_and_flag_give_the_category(kind, flag, category):
    assert category_of(kind, is_dangerous=flag) is category


def test_categories_and_schemes_are_those_stored():
    assert {one.value for one in Category} - {"rectified"} == set(models.Defect.Category.values)
    assert {one.value for one in Scheme} == set(models.Defect.Scheme.values)


references = st.from_regex(
    r"[A-Za-z ]{0,9}[(|][0-9]{1,3}(\.[0-9A-Za-z]{1,5}){0,9}( ?\([a-z]{1,6}\)){0,9}[)|]", fullmatch=True
)


@given(st.text(max_size=200) | references, st.booleans())
def test_any_text_can_be_read_and_fits_its_columns(text, is_old):
    reading = defects.read(text, is_old)
    assert len(reading.reference) <= 40
    assert reading.lateral in {"", "nearside", "offside"}
    assert reading.longitudinal in {"", "front", "rear"}
    assert reading.vertical in {"", "upper", "lower", "inner", "outer"}
    assert (reading.reference == "") == (reading.scheme is Scheme.NONE)
