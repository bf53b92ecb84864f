"""`manage.py unload_scenario`: removes the demonstration data and decides what is left."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from garagehub.scenario.load import clear


class Command(BaseCommand):
    help = "Remove the demonstration scenario and decide what is left. Prints what was removed as JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(clear(at=timezone.now())))
