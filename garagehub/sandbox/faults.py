"""What can be made to go wrong: the kinds of fault, and the board on which they are put up and taken down."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from garagehub.sandbox.moth import CODES


class Stage(Enum):
    """When a fault acts on a request."""

    INSTEAD = "instead of the answer"
    CONTENT = "on what the answer says"
    DELIVERY = "on how the answer is sent"


_ANY = re.compile(r"/(suppliers|dealers|dvsa|dvla|hooks)(/|$)")
_OFFERS = re.compile(r"/suppliers/[^/]+/(offers\.(ndjson|csv)|changes)$")
_SNAPSHOT = re.compile(r"/suppliers/[^/]+/offers\.(ndjson|csv)$")
_CHANGES = re.compile(r"/suppliers/[^/]+/changes$")
_DVSA = re.compile(r"/dvsa(/|$)")
_HOOKS = re.compile(r"/hooks(/|$)")
_MAIL = re.compile(r"/mail$")
# What can lie below a target, to tell whether a fault can ever happen there.
_BELOW = ("", "/changes", "/offers.csv", "/any/changes", "/any/offers.csv")

GIB = 1024**3


@dataclass(frozen=True)
class FaultKind:
    """A kind of fault: when it acts, on which paths, and its options with their defaults."""

    name: str
    stage: Stage
    applies_to: re.Pattern[str]
    meaning: str
    options: Mapping[str, Any] = field(default_factory=dict)


KINDS: dict[str, FaultKind] = {
    kind.name: kind
    for kind in (
        FaultKind("refuse", Stage.INSTEAD, _ANY, "The connection is reset: the service is switched off."),
        FaultKind("hang", Stage.INSTEAD, _ANY, "No answer for so many seconds, then a reset.", {"seconds": 300.0}),
        FaultKind("status_500", Stage.INSTEAD, _ANY, "500, an error of the server."),
        FaultKind("status_429", Stage.INSTEAD, _ANY, "429 with Retry-After.", {"retry_after": 30}),
        FaultKind("status_403", Stage.INSTEAD, _ANY, "A rate limit answered as 403; only the body says so."),
        FaultKind("gzip_bomb", Stage.INSTEAD, _ANY, "A small gzip body that expands to so many bytes.", {"bytes": GIB}),
        FaultKind(
            "redirect_private",
            Stage.INSTEAD,
            _ANY,
            "A redirect to an address inside a network.",
            {"location": "http://169.254.169.254/latest/meta-data/"},
        ),
        FaultKind("invalid_tls", Stage.INSTEAD, _ANY, "A redirect to the listener with a self-signed certificate."),
        FaultKind("moth_error", Stage.INSTEAD, _DVSA, "An error of DVSA by its code.", {"code": "MOTH-RL-01"}),
        FaultKind("hook_gone", Stage.INSTEAD, _HOOKS, "410: nobody wants these messages any more."),
        FaultKind(
            "hook_late", Stage.CONTENT, _HOOKS, "Kept at once, answered after so many seconds.", {"seconds": 30.0}
        ),
        FaultKind("mail_busy", Stage.INSTEAD, _MAIL, "The mail server takes nothing for now (451)."),
        FaultKind("mail_reject", Stage.INSTEAD, _MAIL, "There is no such mailbox (550)."),
        FaultKind(
            "mail_late", Stage.CONTENT, _MAIL, "Kept at once, confirmed after so many seconds.", {"seconds": 30.0}
        ),
        FaultKind("cursor_refused", Stage.INSTEAD, _CHANGES, "410: the cursor is no longer known."),
        FaultKind("zero_rows", Stage.CONTENT, _SNAPSHOT, "A well-formed snapshot without rows.", {"empty_body": False}),
        FaultKind("fewer_rows", Stage.CONTENT, _SNAPSHOT, "So many percent of the rows are missing.", {"percent": 40}),
        FaultKind("old_snapshot", Stage.CONTENT, _SNAPSHOT, "An old snapshot is sent again.", {"hours": 24}),
        FaultKind("wrong_digest", Stage.CONTENT, _SNAPSHOT, "Content-Digest does not match the body."),
        FaultKind("late_delta", Stage.CONTENT, _CHANGES, "Changes older than what was sent before.", {"count": 5}),
        FaultKind("duplicate_keys", Stage.CONTENT, _OFFERS, "Rows come twice, unlike each other.", {"count": 50}),
        FaultKind("bad_rows", Stage.CONTENT, _OFFERS, "Rows that make no sense.", {"count": 25}),
        FaultKind("huge_line", Stage.CONTENT, _OFFERS, "One row of so many bytes.", {"bytes": 8 * 1024**2}),
        FaultKind("slow_drip", Stage.DELIVERY, _ANY, "The body comes in drops.", {"bytes": 1, "every_s": 1.0}),
        FaultKind(
            "truncated_body",
            Stage.DELIVERY,
            _ANY,
            "The body breaks off; silent: with a Content-Length that fits the part sent.",
            {"keep_percent": 50, "silent": False},
        ),
    )
}


class UnknownFaultError(ValueError):
    """The fault asked for does not exist, or not there, or not with these options."""


@dataclass
class Fault:
    """A fault on the board. `times` is how many requests it still meets, None for ever; `cleared` ends waiting."""

    id: int
    kind: FaultKind
    target: str
    times: int | None
    options: Mapping[str, Any]
    hits: int = 0
    cleared: threading.Event = field(default_factory=threading.Event)

    def meets(self, path: str) -> bool:
        """Whether a request for this path runs into the fault."""
        inside = f"{path}/".startswith(f"/{self.target}/")
        return inside and self.kind.applies_to.match(path) is not None

    def as_json(self) -> dict[str, Any]:
        """The fault as the control address shows it."""
        shown = {"id": self.id, "target": self.target, "fault": self.kind.name, "times": self.times, "hits": self.hits}
        return shown | dict(self.options)


class FaultBoard:
    """The faults that are up. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._spent: list[Fault] = []
        self._ids = itertools.count(1)

    def put(self, *, target: str, name: str, times: int | None, options: Mapping[str, Any]) -> Fault:
        """Put a fault up in place of one of the same kind at the same target.

        Raises UnknownFaultError, with a sentence that says what is wrong.
        """
        kind = KINDS.get(name)
        if kind is None:
            raise UnknownFaultError(f"There is no fault {name!r}. There are: {', '.join(sorted(KINDS))}.")
        if not any(kind.applies_to.match(f"/{target}{below}") for below in _BELOW):
            raise UnknownFaultError(f"{name} cannot happen at {target}.")
        if name == "moth_error" and options.get("code", CODES[0]) not in CODES:
            raise UnknownFaultError(f"code must be one of {', '.join(CODES)}.")
        if times is not None and (type(times) is not int or times < 1):
            raise UnknownFaultError("times must be a whole number from 1, or null for ever.")
        checked = {key: _checked(key, default, options.get(key, default)) for key, default in kind.options.items()}
        unknown = sorted(set(options) - set(kind.options))
        if unknown:
            raise UnknownFaultError(f"{name} has no option {', '.join(unknown)}.")
        with self._lock:
            self._drop([f for f in self._faults if f.kind is kind and f.target == target])
            fault = Fault(next(self._ids), kind, target, times, checked)
            self._faults.insert(0, fault)
        return fault

    def meet(self, path: str) -> dict[str, Fault]:
        """The faults a request for this path runs into, by name, each counted. At most one stands instead of the answer."""
        met: dict[str, Fault] = {}
        with self._lock:
            for fault in self._faults:
                if fault.meets(path) and fault.kind.name not in met:
                    met[fault.kind.name] = fault
            instead = next((fault for fault in met.values() if fault.kind.stage is Stage.INSTEAD), None)
            if instead:
                met = {instead.kind.name: instead}
            for fault in met.values():
                fault.hits += 1
                if fault.times is not None:
                    fault.times -= 1
            # An exhausted fault leaves the board, but the request it met last still waits its time.
            self._spent += [fault for fault in self._faults if fault.times == 0]
            self._faults = [fault for fault in self._faults if fault.times != 0]
        return met

    def all(self) -> list[Fault]:
        """The faults that are up, newest first."""
        with self._lock:
            return list(self._faults)

    def clear(self, fault_id: int | None = None) -> int:
        """Take one fault down, or all; those who hang or drip because of it are let go. Says how many there were."""
        with self._lock:
            for fault in [f for f in self._spent if fault_id in {None, f.id}]:
                fault.cleared.set()
                self._spent.remove(fault)
            return self._drop([f for f in self._faults if fault_id in {None, f.id}])

    def _drop(self, faults: list[Fault]) -> int:
        for fault in faults:
            fault.cleared.set()
            self._faults.remove(fault)
        return len(faults)


def _checked(key: str, default: Any, value: Any) -> Any:
    """The value if it is of the default's type and, for a number, not negative."""
    wanted: tuple[type, ...] = (int, float) if isinstance(default, float) else (type(default),)
    if type(value) not in wanted:
        raise UnknownFaultError(f"{key} must be like {default!r}.")
    if isinstance(value, (int, float)) and not 0 <= value <= 64 * GIB:
        raise UnknownFaultError(f"{key} is out of range.")
    return value
