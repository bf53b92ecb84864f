"""Poll one supplier's feed now."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from garagehub.lib.errors import DomainError
from parts import pipeline
from parts.feeds.models import FeedRun


class Command(BaseCommand):
    """Prints how the run went as JSON last; the exit code is 1 when it failed."""

    help = "Poll a supplier's feed now, whether or not it is due, and decide what it changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", help="the supplier's code")

    def handle(self, *, code: str, **_: Any) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"Asking {code} …", ending="\n")
        try:
            run = pipeline.poll_feed(code, at=timezone.now())
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(json.dumps(summary(code, run)))
        if run.state == FeedRun.State.FAILED:
            sys.exit(1)


def summary(code: str, run: FeedRun) -> dict[str, Any]:
    """A run as one line of JSON."""
    counts = (
        "records",
        "rows",
        "inserted",
        "updated",
        "removed",
        "duplicates",
        "late",
        "rejected",
        "rejected_by_reason",
    )
    return {
        "supplier": code,
        "run": str(run.public_id),
        "kind": run.kind,
        "state": run.state,
        "reason": run.reason,
        **{name: getattr(run, name) for name in counts},
        "sequence": run.sequence,
        "bytes": run.bytes_read,
        "seconds": round((run.finished_at - run.started_at).total_seconds(), 3) if run.finished_at else None,
    }
