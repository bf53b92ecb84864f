"""Say why a vehicle stands as it does."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from garagehub.lib.errors import DomainError
from garagehub.lib.geography import REGION_SLUGS
from parts.blocking import explain, telling
from parts.vehicles.registration import normalise


class Command(BaseCommand):
    """Prints the explanation as text, then as JSON on one line."""

    help = "Say why a vehicle is blocked or not: defects, repairs, parts, sources, dealers, and what would free it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("plate", help="the number plate, with or without a space")
        parser.add_argument("--region", choices=REGION_SLUGS.values(), help="as if it were kept there")

    def handle(self, *, plate: str, region: str | None, **_: Any) -> None:
        number = next((number for number, slug in REGION_SLUGS.items() if slug == region), None)
        try:
            explanation = explain.explain(normalise(plate), at=timezone.now(), region=number)
        except (DomainError, ValueError) as error:
            raise CommandError(str(error)) from error
        try:
            for line in telling.lines(explanation):
                self.stdout.write(line)
            self.stdout.write(json.dumps(asdict(explanation), default=str))
            self.stdout.flush()
        except BrokenPipeError:
            # Whoever read has seen enough, as `head` does; Python's own flush at its end must not complain either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
