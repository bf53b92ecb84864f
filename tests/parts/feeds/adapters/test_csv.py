"""Lines without quotes are cut and read at once; what comes of them is what one line after the other would give."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts.feeds.adapters import adapter_named, cells
from parts.feeds.adapters import csv as csv_adapter
from parts.feeds.adapters.rows import BrokenFileError

HEADER = (
    "part number",
    "brand",
    "branch",
    "stock",
    "status",
    "price",
    "due",
    "replaces",
    "currency",
    "lead time",
    "grade",
    "seq",
)
CLEAN = ("LR000001", "Jaguar", "B1", "3", "in_stock", "12.34", "2027-01-02", "", "GBP", "2", "genuine", "7")
TYPED = ("LR000001", "Jaguar", "B1", "3", "in_stock", "1234", "2027-01-02", "", "", "2", "genuine", "7")
CELLS = {
    "part number": ["LR000001", "LR-0012/3", " LR 2 ", "é1", "X" * 65, "\ufffd1", "1\x00", "", "PRICE", "null", "A\\n"],
    "brand": ["Jaguar", "Land Rover", "", " ", "B" * 65, "null", "Škoda"],
    "branch": ["B1", "B2", "", "Z\x00"],
    "stock": [
        "3",
        "0",
        "10+",
        "<5",
        "Call",
        "out of stock",
        "",
        "-1",
        "?",
        "99999999",
        "1e3",
        "-0",
        "3.0",
        "007",
        "NULL",
    ],
    "status": ["in stock", "in_stock", "", "low", "perhaps", "null"],
    "price": [
        "12.34",
        "12",
        "0012.30",
        "1,000.00",
        "£5",
        "12.345",
        "",
        "1234567.89",
        "x",
        "\uff11\uff12.34",
        "12.3",
        "+1.00",
        "1 2",
        "1e3",
        "-0.0",
        "null",
    ],
    "currency": ["GBP", "gbp", "USD", "CHF", "", "pound", "null"],
    "lead time": ["3", "3.0", "", "-0", "4000", "n/a", "1e2"],
    "grade": ["genuine", "OE", "", "null", "best"],
    "seq": ["7", "", "7.0", "x"],
    "due": ["2027-01-02", "02/01/2027", "", "2027-02-30"],
    "replaces": ["", "LR1", "LR1|LR2"],
}
lines = st.tuples(*(st.sampled_from(CELLS[name]) for name in HEADER)) | st.just(CLEAN)
odd_lines = st.sampled_from(
    ["", "LR1,Jaguar", ",".join(CLEAN) + ",", ",".join(CLEAN) + ",more", "a\rb," + ",".join(CLEAN[1:])]
)
quoted_lines = st.sampled_from(['"LR1",' + ",".join(CLEAN[1:]), '"LR1\nLR2",' + ",".join(CLEAN[1:])])
# Lines that are in order but for one cell, since a file whose every line has a fault is not read at once at all.
nearly_clean = st.sampled_from(range(len(HEADER))).flatmap(
    lambda at: st.tuples(
        *(
            st.sampled_from(CELLS[HEADER[at]]) if at == n else st.sampled_from([CLEAN[n], TYPED[n]])
            for n in range(len(HEADER))
        )
    )
)
files = (
    st.lists(lines.map(",".join) | odd_lines, max_size=8)
    | st.lists(nearly_clean.map(",".join), max_size=4)
    | st.lists(st.just(",".join(CLEAN)), max_size=8)
)
any_files = files | st.lists(lines.map(",".join) | odd_lines | quoted_lines, max_size=6)


def read(pieces: list[bytes], **config: Any) -> tuple[Any, ...]:
    """Rows, their lines and refusals, in order; or why the file is not believed."""
    adapter = adapter_named("csv")
    try:
        batches = list(adapter.read(pieces, adapter.config(config)))
    except BrokenFileError as error:
        return (str(error),)
    return (
        [row for batch in batches for row in batch.rows],
        [line for batch in batches for line in batch.lines],
        [reject for batch in batches for reject in batch.rejects],
    )


@given(
    any_files,
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.sampled_from(["pounds", "pence"]),
    st.sampled_from([1, 60, 100_000]),
)
def test_reading_at_once_gives_what_reading_one_by_one_gives(
    found: list[str], end: str, ends_whole: bool, unit: str, at_once: int
) -> None:
    body = (end.join([",".join(HEADER), *found]) + (end if ends_whole else "")).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_adapter.Cutter, "columns", lambda *_: None)
        patch.setattr(csv_adapter.Table, "read_records", lambda *_: None)
        one_by_one = read([body], price_unit=unit)
    pieces = [body[at : at + at_once] for at in range(0, len(body), at_once)]
    assert read(pieces, price_unit=unit) == one_by_one


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_clean_lines_never_reach_the_careful_reader(delimiter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_adapter.Table, "row", lambda *_: pytest.fail("a clean line was read by itself"))
    monkeypatch.setattr(csv_adapter.Table, "read_records", lambda *_: pytest.fail("clean lines were cut one by one"))
    body = "\r\n".join([delimiter.join(HEADER), *[delimiter.join(CLEAN)] * 5_000, ""]).encode()
    rows, line_numbers, rejects = read([body])
    assert (len(rows), line_numbers[-1], rejects) == (5_000, 5_001, [])
    assert rows[-1][:4] == ("LR000001", "Jaguar", "B1", 3)
    assert rows[-1][6] == 1234


@given(st.lists(st.sampled_from(CELLS["price"]), min_size=1), st.sampled_from(["pounds", "pence"]))
def test_prices_read_at_once_are_the_prices_read_one_by_one(texts: list[str], unit: str) -> None:
    found = cells.prices_pence(texts, unit=unit)
    assert found is None or found == [cells.price_pence(text, unit=unit) for text in texts]


@given(st.lists(st.sampled_from(CELLS["part number"]), min_size=1))
def test_numbers_read_at_once_are_the_numbers_read_one_by_one(texts: list[str]) -> None:
    found = cells.part_numbers(texts)
    assert found is None or list(found) == [cells.part_number(text) for text in texts]


@pytest.mark.parametrize(
    ("body", "config"),
    [
        (b"part number,sto\rck\nA1,1\n", {}),
        (b"part number,stock\nA1,1\n", {"header_row": 7}),
        (b"x" * 140_000 + b"\n", {}),
    ],
    ids=["a carriage return inside", "fewer lines than the header's", "a cell beyond what CSV allows"],
)
def test_a_file_whose_header_cannot_be_read_is_broken_and_no_fault_of_ours(body, config):
    adapter = adapter_named("csv")
    with pytest.raises(BrokenFileError):
        list(adapter.read([body], adapter.config(config)))
