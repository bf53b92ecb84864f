"""What each adapter makes of a file: rows, refusals with line and reason, or no trust in the file."""

from __future__ import annotations

import contextlib
import csv
import io
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garagehub.lib.errors import DomainError
from parts.feeds.adapters import ADAPTERS, adapter_named
from parts.feeds.adapters.base import address, base_address
from parts.feeds.adapters.lines import Block, HugeLine, blocks
from parts.feeds.adapters.rows import BrokenFileError

NUMBER, BRAND, BRANCH, QUANTITY, SAID, LIFE, PRICE, CURRENCY, LEAD, DAY, GRADE, SEQ, REPLACES, DELETED = range(14)


def read(adapter: str, body: bytes, *, piece: int = 1_000_000, **config):
    """Rows with their line numbers, and refusals as (line, code)."""
    chosen = ADAPTERS[adapter]
    pieces = [body[at : at + piece] for at in range(0, len(body), piece)]
    rows, rejects = {}, []
    for batch in chosen.read(pieces, chosen.config(config)):
        rows |= dict(zip(batch.lines, batch.rows, strict=True))
        rejects += [(reject.line, reject.code) for reject in batch.rejects]
    return rows, rejects


def first(adapter: str, body: bytes, **config):
    """The only row of a file."""
    rows, rejects = read(adapter, body, **config)
    assert not rejects
    (found,) = rows.values()
    return found


def test_a_full_ndjson_line_is_read_field_by_field():
    line = (
        b'{"part_number":"LR 1","brand":"Land Rover","branch":"B1","quantity":3,"availability":"limited",'
        b'"lifecycle":"superseded","price_pence":1250,"currency":"EUR","lead_time_days":2,"expected_on":"2026-12-01",'
        b'"grade":"oe","replaces":["LR0"],"seq":9,"extra":{"a":1}}\n'
    )
    assert first("ndjson", line) == (
        *("LR 1", "Land Rover", "B1", 3, "limited", "superseded", 1250, "EUR", 2, date(2026, 12, 1), "oe", 9, ["LR0"]),
        False,
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"10+"', (10, None)),
        ('"1,000"', (1000, None)),
        ('"Call"', (None, "unknown")),
        ("7.0", (7, None)),
        ('""', (None, None)),
    ],
)
def test_a_quantity_written_otherwise_is_understood_where_it_is_certain(value, expected):
    found = first("ndjson", b'{"part_number":"A","quantity":%s}\n' % value.encode())
    assert (found[QUANTITY], found[SAID]) == expected


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"not json", "not_json"),
        (b"null", "not_an_object"),
        (b"[1]", "not_an_object"),
        (b"\xff\xfe", "not_json"),
        (b'{"quantity":1}', "bad_part_number"),
        (b'{"part_number":""}', "bad_part_number"),
        (b'{"part_number":"%s"}' % (b"9" * 65), "bad_part_number"),
        (b'{"part_number":["A"]}', "bad_part_number"),
        (b'{"part_number":"A","quantity":-2}', "bad_quantity"),
        (b'{"part_number":"A","quantity":true}', "bad_quantity"),
        (b'{"part_number":"A","quantity":%s}' % (b"9" * 40), "bad_quantity"),
        (b'{"part_number":"A","quantity":2.5}', "bad_quantity"),
        (b'{"part_number":"A","availability":"perhaps"}', "bad_availability"),
        (b'{"part_number":"A","price_pence":-1}', "bad_price"),
        (b'{"part_number":"A","expected_on":"2026-02-31"}', "bad_expected_on"),
        (b'{"part_number":"A","seq":"first"}', "bad_seq"),
        (b'{"part_number":"A","lead_time_days":1e9}', "bad_lead_time_days"),
        (b'{"part_number":"A","currency":"pounds"}', "bad_currency"),
        (b'{"part_number":"A","replaces":{"a":1}}', "bad_replaces"),
        (b'{"part_number":"A","deleted":"yes"}', "bad_deleted"),
        (b"[" * 5_000 + b"]" * 5_000, "not_json"),
    ],
)
def test_a_bad_line_is_refused_with_its_number_and_its_neighbours_are_read(line, code):
    body = b'{"part_number":"X"}\n' + line + b'\n\n{"part_number":"Y"}\n'
    rows, rejects = read("ndjson", body)
    assert {number: found[NUMBER] for number, found in rows.items()} == {1: "X", 4: "Y"}
    assert rejects == [(2, code)]


