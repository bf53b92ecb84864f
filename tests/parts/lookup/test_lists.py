"""Lists in files, as people have them."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from garagehub.lib.errors import DomainError
from parts.lookup.forms import PartNumbersForm, RegistrationsForm
from parts.lookup.lists import MAX_BYTES, PART_NUMBERS, PLATES, read_list


def read(body: bytes, headings=PART_NUMBERS) -> list[str]:
    return read_list(io.BytesIO(body), headings=headings)


def workbook(*rows: list[object]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        b"LR1\nLR 2\n\nLR3\n",
        b"LR1\r\nLR 2\r\nLR3",
        b"LR1,LR 2,LR3",
        b"LR1;LR 2;LR3",
        b"LR1,5\nLR 2,1\nLR3,\n",
        b'"LR1";"spring"\n"LR 2";"pad; set"\n"LR3";""\n',
        b"Part number\nLR1\nLR 2\nLR3\n",
        b"Qty\tPart No.\n1\tLR1\n2\tLR 2\n3\tLR3\n",
        "\ufeffLR1\nLR 2\nLR3\n".encode(),
        "LR1\nLR 2\nLR3\n".encode("utf-16"),
        workbook(["LR1", 5], ["LR 2", 1], [None, 7], ["LR3"]),
        workbook(["Quantity", "Part number"], [5, "LR1"], [1, " LR  2 "], [1, "LR3"]),
    ],
    ids=map(str, itertools.count()),  # a workbook holds the time it was made: no name that two processes agree on
)
def test_a_list_is_read_from_what_people_have(body):
    assert read(body) == ["LR1", "LR 2", "LR3"]


def test_plates_are_found_below_their_name():
    assert read(b"Customer,Registration\nSmith,AB12 CDE\nJones,cd34efg\n", PLATES) == ["AB12 CDE", "cd34efg"]


def test_a_job_sheet_gives_its_plates_or_its_part_numbers_whichever_is_asked_for():
    sheet = b"Job,Reg No.,Part No.\n17,AB12 CDE,LR1\n18,CD34 EFG,LR 2\n"

    assert read(sheet, PLATES) == ["AB12 CDE", "CD34 EFG"]
    assert read(sheet, PART_NUMBERS) == ["LR1", "LR 2"]


def test_numbers_in_a_workbook_are_read_as_the_digits_they_show():
    assert read(workbook([40118], [7.0], [12.5])) == ["40118", "7", "12.5"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"PK\x03\x04 no workbook", "not an Excel workbook"),
        (b"\x89PNG\r\n\x00\x00", "not a text, CSV or Excel"),
        (b"x" * (MAX_BYTES + 1), "larger than 2 MiB"),
        (b'"' + b"x" * 200_000 + b"\n1", "cannot be read"),
    ],
)
def test_what_is_no_list_is_said_in_words(body, said):
    with pytest.raises(DomainError, match=said) as caught:
        read(body)
    assert caught.value.code == "bad_file"


def test_nothing_in_a_file_is_an_empty_list():
    assert read(b"") == []
    assert read(b"Part number\n") == []


def outcome(body: bytes) -> list[str] | str:
    try:
        return read(body)
    except DomainError as error:
        return error.code


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_a_refusal(body):
    found = outcome(body)

    assert found == "bad_file" if isinstance(found, str) else all(found)


@pytest.mark.parametrize("form", [PartNumbersForm, RegistrationsForm])
def test_the_heading_that_a_form_names_is_one_that_it_reads(form):
    body = f"Qty,{form.heading}\n1,AB12CDE\n".encode()

    assert f"headed “{form.heading}”" in form().fields["file"].help_text
    assert read(body, form.headings) == ["AB12CDE"]
