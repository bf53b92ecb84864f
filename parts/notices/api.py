"""The API of watches: `watches` and `watches/{id}`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework import status as http
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dealers.models import Dealer, Scope
from garagehub.accounts import idempotency
from garagehub.accounts.idempotency import idempotent
from garagehub.lib.api import Problem, ScopedThrottle, Text, problem, problems
from garagehub.lib.errors import DomainError
from parts.blocking.models import Verdict
from parts.lookup.api import MAX_TYPED, garage_of
from parts.lookup.forms import MAX_PART_NUMBERS, MAX_REGISTRATIONS
from parts.notices import watches
from parts.notices.models import Supply, Watch

_SCHEMA: dict[str, Any] = {"tags": ["Watches"]}
_KINDS = ("vehicle", "part")
_STATES = list(dict.fromkeys([*Verdict.values, *Supply.values]))


class WatchShape(serializers.Serializer[Watch]):
    """A car or a part that you watch, and how it stood when you were last told, seen from your region."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.SerializerMethodField()
    registration = serializers.CharField(source="vehicle.registration", default=None, allow_null=True)
    part_number = serializers.CharField(default=None, allow_null=True)
    brand = serializers.CharField(source="part.brand.name", default=None, allow_null=True)
    note = serializers.CharField()
    state = serializers.ChoiceField(
        _STATES, help_text="Of a car as `repair_status`; of a part ready, blocked, unknown."
    )
    added_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField(allow_null=True)

    def get_kind(self, watch: Watch) -> str:
        """`vehicle` or `part`."""
        return "part" if watch.part_id else "vehicle"


class WatchesIn(serializers.Serializer[dict[str, Any]]):
    """Plates or part numbers to watch, one of the two, as typed."""

    registrations = serializers.ListField(
        child=Text(max_length=MAX_TYPED, allow_blank=True),
        min_length=1,
        max_length=MAX_REGISTRATIONS,
        required=False,
    )
    part_numbers = serializers.ListField(
        child=Text(max_length=MAX_TYPED, allow_blank=True, trim_whitespace=False),
        min_length=1,
        max_length=MAX_PART_NUMBERS,
        required=False,
    )
    note = Text(
        max_length=60, required=False, allow_blank=True, help_text="Your own word for them, such as a job number."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One list, not both."""
        if ("registrations" in attrs) is ("part_numbers" in attrs):
            raise serializers.ValidationError({"registrations": "Send either registrations or part_numbers."})
        return attrs


class WatchedShape(serializers.Serializer[dict[str, Any]]):
    """What became of one input: a watch (`is_new`: it was not there before), or an error."""

    input = serializers.CharField()
    is_new = serializers.BooleanField()
    watch = WatchShape(allow_null=True)
    error = Problem(allow_null=True)


class WatchedList(serializers.Serializer[dict[str, Any]]):
    """One result for each input, in order."""

    results = WatchedShape(many=True)


class _GarageView(APIView):
    throttle_classes = (ScopedThrottle,)
    throttle_scope = "garage"
    required_scope = Scope.WATCH

    def dealer(self) -> Dealer:
        """The dealer of the key, or where the person works; the default permission let nobody else in."""
        dealer = garage_of(self.request)
        if dealer is None:
            raise NotFound
        return dealer


class WatchesView(_GarageView, ListAPIView[Watch]):
    """All that the dealer watches, and more of it."""

    serializer_class = WatchShape
    queryset = Watch.objects.none()

    @extend_schema(
        **_SCHEMA,
        operation_id="watches_list",
        summary="What you watch",
        parameters=[OpenApiParameter("kind", str, enum=_KINDS, description="Only cars, or only parts.")],
        responses={200: WatchShape(many=True), **problems(400, 401, 403, 404, 429)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Oldest first."""
        answer = super().get(request, *args, **kwargs)
        answer["Cache-Control"] = "no-store"
        return answer

    def get_queryset(self) -> QuerySet[Watch]:
        rows = watches.of(self.dealer())
        kind = self.request.query_params.get("kind")
        if kind is None:
            return rows
        if kind not in _KINDS:
            text = f"Send one of: {', '.join(_KINDS)}."
            raise DomainError(text, code="invalid", fields={"kind": [text]})
        return rows.filter(part__isnull=kind == "vehicle")

    @extend_schema(
        **_SCHEMA,
        operation_id="watches_create",
        summary="Watch cars or parts",
        description=(
            "Each input answers for itself. What is watched already stays so; a `note` replaces the one there was. "
            f"At most {watches.MOST_VEHICLES} cars and {watches.MOST_PARTS:,} parts. Have your webhooks told with the "
            "events `vehicle.changed` and `part.changed`."
        ),
        request=WatchesIn,
        parameters=[idempotency.PARAMETER],
        responses={200: WatchedList, **problems(400, 401, 403, 409, 415, 422, 429)},
        examples=[OpenApiExample("Two cars", {"registrations": ["AA19 AAA", "AB91 CDE"]}, request_only=True)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        sent = WatchesIn(data=request.data)
        sent.is_valid(raise_exception=True)
        asked, note, at = sent.validated_data, sent.validated_data.get("note", ""), timezone.now()
        if "registrations" in asked:
            found = watches.watch_vehicles(self.dealer(), asked["registrations"], note=note, at=at)
        else:
            found = watches.watch_parts(self.dealer(), asked["part_numbers"], note=note, at=at)
        results = [_outcome(one) for one in found]
        return Response({"results": results}, headers={"Cache-Control": "no-store"})


class WatchView(_GarageView):
    """One watch."""

    @extend_schema(
        **_SCHEMA,
        operation_id="watches_delete",
        summary="Watch it no longer",
        responses={204: None, **problems(401, 403, 404, 429)},
    )
    def delete(self, request: Request, public_id: UUID) -> Response:
        watches.remove(self.dealer(), public_id)
        return Response(status=http.HTTP_204_NO_CONTENT)


def _outcome(one: watches.Outcome) -> dict[str, Any]:
    error = one.error and problem(one.error.status, "Could not be watched", one.error.message, code=one.error.code)
    watch = WatchShape(one.watch).data if one.watch else None
    return {"input": one.input, "is_new": one.is_new, "watch": watch, "error": error}
