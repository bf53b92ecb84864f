"""Add a supplier and its feed."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from garagehub.lib.errors import DomainError
from parts.feeds.adapters import ADAPTERS
from parts.feeds.suppliers import add_supplier


class Command(BaseCommand):
    """Prints the new supplier as JSON last."""

    help = "Add a supplier with its feed. The feed is polled as soon as a worker is free."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--code", required=True, help="letters, digits, - and _: names the supplier in commands")
        parser.add_argument("--name", required=True)
        parser.add_argument("--adapter", required=True, help=", ".join(sorted(ADAPTERS)))
        parser.add_argument("--url", required=True, help="the supplier's base address, or the file's own")
        parser.add_argument("--internal", action="store_true", help="its address may be a private one")
        parser.add_argument("--config", default="{}", help="the feed's settings as JSON: columns, encoding, codes")

    def handle(self, *, code: str, name: str, adapter: str, url: str, internal: bool, config: str, **_: Any) -> None:
        try:
            settings = json.loads(config)
        except ValueError as error:
            raise CommandError(f"--config is not JSON: {error}") from error
        if not isinstance(settings, dict):
            raise CommandError("--config must be a JSON object.")
        try:
            feed = add_supplier(code=code, name=name, adapter=adapter, url=url, is_internal=internal, config=settings)
        except DomainError as error:
            raise CommandError(error.message) from error
        answer = {"supplier": code, "name": feed.supplier.name, "adapter": adapter, "url": url, "internal": internal}
        self.stdout.write(json.dumps(answer))
