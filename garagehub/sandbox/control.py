"""The controls: what there is, the clock, the faults. No fault ever spoils these addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from garagehub.sandbox.clock import Clock
from garagehub.sandbox.faults import KINDS, FaultBoard, UnknownFaultError
from garagehub.sandbox.messages import Request, Response, json_response
from garagehub.sandbox.refusals import refuse
from garagehub.sandbox.routing import Route

_CLOCK_HINT = 'Send {"offset_days": 1.5} or {"frozen_at": "2026-11-22T09:00:00Z"}.'
_ALL_OF_A_KIND = frozenset({"dealers", "suppliers"})


class Control:
    """Answers the control addresses.

    `targets` are the addresses that faults may be put at, `forget` gives back what was set at the services.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        faults: FaultBoard,
        targets: Iterable[str],
        about: Callable[[str], dict[str, Any]],
        forget: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._targets = frozenset(targets)
        self._about = about
        self._forget = forget

    def routes(self) -> list[Route]:
        """The control addresses."""
        return [
            Route("GET", "/", self.index, "Everything there is.", is_control=True),
            Route("GET", "/clock", self.clock, "The scenario's time.", is_control=True),
            Route("POST", "/clock", self.set_clock, '{"offset_days": n} or {"frozen_at": instant}.', is_control=True),
            Route("GET", "/faults", self.list_faults, "The faults that are up.", is_control=True),
            Route("POST", "/faults", self.put_fault, '{"target", "fault", "times"?, options}.', is_control=True),
            Route("DELETE", "/faults", self.clear_faults, "Take all faults down.", is_control=True),
            Route("DELETE", "/faults/{fault_id}", self.clear_fault, "Take one down.", is_control=True),
            Route("POST", "/reset", self.reset, "Forget all that was set by hand.", is_control=True),
        ]

    def index(self, request: Request) -> Response:
        """Everything the sandbox has, with addresses as the client reaches them."""
        return json_response(self._about(request.base_url))

    def clock(self, request: Request) -> Response:
        """What time it is in the scenario."""
        return json_response(self._clock.as_json())

    def set_clock(self, request: Request) -> Response:
        """Move the clock by `offset_days`, or stop it at `frozen_at`."""
        body = request.json_object()
        try:
            match body:
                case {"offset_days": int() | float() as days} if len(body) == 1 and not isinstance(days, bool):
                    self._clock.move(offset_days=days)
                case {"frozen_at": str() as text} if len(body) == 1:
                    self._clock.stop(at=datetime.fromisoformat(text))
                case _:
                    raise ValueError(_CLOCK_HINT)
        except ValueError as error:
            raise refuse(400, "bad_clock", str(error)) from error
        return json_response(self._clock.as_json())

    def list_faults(self, request: Request) -> Response:
        """The faults that are up, and the kinds there are."""
        kinds = {
            kind.name: {"acts": kind.stage.value, "meaning": kind.meaning, "options": kind.options}
            for kind in KINDS.values()
        }
        return json_response({"faults": [fault.as_json() for fault in self._faults.all()], "kinds": kinds})

    def put_fault(self, request: Request) -> Response:
        """Put a fault up."""
        options = request.json_object()
        target, name, times = (options.pop(key, None) for key in ("target", "fault", "times"))
        target = target.strip("/") if isinstance(target, str) else ""
        # A target may be one of ours, all of a kind, or a single address below one of ours (suppliers/x/changes).
        known = target in _ALL_OF_A_KIND or any(f"{target}/".startswith(f"{one}/") for one in self._targets)
        if not known:
            raise refuse(400, "unknown_target", "The target must be an address of the outside world, as GET / lists.")
        try:
            fault = self._faults.put(target=target, name=str(name), times=times, options=options)
        except UnknownFaultError as error:
            raise refuse(400, "unknown_fault", str(error)) from error
        return json_response(fault.as_json(), status=201)

    def clear_faults(self, request: Request) -> Response:
        """Take all faults down, and let go those who wait because of one."""
        return json_response({"cleared": self._faults.clear()})

    def clear_fault(self, request: Request, *, fault_id: str) -> Response:
        """Take one fault down."""
        cleared = self._faults.clear(int(fault_id)) if fault_id.isdecimal() else 0
        if not cleared:
            raise refuse(404, "no_such_fault", "There is no such fault.")
        return json_response({"cleared": cleared})

    def reset(self, request: Request) -> Response:
        """The world as it was when it started: no faults, the real time, nothing set by hand."""
        self._faults.clear()
        self._clock.move(offset_days=0)
        self._forget()
        return json_response({"reset": True})
