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
from parts.vehicles.dvsa import AuthorityError
from parts.vehicles.importing import Counts, Reached


class Command(BaseCommand):
    """Prints the counts of all files together as JSON last."""

    help = (
        "Import MOT data: DVSA's bulk and delta zips, .json.gz or .jsonl lines, or a reply of its API. With --dvsa, fetch "
        "what DVSA has and we do not: the newest bulk file if none was ever taken, then the deltas, for DVSA_MAKES."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="a file of MOT data")
        parser.add_argument("--makes", nargs="+", default=[], help='keep only these makes, such as "LAND ROVER" JAGUAR')
        parser.add_argument("--force", action="store_true", help="take a file in again that was taken in before")
        parser.add_argument("--dvsa", action="store_true", help="fetch the files from DVSA instead")

    def handle(self, *, paths: list[Path], makes: list[str], force: bool, dvsa: bool, **_: Any) -> None:
        if dvsa == bool(paths):
            raise CommandError("Name the files, or ask for those of DVSA with --dvsa.")
        if dvsa and (makes or force):
            raise CommandError("--dvsa takes its makes from DVSA_MAKES, and each file once.")
        missing = [str(path) for path in paths if not path.is_file()]
        if missing:
            raise CommandError(f"No such file: {', '.join(missing)}")
        counts = self._fetched() if dvsa else self._read(paths, makes=makes, force=force)
        self.stdout.write(json.dumps(counts.as_dict()))

    def _read(self, paths: list[Path], *, makes: list[str], force: bool) -> Counts:
        total = Counts()
        for path in paths:
            try:
                total += pipeline.import_mot(
                    path, at=timezone.now(), makes=makes, force=force, progress=self._progress(path.name)
                )
            except DomainError as error:
                raise CommandError(f"{path.name}: {error.message}") from error
            finally:
                self._end_line()
        return total

    def _fetched(self) -> Counts:
        try:
            return pipeline.import_daily_mot(at=timezone.now(), with_bulk=True, progress=self._progress("DVSA"))
        except (AuthorityError, DomainError) as error:
            raise CommandError(error.message) from error
        finally:
            self._end_line()

    def _progress(self, name: str) -> Any:
        def show(reached: Reached) -> None:
            if self.stderr.isatty():
                self.stderr.write(f"\r{name}: {progress_line(reached)} ", ending="")

        return show

    def _end_line(self) -> None:
        if self.stderr.isatty():
            self.stderr.write("")


def progress_line(reached: Reached) -> str:
    """What is done, how fast, and how long the rest takes."""
    return (
        f"{reached.share:.1%}, {reached.lines:,} lines, {reached.vehicles:,} vehicles, {reached.rejected:,} refused, "
        f"{reached.lines_per_s:,.0f} lines/s, {_left(reached.seconds_left)}"
    )


def _left(seconds: float | None) -> str:
    if seconds is None:
        return "time left not known yet"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} left"
