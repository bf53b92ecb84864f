"""Invented calls of every operation: none ends in a 500, and every answer is one that the schema describes.

They are made as a garage that has data, with the names of its data in addresses and bodies; as nobody; and as a
stranger. Each is undone before the next. `SCHEMA_CASES=20` makes about twenty times as many.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID
from zlib import crc32

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as openapi_checks

from dealers import evidence
from dealers.models import Incident, IncidentUpdate, System
from dealers.notices import webhooks
from garagehub.lib.throttle import CountingThrottle
from garagehub.outbox import endpoints
from garagehub.wsgi import application
from parts.notices import watches
from tests import factories
from tests.parts.lookup.world import SPRING, World

CASES = int(os.environ.get("SCHEMA_CASES", "1")) * 30
PLATES = ["AA91AAA", "ab91 cde", "AC91 CCC"]
NUMBERS = ["LR123456", "LR-123 457", "C2D 12345"]
ALWAYS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.negative_data_rejection,
]
# Whether there is such a postcode, plate, make, file or dealer is not for a schema to know.
OF_THE_WORLD = {
    "dealers_list",
    "parts_check",
    "reports_create",
    "stock_preview",
    "stock_upload",
    "vehicles_check",
    "vehicles_lookup",
    "watches_create",
    "webhooks_create",
    "webhooks_ping",
    "webhooks_replay",
}
# Forms have no types, and a file may hold anything; a filter left empty does not filter.
LENIENT = {"dealers_list", "stock_preview", "stock_upload", "watches_create", "watches_list"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
schemathesis.serializer.alias(XLSX, "application/octet-stream")

_INVENTED = settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def _schema(**phases: Any) -> Any:
    config = {"generation": {"with-security-parameters": False}, "phases": phases}
    return schemathesis.openapi.from_wsgi("/api/v1/schema", application, config=SchemathesisConfig.from_dict(config))


schema = _schema()
at_random = _schema(coverage={"enabled": False})
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def answered():
    """How many calls each operation and status had."""
    counts: Counter[tuple[str, int]] = Counter()
    yield counts
    print(f"\n{sum(counts.values())} invented calls:", dict(sorted(counts.items())))  # noqa: T201


@pytest.fixture
def _one_connection():
    """As Django's own test client has it: the end of a call is not the end of the connection of the test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def _no_limits(monkeypatch):
    for scope in CountingThrottle.THROTTLE_RATES:
        monkeypatch.setitem(CountingThrottle.THROTTLE_RATES, scope, "10000000/min")


@pytest.fixture
def names(_no_limits, _one_connection):
    """What the addresses and bodies of a garage's calls may name."""
    at, world = timezone.now(), World()
    world.offer()
    world.vehicle(PLATES[0], SPRING)
    world.vehicle(PLATES[1])
    world.decide()
    garage = world.dealer
    down = evidence.Claim(
        dealer_id=garage.pk, system=System.DIAGNOSTICS, kind="dealer", source="x", claim="down", observed_at=at
    )
    evidence.record([down])
    evidence.recompute([garage.pk], at=at)
    incident = Incident.objects.create(slug="outage", title="Outage", is_published=True, started_at=at)
    IncidentUpdate.objects.create(incident=incident, stage="identified", body="Found.", at=at - timedelta(hours=1))
    webhook = webhooks.create(dealer=garage, name="Ours", url="https://hooks.example.com/", at=at)
    return {
        "garage": factories.bearer(garage),
        "stranger": factories.bearer(factories.dealer("JAGUAR")),
        "code": [garage.code],
        "slug": [incident.slug],
        "webhooks": [str(webhook.endpoint_id)],
        "watches": [str(one.watch.public_id) for one in watches.watch_parts(garage, NUMBERS[:1], note="", at=at)],
        "message_id": [str(endpoints.ping(webhook.endpoint, at=at))],
        "registration": PLATES,
        "registrations": PLATES,
        "part_numbers": NUMBERS,
        "dealer": [garage.code],
        "system": list(System.values),
        "postcode": ["LE4 2BN", "SW1A 1AA", "LE4"],
        "makes": ["land-rover"],
    }


def _name_what_is_there(case: Any, names: dict[str, Any]) -> None:
    """In three of four cases that are right in form, let addresses and bodies name what the garage has."""
    case_hash = crc32(repr((case.path_parameters, case.body)).encode(errors="replace"))
    if case.meta.generation.mode is not GenerationMode.POSITIVE or case_hash % 4 == 0:
        return
    public = "watches" if "watches" in case.path else "webhooks"
    for name in case.path_parameters or {}:
        known = names[public if name == "public_id" else name]
        case.path_parameters[name] = known[case_hash % len(known)]
    rows = [case.body] if isinstance(case.body, dict) else []
    rows += case.body.get("reports") or [] if rows else []
    for row in rows:
        for name in row.keys() & names.keys():
            known = names[name]
            if isinstance(row[name], list):
                row[name] = [known[(case_hash + index) % len(known)] for index, _ in enumerate(row[name])]
            else:
                row[name] = known[case_hash % len(known)]


def _call(case: Any, headers: dict[str, str], answered: Counter[tuple[str, int]]) -> Any:
    with transaction.atomic():
        response = case.call(headers=headers)
        transaction.set_rollback(True)
    operation = case.operation.definition.raw["operationId"]
    answered[operation, response.status_code] += 1
    expected = [one for one in ALWAYS if not (one is openapi_checks.negative_data_rejection and operation in LENIENT)]
    if operation not in OF_THE_WORLD:
        expected.append(openapi_checks.positive_data_acceptance)
    case.validate_response(response, checks=expected)
    return response


@schema.parametrize()
@_INVENTED
def test_a_garage(case, names, answered):
    _name_what_is_there(case, names)
    _call(case, names["garage"], answered)


def _is_an_address(case: Any) -> bool:
    """Whether the invented ids could be ids at all; if not there is no such page, whoever asks."""
    try:
        [UUID(str(value)) for name, value in (case.path_parameters or {}).items() if name.endswith("_id")]
    except ValueError:
        return False
    return True


@at_random.parametrize()
@_INVENTED
def test_nobody(case, names, answered):
    _name_what_is_there(case, names)
    response = _call(case, {}, answered)
    if case.operation.definition.raw.get("security", [{}]).count({}) == 0:
        assert response.status_code == (401 if _is_an_address(case) else 404)


@at_random.parametrize()
@_INVENTED
def test_a_stranger(case, names, answered):
    _name_what_is_there(case, names)
    response = _call(case, names["stranger"], answered)
    if "public_id" in case.path:
        assert response.status_code >= 400
