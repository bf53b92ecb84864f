"""Addresses of subscriptions and webhooks."""

from django.urls import path

from dealers.notices import api, views

api_urlpatterns = [
    path("webhooks", api.WebhooksView.as_view(), name="api-webhooks"),
    path("webhooks/<uuid:public_id>", api.WebhookView.as_view(), name="api-webhook"),
    path("webhooks/<uuid:public_id>/rotate", api.RotateView.as_view(), name="api-webhook-rotate"),
    path("webhooks/<uuid:public_id>/enable", api.EnableView.as_view(), name="api-webhook-enable"),
    path("webhooks/<uuid:public_id>/ping", api.PingView.as_view(), name="api-webhook-ping"),
    path("webhooks/<uuid:public_id>/deliveries", api.DeliveriesView.as_view(), name="api-webhook-deliveries"),
    path(
        "webhooks/<uuid:public_id>/deliveries/<uuid:message_id>/replay",
        api.ReplayView.as_view(),
        name="api-webhook-replay",
    ),
]

page_urlpatterns = [
    path("subscriptions/", views.subscribe, name="subscribe"),
    path("subscriptions/sent/", views.sent, name="subscription-sent"),
    path("subscriptions/confirm/<str:token>/", views.confirm, name="subscription-confirm"),
    path("subscriptions/of/<str:token>/", views.manage, name="subscription-manage"),
]
