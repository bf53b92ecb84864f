"""Cuts plain lines of delimited text into columns, all at once.

A line without quotes is a JSON array but for its commas, so `msgspec` cuts a whole block of lines, holds each line to the
header's width and reads the cells that need no care, several times as quickly as Python would one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import GenericAlias
from typing import Any

import msgspec

from parts.feeds.adapters.table import Field, Table


class Cutter:
    """Cuts the blocks of one file. Its cells are read as what they are until one shows that they need care."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._texts = _decoder(table, {})
        self._values = _decoder(table, table.types) if table.types else None

    def columns(self, text: str) -> tuple[list[Sequence[Any]], bool] | None:
        """The cells of whole lines, column by column, and whether those with a type (`Table.types`) are read already.

        None unless each line has as many cells as the header (there must be one), and none a quote, a backslash or a
        control character.
        """
        if not self._table.is_exact or '"' in text or "\\" in text:
            return None
        delimiter, end = self._table.delimiter, "\r\n" if "\r" in text else "\n"
        array = '["' + text.removesuffix(end).replace(delimiter, '","').replace(end, '"]\n["') + '"]'
        if self._values and text.isascii() and not _has_blank_edges(array):
            try:
                return _columns(self._values.decode_lines(array.replace('""', "null"))), True
            except msgspec.ValidationError:
                self._values = None  # what one block has, the next will have too
            except msgspec.DecodeError:
                return None
        try:
            return _columns(self._texts.decode_lines(array)), False
        except msgspec.DecodeError:
            return None


def _decoder(table: Table, types: Mapping[Field, Any]) -> msgspec.json.Decoder[Any]:
    """Of lines as arrays; a cell is text unless its field has a type. With types, an empty cell is None: of fields that
    have none, and are to be read as text, that is refused.
    """
    type_at: dict[int, Any] = dict.fromkeys(table.positions.values(), str)
    type_at |= {table.positions[name]: type_ for name, type_ in types.items()}
    unread: Any = (str | None) if types else str
    line = GenericAlias(tuple, tuple(type_at.get(at, unread) for at in range(table.width)))
    return msgspec.json.Decoder(line, strict=False)


def _columns(lines: list[Any]) -> list[Sequence[Any]]:
    return list(zip(*lines, strict=True))


def _has_blank_edges(array: str) -> bool:
    """Whether a cell begins or ends with a blank, which the readers of cells take off."""
    return " " in array and ('" ' in array or ' "' in array)
