from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "garagehub.outbox"
    label = "outbox"
