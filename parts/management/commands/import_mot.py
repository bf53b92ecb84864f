"""Take in files of MOT data and decide about the vehicles they changed."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from garagehub.lib.errors import DomainError
from parts import pipeline
from parts.vehicles.importing import Counts


class Command(BaseCommand):
    """Prints the counts of all files together as JSON last."""

    help = "Import MOT data: DVSA's bulk and delta zips, .json.gz or .jsonl lines, or a reply of its API."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file of MOT data")
        parser.add_argument("--makes", nargs="+", default=[], help='keep only these makes, such as "LAND ROVER" JAGUAR')
        parser.add_argument("--force", action="store_true", help="take a file in again that was taken in before")

    def handle(self, *, paths: list[Path], makes: list[str], force: bool, **_: Any) -> None:
        missing = [str(path) for path in paths if not path.is_file()]
        if missing:
            raise CommandError(f"No such file: {', '.join(missing)}")
        total = Counts()
        for path in paths:
            try:
                total += pipeline.import_mot(
                    path, at=timezone.now(), makes=makes, force=force, progress=self._progress(path.name)
                )
            except DomainError as error:
                raise CommandError(f"{path.name}: {error.message}") from error
            finally:
                if self.stderr.isatty():
                    self.stderr.write("")  # ends the line of progress
        self.stdout.write(json.dumps(total.as_dict()))

    def _progress(self, name: str) -> Any:
        def show(counts: Counts) -> None:
            if self.stderr.isatty():
                rate = counts.lines / counts.seconds if counts.seconds else 0
                self.stderr.write(
                    f"\r{name}: {counts.lines:,} lines, {counts.vehicles:,} vehicles, {counts.rejected:,} refused, "
                    f"{rate:,.0f} lines/s ",
                    ending="",
                )

        return show
