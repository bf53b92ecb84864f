"""A list of part numbers or plates out of a file that somebody has anyway: text, CSV, or an Excel workbook."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from typing import IO

from django.utils.translation import gettext as _

from garagehub.lib.errors import DomainError
from parts.feeds.adapters.rows import BrokenFileError
from parts.feeds.adapters.table import KNOWN_NAMES
from parts.feeds.adapters.xlsx import sheet_texts

MAX_BYTES = 2 * 1024 * 1024
_MAX_ROWS = 10_000  # far above what can be checked at once, so that the count in the refusal is true
_MAX_COLUMNS = 50
_WORKBOOK = b"PK\x03\x04"
_SEPARATORS = "\t;,"
# Headings in small letters, without spaces and signs.
PART_NUMBERS = frozenset({*KNOWN_NAMES["part_number"].split(), "number"})
PLATES = frozenset({"plate", "numberplate", "registration", "registrationnumber", "reg", "regno", "vrm", "number"})


def read_list(file: IO[bytes], *, headings: Collection[str]) -> list[str]:
    """The things listed, in order: the first column under one of the headings, else the first of all; no empty places.

    DomainError `bad_file`, for the person who chose the file.
    """
    body = file.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise too_large()
    try:
        found = sheet_texts(io.BytesIO(body)) if body.startswith(_WORKBOOK) else _lines(_decoded(body))
        rows = list(itertools.islice(found, _MAX_ROWS))
    except BrokenFileError as error:
        raise _bad(str(error)) from error
    except csv.Error as error:
        raise _bad(_("The file cannot be read as text or CSV.")) from error
    return [text for row in _column(rows, headings) if (text := " ".join(row.split()))]


def too_large() -> DomainError:
    """What to say of a file above the limit."""
    return _bad(_("The file is larger than 2 MiB. Choose a smaller one, or paste what you want to check."))


def _bad(text: str) -> DomainError:
    return DomainError(text, code="bad_file", fields={"file": [text]})


def _decoded(body: bytes) -> str:
    """Excel's "Unicode text" is UTF-16 with its mark, its plain CSV is Windows-1252, and all else is UTF-8."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", errors="replace")
    if b"\0" in body:
        raise _bad(_("This is not a text, CSV or Excel (.xlsx) file."))
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", errors="replace")


def _lines(text: str) -> Iterator[list[str]]:
    begins = text[:4_096]
    separator = max(_SEPARATORS, key=begins.count)  # the first of equals: none of them there does no harm
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    first, second = next(rows, []), next(rows, None)
    if second is None:  # all on one line
        yield from ([cell] for cell in first)
        return
    yield first
    yield second
    yield from rows


def _column(rows: Sequence[Sequence[str]], headings: Collection[str]) -> Iterator[str]:
    names = [re.sub(r"[\W_]+", "", name).lower() for name in rows[0][:_MAX_COLUMNS]] if rows else []
    named = next((at for at, name in enumerate(names) if name in headings), None)
    at = named or 0
    for row in rows if named is None else rows[1:]:
        yield row[at] if at < len(row) else ""
