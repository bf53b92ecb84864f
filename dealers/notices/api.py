"""Webhooks, as the API has them. A key needs the scope `webhooks`; a person has to be an owner of the dealer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status as http
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dealers.access import IsGarage, dealer_for, own_dealer
from dealers.models import ApiKey, Dealer, Scope, Webhook
from dealers.notices import serializers, webhooks
from garagehub.accounts import idempotency
from garagehub.accounts.idempotency import idempotent, idempotent_with_secret
from garagehub.lib.api import Paging, ScopedThrottle, problems
from garagehub.outbox import endpoints
from garagehub.outbox.models import Message

_SCHEMA: dict[str, Any] = {"tags": ["Webhooks"]}


class _GarageView(APIView):
    permission_classes = (IsGarage,)
    throttle_classes = (ScopedThrottle,)
    throttle_scope = "garage"
    required_scope = Scope.WEBHOOKS

    def dealer(self) -> Dealer:
        """Whose webhooks these are. Raises for a person who is not an owner there."""
        dealer = dealer_for(self.request)
        assert dealer is not None, "the permission saw to it"
        if isinstance(self.request.auth, ApiKey):
            return dealer
        return own_dealer(self.request.user, slug=dealer.slug, as_owner=True)

    def webhook(self, public_id: UUID) -> Webhook:
        """The webhook named in the address."""
        return webhooks.get(self.dealer(), public_id)


def _secrets(view: _GarageView, answer: dict[str, Any]) -> list[str]:
    """The secrets of the webhook that an answer was about; NotFoundError where it is the caller's no more."""
    public_id = view.kwargs.get("public_id") or UUID(answer["id"])
    return endpoints.secrets_of(view.webhook(public_id).endpoint)


class WebhooksView(_GarageView):
    """All of the dealer's webhooks, and new ones."""

    @extend_schema(
        **_SCHEMA,
        operation_id="webhooks_list",
        summary="Your webhooks",
        responses={200: serializers.WebhookList, **problems(401, 403, 429)},
    )
    def get(self, request: Request) -> Response:
        """Oldest first; there are never more than ten."""
        return Response(serializers.WebhookList({"results": webhooks.of(self.dealer())}).data)

    @extend_schema(
        **_SCHEMA,
        operation_id="webhooks_create",
        summary="Have your own software told",
        request=serializers.WebhookIn,
        parameters=[idempotency.PARAMETER],
        responses={201: serializers.WebhookMade, **problems(400, 401, 403, 404, 409, 422, 429)},
    )
    @idempotent_with_secret(_secrets)
    def post(self, request: Request) -> Response:
        """The secret is in this answer alone, and in that to the same call sent again under its `Idempotency-Key`."""
        sent = serializers.WebhookIn(data=request.data)
        sent.is_valid(raise_exception=True)
        by = request.user if request.user.is_authenticated else None
        webhook = webhooks.create(dealer=self.dealer(), **sent.validated_data, by=by, at=timezone.now())
        return Response(serializers.WebhookMade(webhook).data, status=http.HTTP_201_CREATED)


class WebhookView(_GarageView):
    """One webhook."""

    @extend_schema(
        **_SCHEMA,
        operation_id="webhooks_get",
        summary="One webhook",
        responses={200: serializers.WebhookShape, **problems(401, 403, 404, 429)},
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """With its state."""
        return Response(serializers.WebhookShape(self.webhook(public_id)).data)

    @extend_schema(
        **_SCHEMA,
        operation_id="webhooks_delete",
        summary="Delete a webhook, its secret and its log",
        responses={204: None, **problems(401, 403, 404, 429)},
    )
    def delete(self, request: Request, public_id: UUID) -> Response:
        """What waits is not sent any more."""
        webhooks.delete(self.webhook(public_id))
        return Response(status=http.HTTP_204_NO_CONTENT)


class RotateView(_GarageView):
    """New secrets."""

    @extend_schema(
        **_SCHEMA,
        operation_id="webhooks_rotate",
        summary="A new secret; the old one signs too for a day",
        request=None,
        parameters=[idempotency.PARAMETER],
        responses={200: serializers.SecretOut, **problems(400, 401, 403, 404, 409, 422, 429)},
    )
    @idempotent_with_secret(_secrets)
    def post(self, request: Request, public_id: UUID) -> Response:
        """The secret is in this answer alone, and in that to the same call sent again under its `Idempotency-Key`."""
        endpoint = self.webhook(public_id).endpoint
        secret = endpoints.rotate(endpoint, at=timezone.now())
        return Response(serializers.SecretOut({"secret": secret, "previous_until": endpoint.previous_until}).data)


class EnableView(_GarageView):
    """Turning on again."""

    @extend_schema(
        **_SCHEMA,
        operation_id="webhooks_enable",
        summary="Turn a disabled webhook on again",
        request=None,
        parameters=[idempotency.PARAMETER],
        responses={200: serializers.WebhookShape, **problems(400, 401, 403, 404, 409, 422, 429)},
    )
    @idempotent
    def post(self, request: Request, public_id: UUID) -> Response:
        """What was given up meanwhile is sent only if you replay it."""
        webhook = self.webhook(public_id)
        endpoints.turn_on(webhook.endpoint)
        return Response(serializers.WebhookShape(webhook).data)


class PingView(_GarageView):
    """Trying out."""

    @extend_schema(
        **_SCHEMA,
        operation_id="webhooks_ping",
        summary="Send a `ping` to try the webhook out",
        request=None,
        parameters=[idempotency.PARAMETER],
        responses={202: serializers.PingOut, **problems(400, 401, 403, 404, 409, 422, 429)},
    )
    @idempotent
    def post(self, request: Request, public_id: UUID) -> Response:
        """It leaves within seconds; its log says what came of it."""
        message_id = endpoints.ping(self.webhook(public_id).endpoint, at=timezone.now())
        return Response(serializers.PingOut({"id": message_id}).data, status=http.HTTP_202_ACCEPTED)


class _DeliveryPaging(Paging):
    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        return ("-created_at", "-pk")


class DeliveriesView(_GarageView, ListAPIView[Message]):
    """The log: every message of a webhook with its attempts, newest first, kept for 30 days."""

    serializer_class = serializers.DeliveryShape
    pagination_class = _DeliveryPaging
    queryset = Message.objects.none()

    @extend_schema(
        **_SCHEMA,
        operation_id="webhooks_deliveries",
        summary="What was sent, and what came of it",
        responses={200: serializers.DeliveryShape(many=True), **problems(400, 401, 403, 404, 429)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """50 a page."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Message]:
        return endpoints.deliveries(self.webhook(self.kwargs["public_id"]).endpoint)


class ReplayView(_GarageView):
    """Sending again."""

    @extend_schema(
        **_SCHEMA,
        operation_id="webhooks_replay",
        summary="Send a message again, under the same id",
        request=None,
        parameters=[idempotency.PARAMETER],
        responses={202: serializers.DeliveryShape, **problems(400, 401, 403, 404, 409, 422, 429)},
    )
    @idempotent
    def post(self, request: Request, public_id: UUID, message_id: UUID) -> Response:
        """Possible for 14 days."""
        endpoint = self.webhook(public_id).endpoint
        message = endpoints.replay(endpoint, message_id=message_id, at=timezone.now())
        return Response(serializers.DeliveryShape(message).data, status=http.HTTP_202_ACCEPTED)
