"""Somebody's server that takes webhooks, and keeps them to be looked at. Faults at `hooks/<name>` spoil its answers."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from datetime import UTC, datetime
from typing import Any

from garagehub.sandbox.messages import Request, Response, json_response
from garagehub.sandbox.routing import Route

KEPT = 1_000


class Hooks:
    """Takes what is posted to it, under as many names as anybody likes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, deque[dict[str, Any]]] = defaultdict(lambda: deque(maxlen=KEPT))

    def routes(self) -> list[Route]:
        """The address that takes, and the one that shows."""
        pattern = "/hooks/{name}"
        return [
            Route("POST", pattern, self.take, "Takes a webhook: 204."),
            Route("GET", pattern, self.show, "What it took, oldest first.", is_control=True),
            Route("DELETE", pattern, self.empty, "Throw that away.", is_control=True),
        ]

    def take(self, request: Request, *, name: str) -> Response:
        """Keep it; `hook_late` answers only after a while, when it is kept already."""
        taken = {
            "id": request.headers.get("webhook-id", ""),
            "headers": dict(request.headers),
            "body": request.body.decode("utf-8", "replace"),
            "received_at": datetime.now(UTC).isoformat(),
        }
        with self._lock:
            self._kept[name].append(taken)
        if late := request.faults.get("hook_late"):
            late.cleared.wait(float(late.options["seconds"]))
        return Response(204)

    def show(self, request: Request, *, name: str) -> Response:
        """All that was taken under this name."""
        with self._lock:
            return json_response({"deliveries": list(self._kept[name])})

    def empty(self, request: Request, *, name: str) -> Response:
        """Throw all away that was taken under this name."""
        with self._lock:
            return json_response({"deleted": len(self._kept.pop(name, ()))})

    def reset(self) -> None:
        """Throw all away."""
        with self._lock:
            self._kept.clear()
