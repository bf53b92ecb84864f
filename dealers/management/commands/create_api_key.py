"""`manage.py create_api_key --dealer CODE [--scope …] [--days N]`: a new key, shown this once."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dealers import access
from dealers.models import ApiKey, Scope
from garagehub.lib.errors import NotFoundError

_LONGEST_NAME = ApiKey._meta.get_field("name").max_length or 0  # noqa: SLF001 - _meta is public, by Django's documentation


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= access.MOST_DAYS:
        raise ArgumentTypeError(f"give a whole number of days from 1 to {access.MOST_DAYS}")
    return int(text)


def _name(text: str) -> str:
    if not 1 <= len(text.strip()) <= _LONGEST_NAME:
        raise ArgumentTypeError(f"give a name of at most {_LONGEST_NAME} characters")
    return text.strip()


class Command(BaseCommand):
    help = "Create an API key for a dealer. The key is printed once, and only its hash is stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dealer", required=True, metavar="CODE", help="the dealer's code, such as R4T02")
        parser.add_argument(
            "--name", type=_name, default="command line", help="where the key is used, such as: workshop PC"
        )
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="what it may be used for; repeat for more. All if none",
        )
        parser.add_argument("--days", type=_days, help="how long it works; for good if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        scopes = options["scope"] or Scope.values
        try:
            row, key = access.issue_api_key_for(
                code=options["dealer"], name=options["name"], scopes=scopes, days=options["days"], at=timezone.now()
            )
        except NotFoundError as error:
            raise CommandError(error.message) from error
        printed = {"key": key, "dealer": row.dealer.code, "prefix": row.prefix, "scopes": row.scopes}
        self.stdout.write(json.dumps(printed | {"expires_at": row.expires_at and row.expires_at.isoformat()}))
