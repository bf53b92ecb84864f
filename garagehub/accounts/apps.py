from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "garagehub.accounts"
    label = "accounts"
