"""The API of look-ups: `vehicles/lookup`, `vehicles/check`, `parts/check`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dealers.models import ApiKey, Dealer, Scope
from garagehub.lib.api import QuickRenderer, ScopedThrottle, Text, problem, problems
from garagehub.lib.errors import DomainError
from parts.lookup.checking import check_parts
from parts.lookup.forms import MAX_PART_NUMBERS, MAX_REGISTRATIONS
from parts.lookup.live import look_up, look_up_many
from parts.lookup.schema import LookupAnswer, PartsCheckAnswer, VehiclesCheckAnswer
from parts.lookup.throttle import LookupThrottle

# Of one item in a list. What is no plate or part number is answered so in its row, and does not cost the others theirs.
MAX_TYPED = 500
MAX_PLATE = 20
MAX_POSTCODE = 10


class LookupInput(serializers.Serializer[dict[str, Any]]):
    """A plate as people type it, and a postcode or its first half."""

    registration = Text(
        max_length=MAX_PLATE,
        pattern="[A-Za-z].*[0-9]|[0-9].*[A-Za-z]",
        help_text="As typed: spaces and letter case do not matter.",
    )
    postcode = Text(
        max_length=MAX_POSTCODE, required=False, allow_blank=True, allow_null=True, help_text="Or its first half: LE4."
    )


class PartsCheckInput(serializers.Serializer[dict[str, Any]]):
    """Part numbers as typed, at most 500."""

    part_numbers = serializers.ListField(
        child=Text(max_length=MAX_TYPED, allow_blank=True, trim_whitespace=False),
        min_length=1,
        max_length=MAX_PART_NUMBERS,
    )
    postcode = Text(max_length=MAX_POSTCODE, required=False, allow_blank=True, allow_null=True)


class VehiclesCheckInput(serializers.Serializer[dict[str, Any]]):
    """Plates as typed, at most 200."""

    registrations = serializers.ListField(
        child=Text(max_length=MAX_TYPED, allow_blank=True), min_length=1, max_length=MAX_REGISTRATIONS
    )
    postcode = Text(max_length=MAX_POSTCODE, required=False, allow_blank=True, allow_null=True)


class VehicleLookup(APIView):
    """What about this car?"""

    permission_classes = (AllowAny,)
    renderer_classes = (QuickRenderer,)
    throttle_classes = (LookupThrottle,)

    @extend_schema(
        tags=["Look-ups"],
        operation_id="vehicles_lookup",
        summary="Look up one vehicle",
        request=LookupInput,
        responses={200: LookupAnswer, **problems(400, 401, 404, 415, 429, 503)},
        examples=[OpenApiExample("A plate", {"registration": "AA19 AAA"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        asked = _read(LookupInput, request.data, field="registration")
        answer = look_up(asked["registration"], postcode=asked.get("postcode"), at=timezone.now())
        return Response(answer, headers={"Cache-Control": "no-store"})


class VehiclesCheck(APIView):
    """What about these cars? Each answers for itself, errors included."""

    renderer_classes = (QuickRenderer,)
    throttle_classes = (ScopedThrottle,)
    throttle_scope = "garage"
    required_scope = Scope.READ

    @extend_schema(
        tags=["Look-ups"],
        operation_id="vehicles_check",
        summary="Look up many vehicles",
        request=VehiclesCheckInput,
        responses={200: VehiclesCheckAnswer, **problems(400, 401, 403, 415, 429)},
    )
    def post(self, request: Request) -> Response:
        asked = _read(VehiclesCheckInput, request.data, field="registrations", most=MAX_REGISTRATIONS)
        answers = look_up_many(asked["registrations"], postcode=asked.get("postcode"), at=timezone.now())
        results = [
            {"input": typed, "error": _error(answer)} if isinstance(answer, DomainError) else {"input": typed} | answer
            for typed, answer in zip(asked["registrations"], answers, strict=True)
        ]
        return Response({"results": results}, headers={"Cache-Control": "no-store"})


class PartsCheck(APIView):
    """Who has these parts?"""

    renderer_classes = (QuickRenderer,)
    throttle_classes = (ScopedThrottle,)
    throttle_scope = "garage"
    required_scope = Scope.READ

    @extend_schema(
        tags=["Look-ups"],
        operation_id="parts_check",
        summary="Check many part numbers",
        request=PartsCheckInput,
        responses={200: PartsCheckAnswer, **problems(400, 401, 403, 415, 429)},
    )
    def post(self, request: Request) -> Response:
        asked = _read(PartsCheckInput, request.data, field="part_numbers", most=MAX_PART_NUMBERS)
        garage, at = garage_of(request), timezone.now()
        answer = check_parts(asked["part_numbers"], postcode=asked.get("postcode"), asked_by=garage, at=at)
        return Response(answer)


def garage_of(request: Request) -> Dealer | None:
    """The dealer of the key, or where the person works: the first by name."""
    if isinstance(request.auth, ApiKey):
        return request.auth.dealer
    return Dealer.objects.of(request.user).first()


def _read(
    form: type[serializers.Serializer[dict[str, Any]]], sent: Any, *, field: str, most: int | None = None
) -> Mapping[str, Any]:
    """The input, checked: one text, or a list of at most `most`. What is plainly good is taken as it is; the serializer,
    which takes longer than the answer to one plate, is asked only what is wrong with the rest.
    """
    if isinstance(sent, dict) and (sent.get("postcode") is None or _is_text(sent["postcode"], MAX_POSTCODE)):
        asked = sent.get(field)
        if most is None and asked and _is_text(asked, MAX_PLATE):
            return sent
        if isinstance(asked, list) and 0 < len(asked) <= (most or 0) and all(_is_text(one, MAX_TYPED) for one in asked):
            return sent
    data = form(data=sent)
    data.is_valid(raise_exception=True)
    checked: Mapping[str, Any] = data.validated_data
    return checked


def _is_text(value: Any, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most and value.isprintable() and value == value.strip()


def _error(error: DomainError) -> dict[str, Any]:
    return problem(error.status, "Could not be answered", error.message, code=error.code, fields=error.fields)
