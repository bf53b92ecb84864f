"""Excel workbooks: what each kind of cell becomes, and which workbooks are not believed."""

from __future__ import annotations

import io
import traceback
import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from garagehub.lib.errors import DomainError
from parts.feeds.adapters import ADAPTERS, xlsx
from parts.feeds.adapters.rows import BrokenFileError, Key

NUMBER, BRAND, BRANCH, QUANTITY, SAID, LIFE, PRICE, CURRENCY, LEAD, DAY, GRADE, SEQ, REPLACES, DELETED = range(14)
HEADER = ("Part number", "Brand", "Qty", "Price", "Due")


def workbook(*rows, header=HEADER, formats=None, title="Stock") -> bytes:
    """A workbook of these rows below a header; `formats` gives cells number formats, by address."""
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for row in (header, *rows):
        sheet.append(row)
    for address, form in (formats or {}).items():
        sheet[address].number_format = form
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rewritten(body: bytes, change) -> bytes:
    """The workbook with each entry's bytes as `change(name, bytes)` gives them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return out.getvalue()


def read(body: bytes, *, piece: int = 10_000, **config):
    """Rows by line, and the refusals."""
    adapter = ADAPTERS["xlsx"]
    rows, rejects = {}, []
    for batch in adapter.read([body[at : at + piece] for at in range(0, len(body), piece)], adapter.config(config)):
        rows |= dict(zip(batch.lines, batch.rows, strict=True))
        rejects += batch.rejects
    return rows, rejects


def only(body: bytes, **config):
    rows, rejects = read(body, **config)
    assert not rejects
    (found,) = rows.values()
    return found


def test_a_row_is_read_cell_by_cell():
    found = only(workbook(("LR 00123", "Land Rover", 7, 12.5, datetime.fromisoformat("2026-12-01"))))

    assert found == (
        *("LR 00123", "Land Rover", None, 7, None, None, 1250, None, None, date(2026, 12, 1), None, None, None, False),
    )


@pytest.mark.parametrize("number", ["00123", "5E10", "1.50", "=1+1", "+44", "١٢٣"])
def test_a_part_number_kept_as_text_survives_as_it_is(number):
    book = Workbook()
    book.active.append(HEADER)
    book.active.append([None, "MG", 1])
    cell = book.active["A2"]
    cell.value, cell.data_type = number, "s"
    out = io.BytesIO()
    book.save(out)

    assert only(out.getvalue())[NUMBER] == number


@pytest.mark.parametrize(
    ("value", "form", "number"),
    [
        (123, "General", "123"),
        (123.0, "General", "123"),
        (123, "00000", "00123"),
        (123456, "00000", "123456"),
        (999_999_999_999_999, "0", "999999999999999"),
    ],
)
def test_a_part_number_that_excel_holds_as_a_number_is_the_digits_it_shows(value, form, number):
    assert only(workbook((value, "MG", 1), formats={"A2": form}))[NUMBER] == number


def test_a_number_written_with_a_point_is_the_whole_number_it_is():
    body = rewritten(
        workbook((123, "MG", 1)),
        lambda name, data: data.replace(b"<v>123</v>", b"<v>123.0</v>") if "sheet1" in name else data,
    )
    assert only(body)[NUMBER] == "123"


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (5e10, "0.00E+00"),
        (12.5, "General"),
        (12, "0.00"),
        (-3, "General"),
        (1_234_567, "#,##0"),
        (10**15, "General"),
        (True, "General"),
        (datetime.fromisoformat("2026-03-01"), "dd/mm/yyyy"),
        ("#N/A", "General"),
    ],
)
def test_a_part_number_that_excel_has_changed_is_refused_and_its_neighbours_are_read(value, form):
    rows, rejects = read(workbook(("A1", "MG", 1), (value, "MG", 1), ("A3", "MG", 1), formats={"A3": form}))

    assert {line: row[NUMBER] for line, row in rows.items()} == {2: "A1", 4: "A3"}
    assert [(reject.line, reject.code) for reject in rejects] == [(3, "bad_part_number")]
    assert "Format the column as Text" in rejects[0].reason


def test_every_bad_cell_of_a_row_is_named_and_the_offer_is_known():
    rows, (reject,) = read(workbook(("A1", "MG", "many", "#REF!", "soon")))

    assert not rows
    assert (reject.line, reject.code, reject.key) == (2, "bad_quantity", Key("A1", "MG", None))
    assert [part.split(":")[0] for part in reject.reason.split("; ")] == ["quantity", "price", "expected_on"]


def test_an_error_among_what_a_part_replaces_leaves_its_offer_known():
    rows, (reject,) = read(workbook(("A1", "MG", "#N/A"), header=("Part number", "Brand", "Replaces")))

    assert not rows
    assert (reject.code, reject.key) == ("bad_replaces", Key("A1", "MG", None))


def test_an_error_for_a_brand_is_no_brand():
    assert [reject.code for reject in read(workbook(("A1", "#REF!", 1)))[1]] == ["bad_brand"]


@pytest.mark.parametrize(("price", "pence"), [(12, 1200), (0.1 + 0.2, 30), ("£1,250.00", 125_000), (12.345, 1234)])
def test_a_price_is_what_excel_shows_of_it(price, pence):
    assert only(workbook(("A1", "MG", 1, price)))[PRICE] == pence


@pytest.mark.parametrize(("quantity", "expected"), [(3.0, (3, None)), ("10+", (10, None)), (None, (None, None))])
def test_a_quantity_is_read_as_in_csv(quantity, expected):
    found = only(workbook(("A1", "MG", quantity)))
    assert (found[QUANTITY], found[SAID]) == expected


def test_a_formula_is_never_worked_out():
    """What Excel stored for it is read; where it stored nothing, the cell is empty."""
    fresh = workbook(("A1", "MG", "=2+3"))
    saved = rewritten(fresh, lambda name, data: data.replace(b"<v></v>", b"<v>5</v>").replace(b"<v />", b"<v>5</v>"))
    assert only(fresh)[QUANTITY] is None
    assert only(saved)[QUANTITY] == 5


def test_blank_rows_and_notes_at_the_side_change_nothing():
    rows, rejects = read(
        workbook((None,), ("A1", "MG", 1, None, None, "ask Bob"), (None, None), ("A2", "MG", 2)), piece=100
    )
    assert {line: row[NUMBER] for line, row in rows.items()} == {3: "A1", 5: "A2"}
    assert not rejects


def test_the_header_is_found_below_a_title():
    book = workbook(HEADER, ("A1", "MG", 1), header=("Our stock, November",))
    assert list(read(book)[0]) == [3]


def test_columns_can_be_mapped_by_name_or_number():
    body = workbook(("x", "A1", 4), header=("one", "two", "three"))

    assert only(body, columns={"part_number": "two", "quantity": "three"})[:4] == ("A1", None, None, 4)
    assert read(body, header_row=0, columns={"part_number": 2})[0].keys() == {1, 2}


def test_a_sheet_is_chosen_by_name():
    body = workbook(("A1", "MG", 1), title="Shelf")

    assert only(body, sheet="Shelf")[NUMBER] == "A1"
    with pytest.raises(BrokenFileError, match="There are: Shelf"):
        read(body, sheet="Other")


def test_a_workbook_that_misstates_its_size_is_read_whole():
    body = rewritten(workbook(("A1", "MG", 1)), lambda name, data: data.replace(b'ref="A1:E2"', b'ref="A1"'))
    assert only(body)[QUANTITY] == 1


def test_dates_count_from_1904_where_the_workbook_does():
    body = rewritten(
        workbook(("A1", "MG", 1, 1, date(2026, 12, 1))),
        lambda name, data: data.replace(b"<workbookPr />", b'<workbookPr date1904="1"/>'),
    )
    assert only(body)[DAY] == date(2030, 12, 2)


@pytest.mark.parametrize(
    "body",
    [
        b"part_number,quantity\nA,1\n",
        b"PK\x03\x04 and no more",
        workbook(("A1", "MG", 1))[:-300],
        b"\xd0\xcf\x11\xe0old Excel",
    ],
    ids=["text", "a zip's first bytes", "a workbook cut off", "old Excel"],
)
def test_what_is_no_workbook_is_not_believed(body):
    with pytest.raises(BrokenFileError, match=r"not an Excel workbook|cannot be read"):
        read(body)


def test_a_zip_of_something_else_is_not_believed():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(BrokenFileError, match="cannot be read"):
        read(out.getvalue())


def test_an_empty_file_is_not_believed_and_an_empty_sheet_has_no_rows():
    with pytest.raises(BrokenFileError):
        read(b"")
    assert read(workbook(header=())) == ({}, [])


def test_a_sheet_without_a_part_number_says_what_it_begins_with():
    with pytest.raises(BrokenFileError, match=r"a part number was found.*Colour Size"):
        read(workbook(("red", 3), header=("Colour", "Size")))


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    bomb = rewritten(
        workbook(("A1", "MG", 1)),
        lambda name, data: data + b" " * (xlsx.MAX_UNPACKED + 1) if name == "xl/styles.xml" else data,
    )
    assert len(bomb) < 1_000_000
    with pytest.raises(BrokenFileError, match="too large once unpacked"):
        read(bomb)


def test_an_entry_that_is_larger_than_it_says_is_read_no_further_than_it_says():
    body = bytearray(workbook(*[(f"A{number}", "MG", 1) for number in range(500)]))
    at = body.index(b"PK\x01\x02", 0)
    while b"xl/worksheets/sheet1.xml" not in body[at : at + 80]:
        at = body.index(b"PK\x01\x02", at + 1)
    body[at + 24 : at + 28] = (100).to_bytes(4, "little")
    with pytest.raises(BrokenFileError, match="cannot be read"):
        read(bytes(body))


def test_entities_are_not_expanded():
    doctype = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
    body = rewritten(
        workbook(("A1", "MG", 1)),
        lambda name, data: doctype + data if name == "xl/worksheets/sheet1.xml" else data,
    )
    with pytest.raises(BrokenFileError) as broken:
        read(body)
    assert "EntitiesForbidden" in "".join(traceback.format_exception(broken.value))


def test_rows_are_bounded(monkeypatch):
    monkeypatch.setattr(xlsx, "MAX_ROWS", 3)
    assert len(read(workbook(("A1", "MG", 1), ("A2", "MG", 1)))[0]) == 2
    with pytest.raises(BrokenFileError, match="more than 3 rows"):
        read(workbook(("A1", "MG", 1), ("A2", "MG", 1), ("A3", "MG", 1)))


def test_a_row_number_that_excel_does_not_have_is_not_counted_up_to():
    body = rewritten(
        workbook(("A1", "MG", 1)),
        lambda name, data: (
            data.replace(b'<row r="2"', b'<row r="99999999999"')
            .replace(b'r="A2"', b'r="A99999999999"')
            .replace(b'r="B2"', b'r="B99999999999"')
            .replace(b'r="C2"', b'r="C99999999999"')
        ),
    )
    with pytest.raises(BrokenFileError, match="more than 1,048,576 rows"):
        read(body)


def test_settings_it_does_not_know_are_refused():
    with pytest.raises(DomainError, match="feed's settings"):
        ADAPTERS["xlsx"].config({"encoding": "cp1252"})


def test_a_moment_is_its_day():
    assert only(workbook(("A1", "MG", 1, 1, datetime.fromisoformat("2026-12-01T15:30"))))[DAY] == date(2026, 12, 1)
