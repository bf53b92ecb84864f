"""`manage.py create_api_key --dealer CODE`: a new key, shown this once."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dealers import access
from garagehub.lib.errors import NotFoundError


class Command(BaseCommand):
    help = "Create an API key for a dealer. The key is printed once, and only its hash is stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dealer", required=True, metavar="CODE", help="the dealer's code, such as R4T02")
        parser.add_argument("--name", default="command line", help="where the key is used, such as: workshop PC")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            row, key = access.create_api_key_for(code=options["dealer"], name=options["name"])
        except NotFoundError as error:
            raise CommandError(error.message) from error
        self.stdout.write(json.dumps({"key": key, "dealer": row.dealer.code, "prefix": row.prefix}))
