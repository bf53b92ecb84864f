"""Dealers, reports, incidents and the roll-up, as the API has them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import status as http
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dealers import board, incidents, reports
from dealers.access import IsGarage, dealer_for
from dealers.models import Dealer, Evidence, Incident, Scope, State, System
from dealers.serializers import (
    BulkReportsIn,
    BulkReportsOut,
    DealerDetail,
    DealerSummary,
    IncidentShape,
    OverallStatus,
    ReportIn,
    ReportOut,
)
from garagehub.accounts import idempotency
from garagehub.accounts.idempotency import idempotent
from garagehub.lib.api import Paging, ScopedThrottle, problems
from garagehub.lib.conditional import versioned
from garagehub.lib.errors import DomainError
from garagehub.lib.geography import REGION_SLUGS

_PUBLIC: dict[str, Any] = {"auth": [], "tags": ["Status"]}


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # drf-spectacular ships no types
    """How the documentation describes a garage's key."""

    target_class = "dealers.access.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A garage's key: `Authorization: Bearer gh_…`"}


_BAD_FILTER = OpenApiExample(
    "A filter nobody knows",
    value={
        "type": "urn:garagehub:problem:unknown_filter",
        "title": "Something in the request needs fixing",
        "status": 400,
        "detail": "status: 'broken' is not one of: operational, degraded, down, unknown.",
        "code": "unknown_filter",
        "fields": {"status": ["'broken' is not one of: operational, degraded, down, unknown."]},
    },
    response_only=True,
    status_codes=["400"],
)


class PublicView(APIView):
    """Anyone may read, at the public rate."""

    permission_classes = (AllowAny,)
    throttle_classes = (ScopedThrottle,)
    throttle_scope = "public"


class DealerPaging(Paging):
    """By name, or by distance where one was asked for."""

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        return ("distance", "pk") if view.filters.near else ("name", "pk")


@extend_schema_view(
    get=extend_schema(
        **_PUBLIC,
        operation_id="dealers_list",
        summary="Dealers and the status of their systems",
        parameters=[
            OpenApiParameter("make", description="Serves this make: its slug or name, such as `land-rover`."),
            OpenApiParameter("system", enum=list(System.values), description="Show only this system."),
            OpenApiParameter(
                "status", enum=list(State.values), description="The system asked for, or any system, is in this status."
            ),
            OpenApiParameter("region", enum=list(REGION_SLUGS.values())),
            OpenApiParameter("near", description="A postcode or its first half: nearest first, with `distance_miles`."),
        ],
        responses={200: DealerSummary(many=True), **problems(400, 401, 404, 429)},
        examples=[_BAD_FILTER],
    )
)
class DealersView(PublicView, ListAPIView[Dealer]):
    """Active dealers, 50 a page, by name. Every system is listed; one that nothing is known of is `unknown`."""

    serializer_class = DealerSummary
    pagination_class = DealerPaging
    filters = board.Filters()

    @versioned(board.version)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Dealer]:
        self.filters = board.parse_filters(self.request.query_params)
        return board.dealers(self.filters)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "filters": self.filters, "at": timezone.now()}


class DealerView(PublicView):
    """One dealer."""

    @extend_schema(
        **_PUBLIC,
        operation_id="dealers_get",
        summary="One dealer: each system's status with its reasons, and the latest changes",
        responses={200: DealerDetail, **problems(401, 404, 429)},
    )
    @versioned(board.version)
    def get(self, request: Request, code: str) -> Response:
        """By dealer code, in either letter case."""
        return Response(board.details(board.get_dealer(code=code), at=timezone.now()))


class _ReportView(APIView):
    """Who may report, and how often."""

    permission_classes = (IsGarage,)
    throttle_classes = (ScopedThrottle,)
    throttle_scope = "report"
    required_scope = Scope.REPORT


_REPORT: dict[str, Any] = {"tags": ["Status"], "parameters": [idempotency.PARAMETER]}
_REFUSALS = problems(400, 401, 403, 409, 422, 429)


