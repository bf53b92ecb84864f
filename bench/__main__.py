"""`make bench`: each figure as a ratio to a limit measured in the same run, on a private, durable PostgreSQL.

`SCALE=small` takes a minute or two; `SCALE=full` uses the sizes the figures are quoted at and writes `bench/results.json`.
`SCALE=country ONLY=decide` takes most of an hour (docs/scale.md).
`ONLY=ingest,decide` runs a part.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

from garagehub.services.account import ServicesError
from garagehub.services.folder import temporary_folder
from garagehub.services.servers import missing_urls, start_servers

PARTS = ("ingest", "decide", "imports", "status", "board", "lookup")
SCALES = ("small", "full", "country")
RESULTS = Path(__file__).parent / "results.json"


def main() -> int:
    """Run what was asked for; 1 when nothing could be measured."""
    scale = os.environ.get("SCALE", "small")
    wanted = [name for name in os.environ.get("ONLY", ",".join(PARTS)).split(",") if name]
    if scale not in SCALES or set(wanted) - set(PARTS) or (scale == "country" and wanted != ["decide"]):
        print(
            f"SCALE is one of {', '.join(SCALES)}; ONLY names some of {', '.join(PARTS)}. A country is decided only.",
            file=sys.stderr,
        )
        return 1
    try:
        folder, lock = temporary_folder()
        servers = start_servers(folder, names=missing_urls(), durable=True)
    except ServicesError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        os.environ.update(
            servers.urls, SECRET_KEY="bench", DJANGO_SETTINGS_MODULE="garagehub.settings", LOG_LEVEL="ERROR"
        )
        django.setup()
        call_command("migrate", verbosity=0)
        results = [figure for name in wanted for figure in measured(name, scale)]
    finally:
        servers.stop()
        lock.release()
        shutil.rmtree(folder.home, ignore_errors=True)
    report = {"machine": machine(str(servers)), "scale": scale, "results": results}
    if scale == "full" and len(wanted) == len(PARTS):
        RESULTS.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps({"results": {figure["name"]: figure["value"] for figure in results}}))
    return 0


def measured(name: str, scale: str) -> list[dict[str, Any]]:
    """The figures of one part, printed as they come."""
    print(f"{name} …", file=sys.stderr)
    figures: list[dict[str, Any]] = importlib.import_module(f"bench.{name}").run(scale)
    for figure in figures:
        print(
            f"  {figure['name']}: {figure['value']} {figure['unit']} ({figure['better']} is better), {figure['limit']}"
        )
    return figures


def machine(servers: str) -> dict[str, Any]:
    """What it ran on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory_mib": memory,
        "python": platform.python_version(),
        "servers": servers,
    }


if __name__ == "__main__":
    sys.exit(main())
