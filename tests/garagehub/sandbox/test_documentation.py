"""The examples of docs/sandbox.md run as they stand, and its table names every fault."""

import re
import subprocess
from pathlib import Path

from garagehub.sandbox.faults import KINDS
from tests.sandbox_process import SandboxProcess

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "sandbox.md").read_text()


def test_the_examples_run_as_written():
    examples = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))
    assert examples.startswith("SANDBOX=http://127.0.0.1:8001\n")
    assert examples.count("curl") > 15
    world = SandboxProcess(seed=1)
    script = examples.replace("SANDBOX=http://127.0.0.1:8001", f"SANDBOX={world.url}")
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    world.stop()
    assert run.returncode == 0, f"{run.stdout[-500:]}\n{run.stderr}"


def test_every_fault_and_option_is_in_the_table():
    for kind in KINDS.values():
        assert f"`{kind.name}`" in PAGE
        for option in kind.options:
            assert f"`{option}`" in PAGE