def test_a_line_above_the_limit_is_refused_wherever_it_is_cut():
    body = b'{"part_number":"X"}\n{"part_number":"%s"}\n{"part_number":"Y"}\n' % (b"9" * 200_000)
    for piece in (7_777, 65_536, 1_000_000):
        rows, rejects = read("ndjson", body, piece=piece)
        assert {number: found[NUMBER] for number, found in rows.items()} == {1: "X", 3: "Y"}
        assert rejects == [(2, "line_too_long")]


def test_a_file_cut_off_inside_a_line_is_not_believed():
    with pytest.raises(BrokenFileError, match="line 2"):
        read("ndjson", b'{"part_number":"X"}\n{"part_num')


def test_a_last_line_without_a_line_feed_is_a_line():
    assert len(read("ndjson", b'{"part_number":"X"}\n{"part_number":"Y"}')[0]) == 2


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=40)), st.integers(1, 30))
def test_blocks_hold_every_line_once_whatever_the_pieces(lines, piece):
    lines = [line.replace(b"\n", b"") for line in lines]
    body = b"".join(line + b"\n" for line in lines)
    pieces = (body[at : at + piece] for at in range(0, len(body), piece))
    seen = {}
    for item in blocks(pieces, limit=25):
        if isinstance(item, HugeLine):
            seen[item.line] = None
        else:
            seen |= dict(enumerate(item.data.split(b"\n")[:-1], item.first_line))
            assert isinstance(item, Block)
    assert [seen[number] for number in sorted(seen)] == [None if len(line) > 25 else line for line in lines]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["ndjson", "csv"]), st.binary(max_size=400))
def test_no_bytes_do_more_than_be_refused(adapter, body):
    with contextlib.suppress(BrokenFileError):
        read(adapter, body if adapter == "ndjson" else b"part number,qty\n" + body)


FACTOR = """Somebody's stock list,,,,\r
Printed 22/11/2026,,,,\r
Part No;Make;Depot;Free Stock;Status;Trade £;Days;Due In;Quality;Life;Supersedes\r
"TF-1";Tarnfield;HUB;10+;In stock;1,008.49;4;;Pattern;Active;\r
TF2;Tarnfield;HUB;Call;Ask;;;03/12/2026;Recon;Active;TF0|TF00\r
""".encode("cp1252")


def test_a_csv_nobody_mapped_is_read_by_its_column_names():
    rows, rejects = read("csv", FACTOR)
    assert not rejects
    assert rows[4][:7] == ("TF-1", "Tarnfield", "HUB", 10, "in_stock", "active", 100_849)
    assert (rows[5][QUANTITY], rows[5][SAID], rows[5][DAY]) == (None, "unknown", date(2026, 12, 3))
    assert (rows[5][GRADE], rows[5][REPLACES]) == ("reconditioned", ["TF0", "TF00"])


def test_a_mapping_says_columns_codes_and_signs():
    body = "Ref|Left|Is\nA|-3|ja\nB|x|nein\n".encode("utf-16")
    rows, rejects = read(
        "csv",
        body,
        columns={"part_number": "ref", "quantity": "Left", "availability": 3},
        quantity_codes={"X": "out_of_stock"},
        availability_codes={"ja": "in_stock", "nein": "on_backorder"},
        negative="zero",
        default_brand="Jaguar",
    )
    assert not rejects
    assert [found[QUANTITY] for found in rows.values()] == [0, 0]
    assert [found[SAID] for found in rows.values()] == ["in_stock", "on_backorder"]


def test_without_a_header_columns_have_numbers():
    found = first("csv", b"A,x,7\n", header_row=0, columns={"part_number": 1, "quantity": 3})
    assert (found[NUMBER], found[QUANTITY]) == ("A", 7)


