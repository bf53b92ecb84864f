from __future__ import annotations

import gzip
import io
import json
import os
import tracemalloc
import zipfile

import pytest

from parts.vehicles import sources
from parts.vehicles.sources import Position, UnreadableFileError, blocks_of, blocks_of_stream
from tests.parts.vehicles.dvsa_data import encoded, vehicle, zipped

CARS = [vehicle(f"AB8{number}CDE") for number in range(5)]
LINES = encoded(*CARS)


def lines_in(content: bytes, after: Position | None = None):
    found = []
    for block in blocks_of_stream(io.BytesIO(content), after=after):
        for number, line in enumerate(block.lines, block.first):
            found.append((block.member, number, line))
    return found


def plates(found):
    return [json.loads(line)["registration"] for _, _, line in found if line and line.strip()]


EXPECTED = [car["registration"] for car in CARS]


@pytest.mark.parametrize(
    "content",
    [
        LINES,
        LINES.rstrip(b"\n"),
        LINES.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + LINES,
        b"\n\n" + LINES,
        gzip.compress(LINES),
        gzip.compress(LINES[: len(LINES) // 2]) + gzip.compress(LINES[len(LINES) // 2 :]),
        zipped(part=LINES),
        json.dumps(CARS).encode(),
        json.dumps(CARS, indent=2).encode(),
        gzip.compress(json.dumps(CARS).encode()),
    ],
    ids=[
        "lines",
        "no last newline",
        "crlf",
        "bom",
        "blank lines",
        "gzip",
        "two gzip members",
        "zip",
        "array",
        "pretty",
        "gz array",
    ],
)
def test_the_same_vehicles_come_out_of_every_wrapping(content):
    assert plates(lines_in(content)) == EXPECTED


def test_a_reply_printed_over_many_lines_is_one_vehicle():
    assert plates(lines_in(json.dumps(CARS[0], indent=2).encode())) == EXPECTED[:1]


def test_lines_whose_first_is_broken_are_still_lines():
    found = lines_in(b'{"registration": "AB8\n' + LINES)
    assert len(found) == 6
    assert plates(found[1:]) == EXPECTED


def test_an_empty_file_holds_nothing():
    assert plates(lines_in(b"")) == []


def test_every_part_of_a_zip_is_read_in_its_order_and_others_are_not():
    content = zipped(bulk_1=encoded(*CARS[:2]), delta_1=encoded(*CARS[2:]))
    target = io.BytesIO(content)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("README.txt", "not data")
        archive.writestr("folder/", "")
    found = lines_in(target.getvalue())
    assert [member for member, number, _ in found if number == 1] == ["bulk_1.json.gz", "delta_1.json.gz"]
    assert plates(found) == EXPECTED


def test_a_zip_without_data_says_so():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("README.txt", "not data")
    with pytest.raises(UnreadableFileError, match="holds no"):
        lines_in(target.getvalue())


def test_deflate64_is_named_with_a_way_out():
    content = bytearray(zipped(part=LINES))
    content[content.index(b"PK\x01\x02") + 10] = sources.DEFLATE64
    content[content.index(b"PK\x03\x04") + 8] = sources.DEFLATE64
    with pytest.raises(UnreadableFileError, match=r"Deflate64.*7-Zip") as caught:
        lines_in(bytes(content))
    assert caught.value.code == "unreadable_file"


def test_an_encrypted_part_is_named():
    content = bytearray(zipped(part=LINES))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    content[content.index(b"PK\x03\x04") + 6] |= 1
    with pytest.raises(UnreadableFileError, match="encrypted"):
        lines_in(bytes(content))


@pytest.mark.parametrize(
    "content",
    [gzip.compress(LINES)[:-12], zipped(part=LINES)[:-30], b"PK\x03\x04garbage"],
    ids=["cut gzip", "cut zip", "garbage"],
)
def test_a_damaged_or_cut_off_file_is_an_error_of_its_own(content):
    with pytest.raises(UnreadableFileError):
        lines_in(content)


def test_a_damaged_part_names_itself():
    inner = gzip.compress(LINES)[:-12]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("bulk_7.json.gz", inner)
    with pytest.raises(UnreadableFileError, match=r"bulk_7\.json\.gz"):
        lines_in(target.getvalue())


@pytest.mark.parametrize("done", range(6))
def test_reading_goes_on_behind_a_position_in_a_plain_file(done):
    assert plates(lines_in(LINES, Position("", done))) == EXPECTED[done:]


@pytest.mark.parametrize(("member", "done", "left"), [("a.json.gz", 1, 4), ("a.json.gz", 2, 3), ("b.json.gz", 1, 2)])
def test_reading_goes_on_behind_a_position_in_a_zip(member, done, left):
    content = zipped(a=encoded(*CARS[:2]), b=encoded(*CARS[2:]))
    assert plates(lines_in(content, Position(member, done))) == EXPECTED[-left:]


def test_blocks_join_lines_that_chunks_cut(monkeypatch):
    monkeypatch.setattr(sources, "CHUNK_BYTES", 7)
    assert plates(lines_in(LINES)) == EXPECTED
    assert plates(lines_in(gzip.compress(LINES))) == EXPECTED
    assert [number for _, number, _ in lines_in(LINES, Position("", 2))] == [3, 4, 5]


def test_a_line_too_long_to_keep_is_dropped_and_the_rest_goes_on(monkeypatch):
    monkeypatch.setattr(sources, "CHUNK_BYTES", 64)
    monkeypatch.setattr(sources, "LONGEST_LINE_BYTES", 1_000)
    found = lines_in(encoded(CARS[0]) + b"x" * 5_000 + b"\n" + encoded(*CARS[1:]) + b"y" * 5_000)
    assert [number for _, number, line in found if line is None] == [2, 7]
    assert plates(found) == EXPECTED


def test_a_gzip_bomb_of_one_line_does_not_fill_the_memory():
    bomb = gzip.compress(LINES + b"0" * 150_000_000, compresslevel=1)
    tracemalloc.start()
    try:
        assert lines_in(bomb)[-1][2] is None
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["zip", "gzip", "lines"])
def test_each_block_says_how_much_of_the_file_had_been_read(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(sources, "CHUNK_BYTES", 50_000)
    lines = b"".join(b'{"a": "%s"}\n' % os.urandom(500).hex().encode() for _ in range(400))
    content = {"zip": zipped(a=lines, b=lines), "gzip": gzip.compress(lines), "lines": lines}[kind]
    path = tmp_path / "file"
    path.write_bytes(content)
    shares = [block.share for block in blocks_of(path)]
    assert len(shares) > 5
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.5 < shares[-1] <= 1
