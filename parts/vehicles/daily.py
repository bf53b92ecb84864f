"""Take in DVSA's files as they appear: a delta each morning, the bulk file once to begin with."""

from __future__ import annotations

import logging
import tempfile
from datetime import datetime
from pathlib import Path

from django.conf import settings

from garagehub.lib.errors import DomainError
from parts.vehicles import dvsa
from parts.vehicles.importing import Counts, Progress, import_path
from parts.vehicles.models import MotImport

logger = logging.getLogger(__name__)


def import_new(*, at: datetime, with_bulk: bool = False, progress: Progress | None = None) -> Counts:
    """Take in the deltas not taken yet, oldest first, for the makes of DVSA_MAKES.

    `with_bulk`: begin with the newest bulk file if none was ever taken; the deltas alone know only what is tested from
    now on. Some 20 to 40 GB, so it waits for an operator to ask: without it, the log says that it is missing. A file that fails does not hold up the others:
    its data comes again in a later one. Raises the first failure (AuthorityError or UnreadableFileError) at the end.
    Nothing happens while access to DVSA is not set up.
    """
    if not settings.DVSA_API_URL:
        return Counts()
    offered = dvsa.manifest(at=at)
    wanted = list(_first_bulk(offered))
    if wanted and not with_bulk:
        logger.info("No bulk file was ever taken in: run manage.py import_mot --dvsa once.")
        wanted = []
    wanted += [file for file in offered.delta if not _is_taken(file.name)]
    total, first_failure = Counts(), None
    for file in wanted:
        try:
            total += _take(file, at=at, progress=progress)
        except (dvsa.AuthorityError, DomainError) as error:
            logger.warning("%s was not taken in: %s", file.name, error)
            first_failure = first_failure or error
    if first_failure:
        raise first_failure
    return total


def _first_bulk(offered: dvsa.Manifest) -> tuple[dvsa.ExportFile, ...]:
    taken = MotImport.objects.filter(name__contains="bulk-light-vehicle", makes=_makes(), finished_at__isnull=False)
    return () if taken.exists() else offered.bulk[-1:]


def _is_taken(name: str) -> bool:
    return MotImport.objects.filter(name=name, makes=_makes(), finished_at__isnull=False).exists()


def _take(file: dvsa.ExportFile, *, at: datetime, progress: Progress | None) -> Counts:
    with tempfile.TemporaryDirectory(prefix="garagehub-mot-") as folder:
        path = Path(folder) / "export.zip"
        dvsa.download(file.name, path, at=at)
        return import_path(path, at=at, makes=settings.DVSA_MAKES, name=file.name, progress=progress)


def _makes() -> str:
    return ", ".join(sorted({make.strip().upper() for make in settings.DVSA_MAKES}))
