"""Leads people whose garage asks for two-step sign-in to setting it up. What they may do is decided elsewhere.

`dealers.access` lets nobody act for such a garage without it, by page or by API; this only shows the way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from dealers.team import waits_for_second_step
from garagehub.accounts.models import User

_OF_GARAGES = "garage"  # how the names of their pages begin
_OPEN = {"garage-watch-mail-end"}  # the link in an e-mail works for whoever holds it


class SecondStepMiddleware:
    """Sends who has it still before them from a garage's pages to the page that sets it up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """None for all other pages, and for who may go on."""
        match = request.resolver_match
        name = (match.url_name if match else None) or ""
        if not name.startswith(_OF_GARAGES) or name in _OPEN or not isinstance(request.user, User):
            return None
        return redirect("account-two-step") if waits_for_second_step(request.user) else None