class ReportsView(_ReportView):
    """Reports that a system works or does not."""

    @extend_schema(
        **_REPORT,
        operation_id="reports_create",
        summary="Report that a system works, or does not, at a dealer",
        request=ReportIn,
        responses={202: ReportOut, **_REFUSALS},
        examples=[
            OpenApiExample(
                "Diagnostics are down",
                value={"dealer": "R4T02", "system": "diagnostics", "works": False, "note": "No login since 8 am"},
                request_only=True,
            )
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """About your own dealer it is the dealer's word and counts at once; about another it is one garage's report.

        The same report again within five minutes renews the last one.
        """
        sent = ReportIn(data=request.data)
        sent.is_valid(raise_exception=True)
        at = timezone.now()
        receipt = reports.submit(**sent.validated_data, by=dealer_for(request), user=request.user, at=at)
        return Response(_taken(receipt, at=at), status=http.HTTP_202_ACCEPTED)


class BulkReportsView(_ReportView):
    """Many reports of one garage at once."""

    @extend_schema(
        **_REPORT,
        operation_id="reports_create_many",
        summary="Report on up to 500 systems at once",
        request=BulkReportsIn,
        responses={202: BulkReportsOut, **_REFUSALS},
        examples=[
            OpenApiExample(
                "Two systems of one dealer",
                value={
                    "reports": [
                        {"dealer": "R4T02", "system": "diagnostics", "works": False},
                        {"dealer": "R4T02", "system": "parts_ordering", "works": True},
                    ]
                },
                request_only=True,
            )
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """One result for each report, in order; one that is wrong does not refuse the others.

        What was taken is stored when this answers, and counts within seconds.
        """
        sent = BulkReportsIn(data=request.data)
        sent.is_valid(raise_exception=True)
        said = [reports.Said(**report) for report in sent.validated_data["reports"]]
        taken = reports.submit_many(said, by=dealer_for(request), user=request.user, at=timezone.now())
        return Response({"results": [_outcome(row) for row in taken]}, status=http.HTTP_202_ACCEPTED)


def _outcome(row: Evidence | DomainError) -> dict[str, Any]:
    if isinstance(row, DomainError):
        return {"taken": False, "error": {"code": row.code, "detail": row.message, "fields": row.fields}}
    return {
        "taken": True,
        "dealer": row.dealer.code,
        "system": row.system,
        "claim": row.claim,
        "kind": row.kind,
        "received_at": row.observed_at,
    }


def _taken(receipt: reports.Receipt, *, at: datetime) -> dict[str, Any]:
    row = receipt.evidence
    return {
        "dealer": row.dealer.code,
        "system": row.system,
        "claim": row.claim,
        "kind": row.kind,
        "received_at": row.observed_at,
        "now": board.system_status(receipt.status, at=at),
    }


class IncidentPaging(Paging):
    """Newest first."""

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        return ("-started_at", "-pk")


@extend_schema_view(
    get=extend_schema(
        **_PUBLIC,
        operation_id="incidents_list",
        summary="Incidents, newest first",
        parameters=[
            OpenApiParameter("unresolved", type=bool, description="`true`: only those still going on."),
        ],
        responses={200: IncidentShape(many=True), **problems(400, 401, 404, 429)},
    )
)
class IncidentsView(PublicView, ListAPIView[Incident]):
    """Published incidents with their updates."""

    serializer_class = IncidentShape
    pagination_class = IncidentPaging

    @versioned(board.version)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Incident]:
        asked = self.request.query_params.get("unresolved", "false")
        if asked not in {"true", "false"}:
            text = "Send true or false."
            raise DomainError(text, code="unknown_filter", fields={"unresolved": [text]})
        return incidents.published(only_unresolved=asked == "true")


class IncidentView(PublicView):
    """One incident."""

    @extend_schema(
        **_PUBLIC,
        operation_id="incidents_get",
        summary="One incident",
        responses={200: IncidentShape, **problems(401, 404, 429)},
    )
    @versioned(board.version)
    def get(self, request: Request, slug: str) -> Response:
        """By slug."""
        return Response(IncidentShape(incidents.get(slug)).data)


class StatusView(PublicView):
    """The roll-up."""

    @extend_schema(
        **_PUBLIC,
        operation_id="status_get",
        summary="Every make's systems, rolled up over its dealers",
        responses={200: OverallStatus, **problems(401, 429)},
    )
    @versioned(board.version)
    def get(self, request: Request) -> Response:
        """Down from half of the dealers known, degraded from a tenth, unknown below a quarter known."""
        return Response(board.overall(at=timezone.now()))
