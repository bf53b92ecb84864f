"""Errors that become answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class RefusalError(Exception):
    """A request that gets an error answer: the status, and the JSON body to send."""

    def __init__(self, status: int, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def refuse(status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> RefusalError:
    """An error in the sandbox's own shape: a stable code and a sentence."""
    return RefusalError(status, {"error": code, "message": message}, headers=headers)
