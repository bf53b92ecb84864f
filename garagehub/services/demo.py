"""Which demonstration a checkout shows. Recorded, so that tomorrow's sandbox tells today's story on, not another one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

from garagehub.services.folder import private_file

VEHICLES, SEED = 20_000, 1
DAYS_INTO_THE_OUTAGE = 12  # how old the outage is on the day it is first shown


@dataclass(frozen=True, kw_only=True)
class Demo:
    """The same three always give the same world."""

    seed: int
    vehicles: int
    started_on: str  # the day the outage began, as 2026-11-10

    @classmethod
    def of(cls, home: Path, *, seed: int | None, vehicles: int | None, today: date) -> Demo:
        """The recorded demonstration, with what was asked for now put in its place; a new one when there is none."""
        record = home / "demo.json"
        kept = json.loads(record.read_text()) if record.exists() else {}
        demo = cls(
            seed=kept.get("seed", SEED) if seed is None else seed,
            vehicles=vehicles or kept.get("vehicles", VEHICLES),
            started_on=kept.get("started_on") or (today - timedelta(days=DAYS_INTO_THE_OUTAGE)).isoformat(),
        )
        private_file(record, json.dumps(asdict(demo)), replace=True)
        return demo

    @property
    def arguments(self) -> list[str]:
        return ["--seed", str(self.seed), "--vehicles", str(self.vehicles)]
