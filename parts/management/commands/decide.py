"""Decide which vehicles are blocked, and prove that what is stored is right."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from parts import pipeline


class Command(BaseCommand):
    """Prints what was done as JSON last; with --verify the exit code is 1 when anything differs."""

    help = "Decide what changed since the last time, or everything, for every vehicle."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--full", action="store_true", help="decide everything afresh, whatever was marked and is stored"
        )
        parser.add_argument(
            "--verify", action="store_true", help='then compare every layer with a full decision ("differences": 0)'
        )

    def handle(self, *, full: bool, verify: bool, **_: Any) -> None:
        if self.stderr.isatty():
            self.stderr.write("Deciding …")
        counts = pipeline.decide_now(at=timezone.now(), full=full, rebuild=full)
        found = pipeline.verify_decisions(at=timezone.now()) if verify else {}
        checked = {"verified": found, "differences": found["differences"]} if found else {}
        self.stdout.write(json.dumps(asdict(counts) | checked))
        if found.get("differences"):
            sys.exit(1)
