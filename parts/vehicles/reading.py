"""The lines of a large file read and judged in a process of its own: beside the writing, not in turns with it.

The child is a new Python, since the parent may hold threads and connections, which a fork would break; it needs neither
settings nor database. It is told on its stdin what to read, then the fingerprints to pass over, and answers on its
stdout: MessagePack behind four bytes of length. The pipe holds it back, at most two batches ahead. When the parent dies,
the child's next write fails and ends it.
"""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
from array import array
from collections.abc import Generator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec

from parts.vehicles.fingerprints import Taken
from parts.vehicles.sources import Position, UnreadableFileError, blocks_of
from parts.vehicles.staging import Batch, batches

_ROOT = Path(__file__).resolve().parents[2]
_COMMAND = [sys.executable, "-m", "parts.vehicles.reading"]
_LENGTH_BYTES = 4
_CHUNK_BYTES = 1 << 20  # a whole number of fingerprints


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to read: a file behind a position. `makes` and `dated` as for `batches`."""

    path: str
    after: Position
    makes: frozenset[bytes]
    dated: datetime | None


class _Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A batch; or nothing more, and why if the file was damaged there."""

    batch: Batch | None = None
    error: str = ""


def batches_apart(order: Order, *, taken: Taken) -> Generator[Batch, None, None]:
    """The batches that a child reads. Raises UnreadableFileError like `blocks_of`, RuntimeError if the child dies."""
    with subprocess.Popen(  # noqa: S603 - ourselves, with nothing of anybody's in the arguments
        _COMMAND, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin
        assert child.stdout
        try:
            with suppress(BrokenPipeError), child.stdin as orders:  # if it died, that is told below
                _send(orders, order)
                orders.write(taken.packed())
            del taken  # a quarter of a gigabyte once the whole country is stored
            decoder = msgspec.msgpack.Decoder(_Answer)
            while batch := _next(child, child.stdout, decoder):
                yield batch
        finally:
            child.kill()


def _next(
    child: subprocess.Popen[bytes], answers: IO[bytes], decoder: msgspec.msgpack.Decoder[_Answer]
) -> Batch | None:
    message = _receive(answers)
    if message is None:
        raise RuntimeError(f"The process that reads lines ended with {child.wait()}")
    answer = decoder.decode(message)
    if answer.error:
        raise UnreadableFileError(answer.error)
    return answer.batch


def _send(stream: IO[bytes], message: msgspec.Struct) -> None:
    packed = msgspec.msgpack.encode(message)
    stream.write(len(packed).to_bytes(_LENGTH_BYTES, "big"))
    stream.write(packed)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes | None:
    """The next message, or None if the other end is gone, be it amid one."""
    start = stream.read(_LENGTH_BYTES)
    length = int.from_bytes(start, "big")
    message = stream.read(length)
    return message if len(start) == _LENGTH_BYTES and len(message) == length else None


def _answer(orders: IO[bytes], answers: IO[bytes]) -> None:
    message = _receive(orders)
    if message is None:
        return
    order = msgspec.msgpack.decode(message, type=Order)
    fingerprints = array("q")
    while chunk := orders.read(_CHUNK_BYTES):
        fingerprints.frombytes(chunk)
    try:
        with closing(blocks_of(Path(order.path), after=order.after)) as blocks:
            for batch in batches(blocks, makes=order.makes, dated=order.dated, taken=Taken(fingerprints)):
                for lines in batch.rounds:
                    lines.taken.clear()  # told apart already
                _send(answers, _Answer(batch))
    except UnreadableFileError as error:
        _send(answers, _Answer(error=error.message))
    else:
        _send(answers, _Answer())


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # nobody listens any more: end without a word
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    gc.set_threshold(100_000)  # of millions of short lives, none is held by a cycle
    _answer(sys.stdin.buffer, sys.stdout.buffer)
