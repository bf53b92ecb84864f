#!/usr/bin/env python
"""Django's command line, on the servers of DATABASE_URL and REDIS_URL, else on this checkout's private ones."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from garagehub.services.account import ServicesError
from garagehub.services.command import servers_for_command

MAKES_OR_READS_MIGRATIONS = {"migrate", "makemigrations", "showmigrations", "sqlmigrate", "squashmigrations"}


def main() -> None:
    """Run one command; a private database that nobody has migrated yet is migrated first."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "garagehub.settings")
    with servers_for_command(Path(__file__).resolve().parent, what=" ".join(sys.argv[:2])) as started:
        if started and sys.argv[1:2] and sys.argv[1] not in MAKES_OR_READS_MIGRATIONS:
            execute_from_command_line([sys.argv[0], "migrate", "--verbosity", "0"])
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    try:
        main()
    except ServicesError as error:
        sys.exit(str(error))
