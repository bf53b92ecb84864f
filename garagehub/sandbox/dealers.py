"""Dealers' systems, as a probe finds them: what the timeline says, or what was set by hand."""

from __future__ import annotations

from collections.abc import Mapping

from garagehub.sandbox.clock import Clock
from garagehub.sandbox.messages import Request, Response, json_response
from garagehub.sandbox.refusals import refuse
from garagehub.sandbox.routing import Route
from garagehub.scenario.timeline import DEGRADED, DOWN, OPERATIONAL, SYSTEMS, Timeline


class DealerSystems:
    """Answers the probes."""

    def __init__(self, *, regions: Mapping[str, int], timeline: Timeline, clock: Clock) -> None:
        self._regions = regions
        self._timeline = timeline
        self._clock = clock
        self._set: dict[tuple[str, str], str] = {}

    def routes(self) -> list[Route]:
        """The address of one system at one dealer, and its control."""
        pattern = "/dealers/{code}/systems/{system}"
        return [
            Route("GET", pattern, self.probe, "200 ok or degraded, 503 down."),
            Route("POST", pattern, self.set_state, '{"state": "down"}, or null for the timeline.', is_control=True),
        ]

    def probe(self, request: Request, *, code: str, system: str) -> Response:
        """Whether the system works: 503 when it is down."""
        state = self._state(code=code, system=system)
        if state == DOWN:
            return json_response({"status": "down"}, status=503)
        return json_response({"status": "degraded" if state == DEGRADED else "ok"})

    def set_state(self, request: Request, *, code: str, system: str) -> Response:
        """Set a state by hand, or give it back to the timeline with null."""
        self._known(code=code, system=system)
        body = request.json_object()
        state = body.get("state")
        if set(body) != {"state"} or state not in {None, OPERATIONAL, DEGRADED, DOWN}:
            raise refuse(400, "bad_state", 'Send {"state": "operational", "degraded", "down" or null}.')
        if state is None:
            self._set.pop((code, system), None)
        else:
            self._set[code, system] = state
        shown = {"dealer": code, "system": system, "state": self._state(code=code, system=system)}
        return json_response(shown | {"is_set": state is not None})

    def reset(self) -> None:
        """Give every state back to the timeline."""
        self._set.clear()

    def _known(self, *, code: str, system: str) -> None:
        if code not in self._regions or system not in SYSTEMS:
            raise refuse(404, "no_such_system", "There is no such dealer, or it has no such system.")

    def _state(self, *, code: str, system: str) -> str:
        self._known(code=code, system=system)
        return self._set.get((code, system)) or self._timeline.state(
            dealer_code=code, region=self._regions[code], system=system, at=self._clock.now()
        )
