"""Cuts a stream of bytes into blocks of whole lines, without ever holding more than one block and one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

LINE_LIMIT = 65_536


class Block(NamedTuple):
    """Whole lines, and how many. `is_cut`: the file ended inside the last one, without a line feed."""

    first_line: int
    data: bytes
    lines: int
    is_cut: bool = False


class HugeLine(NamedTuple):
    """A line above the limit: its number and how it begins."""

    line: int
    start: bytes


def blocks(chunks: Iterable[bytes], *, limit: int = LINE_LIMIT) -> Iterator[Block | HugeLine]:
    """The stream as blocks of whole lines; a line of more than `limit` bytes is skipped and named."""
    line = 1
    rest = b""
    is_skipping = False
    for chunk in chunks:
        data = rest + chunk if rest else chunk
        rest = b""
        if is_skipping:
            _, found, data = data.partition(b"\n")
            if not found:
                continue
            is_skipping = False
            line += 1
        end = data.rfind(b"\n") + 1
        if end:
            block = Block(line, data[:end], data.count(b"\n", 0, end))
            yield from _without_huge(block, limit)
            line += block.lines
        rest = data[end:]
        if len(rest) > limit:
            yield HugeLine(line, rest[:limit])
            rest, is_skipping = b"", True
    if rest:
        yield Block(line, rest, 1, is_cut=True)


def _without_huge(block: Block, limit: int) -> Iterator[Block | HugeLine]:
    """The block, in pieces around its lines above the limit."""
    if not _has_huge(block.data, limit):
        yield block
        return
    kept: list[bytes] = []
    first = block.first_line
    for number, text in enumerate(block.data.split(b"\n")[:-1], block.first_line):
        if len(text) <= limit:
            kept.append(text)
            continue
        if kept:
            yield Block(first, b"\n".join(kept) + b"\n", len(kept))
        yield HugeLine(number, text[:limit])
        kept, first = [], number + 1
    if kept:
        yield Block(first, b"\n".join(kept) + b"\n", len(kept))


def _has_huge(data: bytes, limit: int) -> bool:
    """Whether a line is above the limit, by leaps from line feed to line feed as far ahead as the limit allows."""
    start = 0
    while len(data) - start > limit + 1:
        found = data.rfind(b"\n", start, start + limit + 1)
        if found < 0:
            return True
        start = found + 1
    return False
