"""Empty views: 204 behind the same middleware, authentication and throttle as the answer they stand for."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response

from garagehub.urls import handler400, handler403, handler404, handler500
from garagehub.urls import urlpatterns as site
from parts.lookup.api import PartsCheck, VehicleLookup

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


class EmptyLookup(VehicleLookup):
    """All that a look-up passes through, and no look-up."""

    schema: ClassVar[Any] = None

    def post(self, request: Request) -> Response:
        return Response(status=204)


class EmptyCheck(PartsCheck):
    """All that a check passes through, the garage's key included, and no check."""

    schema: ClassVar[Any] = None

    def post(self, request: Request) -> Response:
        return Response(status=204)


@csrf_exempt
def bare(request: HttpRequest) -> HttpResponse:
    """Django's middleware, and nothing else."""
    return HttpResponse(status=204)


urlpatterns = [
    path("empty/bare", bare),
    path("empty/lookup", EmptyLookup.as_view()),
    path("empty/check", EmptyCheck.as_view()),
    *site,
]
