"""A supplier's answer on disk: downloaded whole and checked before the database hears of it, then read as a stream.

Memory holds one piece of it at a time, and what a compressed body expands to is counted, so that no feed is too large
and no small one becomes so.
"""

from __future__ import annotations

import base64
import hashlib
import re
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Self

from garagehub.lib.http import Body, OutboundError, TimedOutError
from parts.feeds.adapters.rows import BrokenFileError

PIECE = 262_144
# More than text compresses to; a bomb's ratio is a thousand. Small bodies may expand freely.
_MAX_RATIO = 300
_FREE_EXPANSION = 64 * 1024 * 1024
# Slower than this over so long, and the supplier is as good as down.
_SLOW_BYTES_PER_S = 1_024
_SLOW_AFTER_S = 20
_DIGEST = re.compile(r"\s*(sha-256|sha-512)\s*=\s*:([A-Za-z0-9+/=]+):\s*(?:;.*)?")


class DigestError(BrokenFileError):
    """The body is not the one its sender made."""


class Spool:
    """A body as it was sent, in a temporary file."""

    def __init__(self, *, max_bytes: int) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._max_bytes = max_bytes
        self.is_gzipped = False
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()

    def take(self, body: Body) -> str:
        """Take in the body as sent and give its SHA-256 in hex; checked against its Content-Digest (RFC 9530).

        Raises OutboundError for what the network did, DigestError if it is not what the sender meant to send.
        """
        self.is_gzipped = _is_gzipped(body.headers.get("Content-Encoding", ""))
        self._file.seek(0)
        self._file.truncate()
        self.size = 0
        sha256, sha512 = hashlib.sha256(), hashlib.sha512()
        promised = _promised_digests(body.headers.get("Content-Digest", ""))
        started = time.monotonic()
        for chunk in body.raw_chunks():
            sha256.update(chunk)
            if "sha-512" in promised:
                sha512.update(chunk)
            self._file.write(chunk)
            self.size += len(chunk)
            waited = time.monotonic() - started
            if waited > _SLOW_AFTER_S and self.size < waited * _SLOW_BYTES_PER_S:
                raise TimedOutError(f"The answer came too slowly: {self.size:,} bytes in {waited:.0f} seconds.")
        for name, found in (("sha-256", sha256), ("sha-512", sha512)):
            if name in promised and promised[name] != found.digest():
                raise DigestError("The digest does not match: the file was damaged on its way.")
        return sha256.hexdigest()

    def append(self, lines: Iterable[bytes]) -> None:
        """Add lines to an uncompressed file."""
        for line in lines:
            self._file.write(line)
            self._file.write(b"\n")
            self.size += len(line) + 1
        if self.size > self._max_bytes:
            raise BrokenFileError(f"The file is larger than {self._max_bytes:,} bytes.")

    def fill(self, pieces: Iterable[bytes], *, is_gzipped: bool) -> None:
        """Take in a body that was kept or uploaded."""
        self.is_gzipped = is_gzipped
        for piece in pieces:
            self._file.write(piece)
            self.size += len(piece)

    def pieces(self) -> Iterator[bytes]:
        """The body as it was sent."""
        self._file.seek(0)
        while piece := self._file.read(PIECE):
            yield piece

    def gzipped_pieces(self) -> Iterator[bytes]:
        """The body as gzip, whether it came so or not."""
        if self.is_gzipped:
            yield from self.pieces()
            return
        packer = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        for piece in self.pieces():
            if packed := packer.compress(piece):
                yield packed
        yield packer.flush()

    def chunks(self) -> Iterator[bytes]:
        """The body decoded. BrokenFileError if it ends early, is damaged or expands beyond its limits."""
        expanded = 0
        for chunk in _gunzipped(self.pieces()) if self.is_gzipped and self.size else self.pieces():
            expanded += len(chunk)
            if expanded > self._max_bytes:
                raise BrokenFileError(f"The file is larger than {self._max_bytes:,} bytes once unpacked.")
            if expanded > max(_FREE_EXPANSION, self.size * _MAX_RATIO):
                raise BrokenFileError(f"The compressed file expands more than {_MAX_RATIO} times.")
            yield chunk


def _is_gzipped(coding: str) -> bool:
    name = coding.strip().lower()
    if name in {"", "identity"}:
        return False
    if name in {"gzip", "x-gzip"}:
        return True
    raise OutboundError(f"The answer is compressed in a way we did not ask for ({name[:20]}).")


def _promised_digests(header: str) -> Mapping[str, bytes]:
    """The digests we can check; others are passed over, as RFC 9530 asks."""
    found = {}
    for item in header.split(","):
        if match := _DIGEST.fullmatch(item):
            try:
                found[match[1]] = base64.b64decode(match[2], validate=True)
            except ValueError as error:
                raise DigestError("The sender's digest cannot be read.") from error
    return found


def _gunzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The members of a gzip stream, one after the other, in bounded chunks."""
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        for piece in pieces:
            data = piece
            while data:
                if unpacker.eof:
                    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
                if chunk := unpacker.decompress(data, PIECE * 2):
                    yield chunk
                data = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        while not unpacker.eof and (chunk := unpacker.decompress(b"", PIECE * 2)):
            yield chunk
    except zlib.error as error:
        raise BrokenFileError("The compressed file is damaged.") from error
    if not unpacker.eof:
        raise BrokenFileError("The compressed file ends early.")
