"""The lines of a file of MOT data, whatever it is wrapped in, in blocks small enough to hold.

Known by content, not by name: a zip of parts (DVSA's bulk and delta files), gzip, one JSON object per line, or one
document that is a reply of the API or the old API's array.
"""

from __future__ import annotations

import gzip
import io
import itertools
import json
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from isal import igzip, igzip_lib

from garagehub.lib.errors import DomainError
from parts.vehicles.records import BadRecordError, vehicles_of

CHUNK_BYTES = 1 << 20
LONGEST_LINE_BYTES = 16 << 20
LARGEST_DOCUMENT_BYTES = 64 << 20
DEFLATE64 = 9
_ENCRYPTED = 1
_DATA_ENDINGS = (".json", ".jsonl", ".ndjson", ".gz")
_BOM = b"\xef\xbb\xbf"
_ISAL_ERROR: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment] # its stubs say that it is an instance


class UnreadableFileError(DomainError):
    """The file, or a part of it, cannot be unpacked. What was read before stays."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="unreadable_file")


class Block(NamedTuple):
    """Some consecutive lines of one part of a file. `first` counts from 1; None stands for a line too long to keep.

    `share`: how much of the file, as it lies there packed, had been read when they were complete; 0 to 1.
    """

    member: str
    first: int
    lines: list[bytes | None]
    share: float = 0.0

    @property
    def last(self) -> int:
        """The number of the last line."""
        return self.first + len(self.lines) - 1


class Readable(Protocol):
    """Anything bytes can be read from: a file, a member of a zip, a gzip stream."""

    def read(self, size: int, /) -> bytes: ...


class Position(NamedTuple):
    """How far a file has been taken in: the part, and the number of lines of it."""

    member: str = ""
    lines: int = 0


def blocks_of(path: Path, *, after: Position | None = None) -> Generator[Block, None, None]:
    """The lines of a file behind a position. Raises UnreadableFileError when its wrapping is broken."""
    with path.open("rb") as file:
        size = path.stat().st_size
        with closing(blocks_of_stream(file, after=after)) as blocks:
            for block in blocks:
                yield block._replace(share=file.tell() / size)


def blocks_of_stream(file: IO[bytes], *, after: Position | None = None) -> Generator[Block, None, None]:
    """The same for a seekable stream, whose size nobody knows."""
    start = file.tell()
    magic = file.read(4)
    file.seek(start)
    yield from _zip_blocks(file, after=after) if magic[:2] == b"PK" else _plain_blocks(file, after=after)


def _plain_blocks(file: IO[bytes], *, after: Position | None) -> Iterator[Block]:
    with _unpacking(""):
        yield from _behind(_member_blocks("", file), after)


def _zip_blocks(file: IO[bytes], *, after: Position | None) -> Iterator[Block]:
    with _unpacking(""), zipfile.ZipFile(file) as archive:
        members = [
            info for info in archive.infolist() if not info.is_dir() and info.filename.lower().endswith(_DATA_ENDINGS)
        ]
        if not members:
            raise UnreadableFileError("The zip holds no .json, .jsonl or .json.gz file.")
        for info in members:
            _check_readable(info)
        if after and after.member:
            members = list(itertools.dropwhile(lambda info: info.filename != after.member, members))
        for info in members:
            with _unpacking(info.filename), archive.open(info) as member:
                yield from _behind(_member_blocks(info.filename, member), after)


def _check_readable(info: zipfile.ZipInfo) -> None:
    if info.compress_type == DEFLATE64:
        raise UnreadableFileError(
            f"{info.filename} is packed with Deflate64, which Python cannot read. Unpack the zip with 7-Zip or unzip "
            "and import the files in it."
        )
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise UnreadableFileError(f"{info.filename} is packed in a way (method {info.compress_type}) we cannot read.")
    if info.flag_bits & _ENCRYPTED:
        raise UnreadableFileError(f"{info.filename} is encrypted.")


@contextmanager
def _unpacking(member: str) -> Iterator[None]:
    """Turn what unpacking can raise into one error that names the part."""
    try:
        yield
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, _ISAL_ERROR, EOFError) as error:
        place = f" in {member}" if member else ""
        raise UnreadableFileError(f"The file is damaged or cut off{place}: {error}") from error


def _behind(blocks: Iterable[Block], after: Position | None) -> Iterator[Block]:
    for block in blocks:
        if after is None or block.member != after.member or block.first > after.lines:
            yield block
        elif block.last > after.lines:
            yield Block(block.member, after.lines + 1, block.lines[after.lines + 1 - block.first :])


def _member_blocks(member: str, file: Readable) -> Iterator[Block]:
    chunks = _chunks(file)
    first = next(chunks, b"").removeprefix(_BOM)
    if first[:2] == b"\x1f\x8b":
        rejoined = _Rejoined(itertools.chain([first], chunks))
        with igzip.IGzipFile(fileobj=rejoined) as unpacked:  # type: ignore[no-untyped-call] # isal says nothing of it
            yield from _member_blocks(member, unpacked)
        return
    chunks = itertools.chain([first], chunks)
    if not _starts_with_a_whole_line(first):
        read, is_whole = _read_up_to(chunks, LARGEST_DOCUMENT_BYTES)
        vehicles = _document(read) if is_whole else None
        if vehicles is not None:
            yield Block(member, 1, vehicles)
            return
        chunks = itertools.chain([read], chunks)
    yield from _lines(member, chunks)


def _document(text: bytes) -> list[bytes | None] | None:
    """The vehicles of a whole JSON document; None if it is none, so lines after all, the first of them broken."""
    try:
        return list(vehicles_of(text))
    except BadRecordError:
        return None


def _chunks(file: Readable) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _starts_with_a_whole_line(text: bytes) -> bool:
    """Whether the first line is a JSON object by itself, so that more may follow on lines of their own."""
    line = text.lstrip().partition(b"\n")[0]
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _read_up_to(chunks: Iterator[bytes], most: int) -> tuple[bytes, bool]:
    """What there is, at most about `most` bytes, and whether that was all."""
    parts, size = [], 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > most:
            return b"".join(parts), False
    return b"".join(parts), True


def _lines(member: str, chunks: Iterable[bytes]) -> Iterator[Block]:
    first, tail, is_dropping = 1, b"", False
    for chunk in chunks:
        text = tail + chunk
        lines: list[bytes | None] = list(text.split(b"\n"))
        tail = lines.pop() or b""
        if len(text) > LONGEST_LINE_BYTES:
            lines = [None if line and len(line) > LONGEST_LINE_BYTES else line for line in lines]
        if is_dropping and lines:
            lines[0], is_dropping = None, False
        if len(tail) > LONGEST_LINE_BYTES or is_dropping:
            tail, is_dropping = b"", True
        if lines:
            yield Block(member, first, lines)
            first += len(lines)
    if tail or is_dropping:
        yield Block(member, first, [None if is_dropping else tail])


class _Rejoined(io.RawIOBase):
    """A stream again out of its chunks, for gzip to read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # typeshed asks for any buffer; io gives this
        if not self._left:
            self._left = memoryview(next(self._chunks, b""))
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
