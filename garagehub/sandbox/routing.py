"""Which function answers which address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from garagehub.sandbox.messages import Request, Response
from garagehub.sandbox.refusals import refuse

Handler = Callable[..., Response]


@dataclass(frozen=True)
class Route:
    """An address: `/suppliers/{code}/changes`. Those of the outside world can be spoilt by faults, controls cannot."""

    method: str
    pattern: str
    handler: Handler
    note: str
    is_control: bool = False


class Router:
    """Finds the route of a request by method and path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._compiled = [
            (re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]*)", re.escape(route.pattern))), route)
            for route in self.routes
        ]

    def find(self, request: Request) -> tuple[Route, dict[str, str]]:
        """The route and the values in the path. Raises 404 or 405; neither repeats the path, which may hold a plate."""
        method = "GET" if request.method == "HEAD" else request.method
        allowed = set()
        for pattern, route in self._compiled:
            match = pattern.fullmatch(request.path)
            if match and route.method == method:
                return route, match.groupdict()
            if match:
                allowed.add(route.method)
        if not allowed:
            raise refuse(404, "no_such_address", "There is nothing here. GET / lists what there is.")
        methods = ", ".join(sorted(allowed))
        raise refuse(405, "method_not_allowed", f"This address answers {methods}.", headers={"Allow": methods})
