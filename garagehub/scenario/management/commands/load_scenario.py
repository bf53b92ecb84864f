"""`manage.py load_scenario [--vehicles N] [--seed N] [--sandbox URL]`: the demonstration "JLR, September 2025"."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from garagehub.lib.errors import DomainError
from garagehub.scenario.load import load
from garagehub.scenario.plates import CAPACITY, MOCK_PLATES


class Command(BaseCommand):
    help = "Load the demonstration scenario, or bring it up to date. Prints a JSON summary with new passwords last."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--vehicles", type=int, default=20_000, metavar="N", help="size of the fleet")
        parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed gives the same world")
        parser.add_argument(
            "--sandbox",
            default=settings.SANDBOX_URL,
            metavar="URL",
            help="address of the running sandbox (default: SANDBOX_URL); without one there are no feeds and no checks",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        vehicles = options["vehicles"]
        if not len(MOCK_PLATES) <= vehicles <= CAPACITY:
            raise CommandError(f"--vehicles must be from {len(MOCK_PLATES)} to {CAPACITY:,}.")
        try:
            summary = load(
                vehicles=vehicles,
                seed=options["seed"],
                sandbox_url=options["sandbox"].rstrip("/"),
                at=timezone.now(),
                say=self.stderr.write,
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(json.dumps(summary))
