"""A private server that runs for us."""

from __future__ import annotations

import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from garagehub.services import process as processes


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running PostgreSQL or Redis, with the URL that reaches it."""

    name: str
    about: str  # version and where its programs came from
    url: str
    process: subprocess.Popen[bytes]
    stop_signal: signal.Signals
    patience: float = 10
    litter: Path | None = None

    def stop(self) -> None:
        """Shut down, and remove what lies outside its own folder."""
        processes.stop(self.process, how=self.stop_signal, patience=self.patience)
        if self.litter is not None:
            shutil.rmtree(self.litter, ignore_errors=True)
