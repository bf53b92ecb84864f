from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "garagehub.web"
    label = "web"
