"""What operators watch, in Prometheus' text form. Never a plate, a dealer or a person in a label."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

_VEHICLES = "SELECT status, count(*) FROM parts_repairstatus WHERE reasons <> 0 GROUP BY status"
_FEEDS = """
SELECT s.code, extract(epoch FROM now() - s.confirmed_at), f.failures
FROM parts_feed f JOIN parts_supplier s ON s.id = f.supplier_id WHERE f.is_enabled
"""
_STATES = "SELECT system, state, count(*) FROM dealers_status GROUP BY system, state"
_SINGLE = """
SELECT (SELECT count(*) FROM (SELECT 1 FROM parts_dirty LIMIT 100000) few),
       (SELECT extract(epoch FROM now() - now) FROM parts_engineclock),
       (SELECT count(*) FROM parts_feedrun WHERE state = 'held')
"""


class _Collector:
    """Reads the tables when asked: four small queries."""

    def collect(self) -> Iterator[Metric]:
        with connection.cursor() as cursor:
            cursor.execute(_VEHICLES)
            vehicles = GaugeMetricFamily("garagehub_vehicles", "Vehicles by repair status.", labels=["status"])
            for status, count in cursor.fetchall():
                vehicles.add_metric([status], count)
            yield vehicles
            cursor.execute(_FEEDS)
            age = GaugeMetricFamily(
                "garagehub_feed_age_seconds", "Since the stock was last confirmed.", labels=["feed"]
            )
            failures = GaugeMetricFamily("garagehub_feed_failures", "Failed polls in a row.", labels=["feed"])
            for code, seconds, failed in cursor.fetchall():
                age.add_metric([code], float(seconds) if seconds is not None else float("inf"))
                failures.add_metric([code], failed)
            yield age
            yield failures
            cursor.execute(_STATES)
            states = GaugeMetricFamily("garagehub_systems", "Dealer systems by state.", labels=["system", "state"])
            for system, state, count in cursor.fetchall():
                states.add_metric([system, state], count)
            yield states
            cursor.execute(_SINGLE)
            dirty, decided, held = cursor.fetchone() or (0, None, 0)
        yield GaugeMetricFamily("garagehub_dirty_marks", "Changes waiting for the decision, at most 100000.", dirty)
        if decided is not None:
            yield GaugeMetricFamily("garagehub_decision_age_seconds", "Since the last decision.", float(decided))
        yield GaugeMetricFamily("garagehub_feed_runs_held", "Feed runs that wait for an admin.", held)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For this machine, or for who sends the token: `Authorization: Bearer $METRICS_TOKEN`."""
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token = settings.METRICS_TOKEN
    allowed = hmac.compare_digest(sent, token) if token else request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1"}
    if not allowed:
        return HttpResponseForbidden("Send the metrics token.\n", content_type="text/plain")
    registry = CollectorRegistry()
    registry.register(_Collector())
    return HttpResponse(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")
