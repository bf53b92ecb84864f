"""Load a CSV file of repairs and the parts they need."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from parts.catalogue.loading import RepairFileError, load_repairs
from parts.catalogue.repair_file import COLUMNS


class Command(BaseCommand):
    """Prints each mistake to stderr by line and column, and the counts as JSON last."""

    help = f"Load repairs from a CSV file with the columns {', '.join(COLUMNS)}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--partial", action="store_true", help="load the repairs without a mistake")

    def handle(self, *, path: Path, partial: bool, **_: Any) -> None:
        try:
            # utf-8-sig: spreadsheets put a mark at the start.
            with path.open(encoding="utf-8-sig", newline="") as lines:
                counts, errors = load_repairs(lines, partial=partial)
        except RepairFileError as error:
            raise CommandError("\n".join([*map(str, error.errors), error.message])) from error
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from error
        for mistake in errors:
            self.stderr.write(str(mistake))
        self.stdout.write(json.dumps(counts))
