"""Health answers that come before everything else, host checks included."""

from __future__ import annotations

from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.db.utils import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse


class HealthMiddleware:
    """`/healthz` touches nothing; `/readyz` asks PostgreSQL (critical) and Redis (we go on without it)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return HttpResponse("ok", content_type="text/plain")
        if request.path == "/readyz":
            return _readiness()
        return self.get_response(request)


def _readiness() -> HttpResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        database = "ok"
    except OperationalError:
        database = "down"
    cache.set("readyz", "1", 10)
    redis = "ok" if cache.get("readyz") == "1" else "down"
    status = "down" if database == "down" else ("ok" if redis == "ok" else "degraded")
    body = {"status": status, "database": database, "redis": redis}
    return JsonResponse(body, status=503 if status == "down" else 200)
