"""The API of look-ups: `vehicles/lookup`, `vehicles/check`, `parts/check`."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dealers.models import Scope
from garagehub.lib.api import ScopedThrottle, problem, problems
from garagehub.lib.errors import DomainError
from parts.lookup.checking import check_parts
from parts.lookup.forms import MAX_PART_NUMBERS, MAX_REGISTRATIONS
from parts.lookup.live import look_up, look_up_many
from parts.lookup.schema import LookupAnswer, PartsCheckAnswer, VehiclesCheckAnswer
from parts.lookup.throttle import LookupThrottle

# Of one item in a list. What is no plate or part number is answered so in its row, and does not cost the others theirs.
MAX_TYPED = 500


class LookupInput(serializers.Serializer[dict[str, Any]]):
    """A plate as people type it, and a postcode or its first half."""

    registration = serializers.CharField(max_length=20, help_text="As typed: spaces and letter case do not matter.")
    postcode = serializers.CharField(
        max_length=10, required=False, allow_blank=True, allow_null=True, help_text="Or its first half: LE4."
    )


class PartsCheckInput(serializers.Serializer[dict[str, Any]]):
    """Part numbers as typed, at most 500."""

    part_numbers = serializers.ListField(
        child=serializers.CharField(max_length=MAX_TYPED, allow_blank=True, trim_whitespace=False),
        min_length=1,
        max_length=MAX_PART_NUMBERS,
    )
    postcode = serializers.CharField(max_length=10, required=False, allow_blank=True, allow_null=True)


class VehiclesCheckInput(serializers.Serializer[dict[str, Any]]):
    """Plates as typed, at most 200."""

    registrations = serializers.ListField(
        child=serializers.CharField(max_length=MAX_TYPED, allow_blank=True), min_length=1, max_length=MAX_REGISTRATIONS
    )
    postcode = serializers.CharField(max_length=10, required=False, allow_blank=True, allow_null=True)


class VehicleLookup(APIView):
    """What about this car?"""

    permission_classes = (AllowAny,)
    throttle_classes = (LookupThrottle,)

    @extend_schema(
        operation_id="vehicles_lookup",
        summary="Look up one vehicle",
        request=LookupInput,
        responses={200: LookupAnswer, **problems(400, 401, 404, 415, 429, 503)},
        examples=[OpenApiExample("A plate", {"registration": "AA19 AAA"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        data = LookupInput(data=request.data)
        data.is_valid(raise_exception=True)
        asked = data.validated_data
        answer = look_up(asked["registration"], postcode=asked.get("postcode"), at=timezone.now())
        return Response(answer, headers={"Cache-Control": "no-store"})


class VehiclesCheck(APIView):
    """What about these cars? Each answers for itself, errors included."""

    throttle_classes = (ScopedThrottle,)
    throttle_scope = "garage"
    required_scope = Scope.READ

    @extend_schema(
        operation_id="vehicles_check",
        summary="Look up many vehicles",
        request=VehiclesCheckInput,
        responses={200: VehiclesCheckAnswer, **problems(400, 401, 403, 415, 429)},
    )
    def post(self, request: Request) -> Response:
        data = VehiclesCheckInput(data=request.data)
        data.is_valid(raise_exception=True)
        asked = data.validated_data
        answers = look_up_many(asked["registrations"], postcode=asked.get("postcode"), at=timezone.now())
        results = [
            {"input": typed, "error": _error(answer)} if isinstance(answer, DomainError) else {"input": typed} | answer
            for typed, answer in zip(asked["registrations"], answers, strict=True)
        ]
        return Response({"results": results}, headers={"Cache-Control": "no-store"})


class PartsCheck(APIView):
    """Who has these parts?"""

    throttle_classes = (ScopedThrottle,)
    throttle_scope = "garage"
    required_scope = Scope.READ

    @extend_schema(
        operation_id="parts_check",
        summary="Check many part numbers",
        request=PartsCheckInput,
        responses={200: PartsCheckAnswer, **problems(400, 401, 403, 415, 429)},
    )
    def post(self, request: Request) -> Response:
        data = PartsCheckInput(data=request.data)
        data.is_valid(raise_exception=True)
        asked = data.validated_data
        return Response(check_parts(asked["part_numbers"], postcode=asked.get("postcode"), at=timezone.now()))


def _error(error: DomainError) -> dict[str, Any]:
    return problem(error.status, "Could not be answered", error.message, code=error.code, fields=error.fields)
