"""Cuts a stream of bytes into blocks of whole lines, without ever holding more than one block and one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

LINE_LIMIT = 65_536


class Block(NamedTuple):
    """Whole lines. `is_cut`: the file ended inside the last one, without a line feed."""

    first_line: int
    data: bytes
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
            yield from _without_huge(Block(line, data[:end]), limit)
            line += data.count(b"\n", 0, end)
        rest = data[end:]
        if len(rest) > limit:
            yield HugeLine(line, rest[:limit])
            rest, is_skipping = b"", True
    if rest:
        yield Block(line, rest, is_cut=True)


def _without_huge(block: Block, limit: int) -> Iterator[Block | HugeLine]:
    """The block, in pieces around its lines above the limit. Only a block longer than the limit can have one."""
    texts = block.data.split(b"\n")[:-1]
    if len(block.data) <= limit or max(map(len, texts)) <= limit:
        yield block
        return
    kept: list[bytes] = []
    first = block.first_line
    for number, text in enumerate(texts, block.first_line):
        if len(text) <= limit:
            kept.append(text)
            continue
        if kept:
            yield Block(first, b"\n".join(kept) + b"\n")
        yield HugeLine(number, text[:limit])
        kept, first = [], number + 1
    if kept:
        yield Block(first, b"\n".join(kept) + b"\n")
