"""What one supplier says at this moment: the scenario's offers, and on top of them what was set by hand."""

from __future__ import annotations

import bisect
import hashlib
import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from garagehub.sandbox.clock import Clock

Row = dict[str, Any]
Key = tuple[str, str, str]

# Offers are read anew when the scenario's time passes a multiple of this, so that a feed stands still in between.
STEP = timedelta(minutes=5)

_AFTER_ANY_MARK = "~"  # marks are hexadecimal
_AFTER_ANY_KEY = ("\U0010ffff", "", "")


class LostCursorError(Exception):
    """The cursor is not one this process gave out."""


class FeedState(NamedTuple):
    """A feed between two changes. Rows carry the sequence of their own last change; `deleted` ones are tombstones."""

    sequence: int
    generated_at: datetime
    rows: tuple[Row, ...]
    tombstones: tuple[Row, ...]


class SupplierFeed:
    """One supplier's offers over time. The sequence rises whenever they change, and from one process to the next.

    `offers` gives the scenario's rows at an instant. Safe to use from many threads.
    """

    def __init__(self, *, code: str, offers: Callable[[datetime], Iterable[Row]], clock: Clock) -> None:
        self.code = code
        self._offers = offers
        self._clock = clock
        self._lock = threading.Lock()
        self._epoch = secrets.token_hex(4)
        self._set: dict[Key, Row | None] = {}
        self._version = 0
        self._made_for: tuple[datetime, int] | None = None
        self._last: dict[Key, Row] = {}
        self._state = FeedState(0, datetime.min.replace(tzinfo=UTC), (), ())
        self._order: list[tuple[int, str, Key]] = []
        self._ordered_for = 0

    def state(self) -> FeedState:
        """The feed as it stands now."""
        with self._lock:
            return self._read()

    def rows_at(self, at: datetime, *, sequence: int) -> tuple[Row, ...]:
        """What the feed said at another time, all under one sequence and with nothing set by hand."""
        return tuple(row | {"seq": sequence} for row in self._offers(_step(at)))

    def renew(self) -> FeedState:
        """Give the same rows out under a new sequence, as if the sender had made the file again."""
        with self._lock:
            state = self._read()
            self._state = state._replace(sequence=self._next_sequence(), generated_at=self._clock.wall())
            return self._state

    def set_offers(
        self, *, part_number: str, brand: str | None, branch: str | None, values: Row | None
    ) -> list[Row] | None:
        """Set these values on the part's rows, or with None take them off the list. Says what the rows are now.

        None when the part has no rows and brand and branch do not say where to put one.
        """
        with self._lock:
            self._read()
            wanted = normalised(part_number)
            keys = [
                key
                for key, row in self._last.items()
                if (not row.get("deleted") or key in self._set)
                and normalised(key[2]) == wanted
                and brand in {None, key[1]}
                and branch in {None, key[0]}
            ]
            if not keys and brand and branch and values is not None:
                keys = [(branch, brand, part_number)]
            if not keys:
                return None
            for key in keys:
                self._set[key] = None if values is None else (self._set.get(key) or {}) | values
            self._version += 1
            self._read()
            return [self._last[key] for key in keys]

    def forget_set(self) -> int:
        """Give everything set by hand back to the scenario."""
        with self._lock:
            count = len(self._set)
            self._set.clear()
            self._version += 1
            return count

    def changes(self, *, after: str, limit: int) -> tuple[FeedState, list[Row], str, bool]:
        """Changes after a cursor, oldest first, the latest of each offer only; all offers there are if it is empty.

        Also the cursor to go on from, and whether there are more. Raises LostCursorError.
        """
        position = self._position(after) if after else (0, "")
        with self._lock:
            state = self._read()
            if self._ordered_for != state.sequence:
                self._order = sorted((row["seq"], _mark(key), key) for key, row in self._last.items())
                self._ordered_for = state.sequence
            start = bisect.bisect_right(self._order, (*position, _AFTER_ANY_KEY))
            page = self._order[start : start + limit]
            rows = [self._last[key] for _, _, key in page]
            has_more = start + len(page) < len(self._order)
        if page:
            position = page[-1][:2]
        return state, rows, self._cursor(*position), has_more

    def cursor_after(self, state: FeedState) -> str:
        """The cursor after which come the changes to what this state holds."""
        return self._cursor(state.sequence, _AFTER_ANY_MARK)

    def _read(self) -> FeedState:
        wanted = (_step(self._clock.now()), self._version)
        if wanted != self._made_for:
            self._apply(self._wanted_rows(wanted[0]))
            self._made_for = wanted
        return self._state

    def _wanted_rows(self, at: datetime) -> dict[Key, Row]:
        rows = {_key(row): row for row in self._offers(at)}
        for key, values in self._set.items():
            if values is None:
                rows.pop(key, None)
            else:
                rows[key] = (rows.get(key) or _new_row(key)) | values
        return rows

    def _apply(self, wanted: dict[Key, Row]) -> None:
        sequence = self._next_sequence()
        last: dict[Key, Row] = {}
        for key, row in wanted.items():
            before = self._last.get(key)
            same = before is not None and row | {"seq": before["seq"]} == before
            last[key] = before if same and before is not None else row | {"seq": sequence}
        for key, before in self._last.items():
            if key not in last:
                last[key] = before if before.get("deleted") else _tombstone(key, sequence)
        if last == self._last and self._state.sequence:
            return
        self._last = last
        self._state = FeedState(
            sequence,
            self._clock.wall(),
            tuple(row for row in last.values() if not row.get("deleted")),
            tuple(row for row in last.values() if row.get("deleted")),
        )

    def _next_sequence(self) -> int:
        # Seconds of the real time, so that the first sequence of a new process is above the last of the one before.
        return max(self._state.sequence + 1, int(self._clock.wall().timestamp()))

    def _cursor(self, sequence: int, mark: str) -> str:
        return f"{self._epoch}.{sequence}.{mark}"

    def _position(self, cursor: str) -> tuple[int, str]:
        epoch, _, rest = cursor.partition(".")
        sequence, _, mark = rest.partition(".")
        if epoch != self._epoch or not sequence.isdecimal():
            raise LostCursorError
        return int(sequence), mark


def normalised(part_number: str) -> str:
    """A part number without the marks people put between its characters."""
    folded = unicodedata.normalize("NFKC", part_number).upper()
    return "".join(letter for letter in folded if letter not in " -./")


def _key(row: Row) -> Key:
    return row["branch"], row["brand"], row["part_number"]


def _mark(key: Key) -> str:
    """What orders rows of the same sequence: short, so that a cursor is."""
    return hashlib.blake2b("\x1f".join(key).encode(), digest_size=6).hexdigest()


def _step(at: datetime) -> datetime:
    return at - (at - datetime.min.replace(tzinfo=UTC)) % STEP


def _new_row(key: Key) -> Row:
    branch, brand, number = key
    return {
        "part_number": number,
        "brand": brand,
        "branch": branch,
        "quantity": None,
        "availability": "unknown",
        "lifecycle": "active",
        "price_pence": None,
        "currency": "GBP",
        "lead_time_days": None,
        "expected_on": None,
        "grade": "genuine",
        "replaces": [],
        "seq": 0,
    }


def _tombstone(key: Key, sequence: int) -> Row:
    branch, brand, number = key
    return {"part_number": number, "brand": brand, "branch": branch, "deleted": True, "seq": sequence}