def test_text_that_is_not_utf_8_is_windows_text():
    rows, _ = read("csv", b"part number,brand\nA,Citro\xebn\nB,Citro\xc3\xabn\n")
    assert [found[BRAND] for found in rows.values()] == ["Citroën", "Citroën"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"A,lots,1", "bad_quantity"),
        (b"A,-2,1", "bad_quantity"),
        (b",3,1", "bad_part_number"),
        (b"A,3", "wrong_width"),
        (b"A,3,1,2", "wrong_width"),
        (b"A,3,many pounds", "bad_price"),
        (b"A,3,1\r2", "not_csv"),
    ],
)
def test_a_bad_csv_row_is_refused_with_its_number_and_its_neighbours_are_read(line, code):
    rows, rejects = read("csv", b"part number,qty,price\nX,1,1\n" + line + b"\nY,1,1\n")
    assert {number: found[NUMBER] for number, found in rows.items()} == {2: "X", 4: "Y"}
    assert rejects == [(3, code)]


def test_a_quote_that_is_never_closed_costs_the_file_not_the_rows_it_swallows():
    body = b'part number,qty\nA,1\n"B,1\nC,1\nD,1\n'
    with pytest.raises(BrokenFileError, match="swallows"):
        read("csv", body)
    with pytest.raises(BrokenFileError, match="never closed"):
        read("csv", body + b"E,1\n" * 40_000)


def test_a_csv_cut_off_inside_a_row_is_not_believed():
    with pytest.raises(BrokenFileError, match="middle of line 3"):
        read("csv", b"part number,qty,price\nA,1,2\nB,1")


def test_a_file_without_the_columns_it_needs_is_not_believed():
    with pytest.raises(BrokenFileError, match="No header row"):
        read("csv", b"what,is,this\n1,2,3\n")
    with pytest.raises(BrokenFileError, match="Stock"):
        read("csv", b"part,qty\nA,1\n", columns={"part_number": "part", "quantity": "Stock"})


def test_an_empty_csv_has_no_rows():
    assert read("csv", b"") == ({}, [])


def test_a_quoted_cell_may_hold_a_line_feed():
    rows, rejects = read("csv", b'part number,description,qty\nA,"two\nlines",5\nB,x,6\n')
    assert not rejects
    assert [found[QUANTITY] for found in rows.values()] == [5, 6]


@given(
    st.lists(
        st.tuples(
            st.text("ABC019 -./", min_size=1, max_size=12).filter(str.strip),
            st.none() | st.integers(0, 5_000),
            st.none() | st.integers(0, 10**7),
        ),
        min_size=1,
        max_size=30,
    )
)
@settings(deadline=None)
def test_what_a_csv_writer_writes_is_what_is_read(records):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["Part Number", "Qty", "Price"])
    for number, quantity, pence in records:
        written = "" if quantity is None else f"{quantity:,}"
        writer.writerow([number, written, "" if pence is None else f"£{pence / 100:,.2f}"])
    rows, rejects = read("csv", text.getvalue().encode())
    assert not rejects
    expected = [(number.strip(), quantity, pence) for number, quantity, pence in records]
    assert [(found[NUMBER], found[QUANTITY], found[PRICE]) for found in rows.values()] == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h/suppliers/acme", "http://h/suppliers/acme/offers.csv"),
        ("http://h/suppliers/acme/", "http://h/suppliers/acme/offers.csv"),
        ("http://h/suppliers/acme/offers.csv", "http://h/suppliers/acme/offers.csv"),
        ("http://h/list.txt", "http://h/list.txt"),
        ("http://h/export?format=csv", "http://h/export?format=csv"),
        ("http://h", "http://h/offers.csv"),
    ],
)
def test_an_address_is_the_files_own_or_the_suppliers(url, expected):
    assert address(url, "offers.csv") == expected


@pytest.mark.parametrize("tail", ["", "/", "/changes", "/offers.ndjson"])
def test_a_change_logs_base_is_found_from_any_of_its_addresses(tail):
    assert base_address(f"http://h/suppliers/acme{tail}", "changes", "offers.ndjson") == "http://h/suppliers/acme"


def test_settings_that_make_no_sense_are_said_by_name():
    for config in ({"colums": {}}, {"negative": "maybe"}, {"encoding": "klingon"}, {"header_row": 0}):
        with pytest.raises(DomainError) as caught:
            ADAPTERS["csv"].config(config)
        assert caught.value.code == "feed_config_invalid"
    with pytest.raises(DomainError, match="There are: changes, csv, ndjson"):
        adapter_named("fax")
