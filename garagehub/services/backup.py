"""`python -m garagehub.services.backup dump FILE` and `restore FILE`, for the private database of this checkout.

It is also the way from one PostgreSQL major to the next: dump with the old programs, restore with the new.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import psycopg

from garagehub.services.account import ServicesError
from garagehub.services.binaries import postgres_binaries
from garagehub.services.command import servers_for_command
from garagehub.services.folder import run_folder
from garagehub.services.servers import DATABASE_URL

CHECKOUT = Path(__file__).resolve().parents[2]


def dump(file: Path, *, checkout: Path) -> None:
    """Write the whole database to `file`, in pg_dump's custom format. A file that is there already stays as it is."""
    if file.exists():
        raise ServicesError(f"{file} is there already; name another file.")
    with servers_for_command(checkout, what="backup dump"):
        _run("pg_dump", "--format=custom", "--no-owner", f"--file={file}", os.environ[DATABASE_URL], checkout=checkout)


def restore(file: Path, *, checkout: Path) -> None:
    """Read a dump into the database, which must hold no tables yet. All of it or nothing."""
    with servers_for_command(checkout, what="backup restore"):
        url = os.environ[DATABASE_URL]
        with psycopg.connect(url) as connection:
            used = connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1").fetchone()
        if used:
            raise ServicesError("The database holds tables already; a dump is restored into an empty one only.")
        _run(
            "pg_restore",
            "--no-owner",
            "--exit-on-error",
            "--single-transaction",
            f"--dbname={url}",
            str(file),
            checkout=checkout,
        )


def _run(program: str, *arguments: str, checkout: Path) -> None:
    folder = run_folder(checkout)
    data = folder.home / "postgres" / "data"
    binaries = postgres_binaries(account=folder.account, shelf=folder.shelf, data=data)
    done = subprocess.run([str(binaries.path / program), *arguments], check=False)
    if done.returncode != 0:
        raise ServicesError(f"{program} failed with code {done.returncode}.")


def main() -> int:
    """Dump or restore, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m garagehub.services.backup", description=__doc__)
    parser.add_argument("what", choices=["dump", "restore"])
    parser.add_argument("file", type=Path)
    chosen = parser.parse_args()
    try:
        (dump if chosen.what == "dump" else restore)(chosen.file.absolute(), checkout=CHECKOUT)
    except ServicesError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
