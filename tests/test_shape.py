"""What keeps the house as it was drawn: imports, sizes, names, and that what is set is written down."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

CHECKOUT = Path(__file__).resolve().parent.parent
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_TEMPLATE = 400, 50, 150
DUMPING_GROUNDS = {"utils", "helpers", "common", "misc", "signals"}
SETTING = re.compile(r"env_(?:str|bool|int|list|mail|secret)\(\s*\"([A-Z_]+)\"")


def tracked(*patterns: str) -> list[Path]:
    """Files of the project that match, without what is generated."""
    skipped = {".venv", ".garagehub", "migrations", "node_modules"}
    found = [path for pattern in patterns for path in CHECKOUT.rglob(pattern)]
    return sorted(path for path in found if not skipped & set(path.relative_to(CHECKOUT).parts))


def is_test(path: Path) -> bool:
    return path.relative_to(CHECKOUT).parts[0] == "tests"


def name_of(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


SOURCES = tracked("*.py")


def test_imports_point_the_way_the_house_was_drawn():
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-3_000:]


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration():
    call_command("makemigrations", "--check", "--dry-run", verbosity=3)


def test_no_file_has_grown_too_long():
    counts = {name_of(path): len(path.read_text().splitlines()) for path in SOURCES if not is_test(path)}

    assert {name: count for name, count in counts.items() if count > LONGEST_FILE} == {}


def test_no_function_has_grown_too_long():
    too_long = {
        f"{name_of(path)}:{node.name}": node.end_lineno - node.lineno + 1
        for path in SOURCES
        if not is_test(path)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    }

    assert too_long == {}


def test_no_template_has_grown_too_long():
    counts = {name_of(path): len(path.read_text().splitlines()) for path in tracked("*.html")}

    assert counts
    assert {name: count for name, count in counts.items() if count > LONGEST_TEMPLATE} == {}


def test_nothing_is_named_so_that_anything_fits_in():
    named = {name_of(path) for path in SOURCES if path.stem in DUMPING_GROUNDS or path.parent.name in DUMPING_GROUNDS}

    assert named == set()


def test_nothing_happens_by_signal():
    using = {
        name_of(path)
        for path in SOURCES
        if not is_test(path) and re.search(r"django\.dispatch|models\.signals|@receiver\b", path.read_text())
    }

    assert using == set()


def test_no_function_hides_an_import():
    hidden = {
        f"{name_of(path)}:{inner.lineno}"
        for path in SOURCES
        if not is_test(path)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }

    assert hidden == set()


@pytest.mark.parametrize("source", ["garagehub/settings.py", "garagehub/services/options.py"])
def test_every_variable_that_is_read_is_explained_to_operators(source):
    read = set(SETTING.findall((CHECKOUT / source).read_text()))
    explained = set(re.findall(r"`([A-Z][A-Z_]+)`", (CHECKOUT / "docs/operators.md").read_text()))

    assert read
    assert read - explained == set()


def test_operators_are_told_of_no_variable_that_nobody_reads():
    code = "\n".join(path.read_text() for path in SOURCES)
    table = re.findall(r"^\| (`[^|]+) \|", (CHECKOUT / "docs/operators.md").read_text(), re.MULTILINE)
    told = {name for row in table for name in re.findall(r"`([A-Z][A-Z_]+)`", row)}

    assert told
    assert {name for name in told if f'"{name}"' not in code} == set()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-clients.txt"])
def test_every_requirement_is_pinned_and_has_its_reason(name):
    lines = [line for line in (CHECKOUT / name).read_text().splitlines() if line and not line.startswith(("#", "-r"))]

    assert lines
    assert [line for line in lines if not re.fullmatch(r"[\w\-\[\],]+==[\w.]+\s+# .{10,}", line)] == []


def test_migrations_import_only_what_will_still_be_there():
    ours = re.compile(r"^(?:from|import) (?:garagehub|dealers|parts)\b(?!\.\w+\.migrations)", re.MULTILINE)
    importing = {name_of(path) for path in CHECKOUT.glob("*/**/migrations/*.py") if ours.search(path.read_text())}

    assert {name for name in importing if not name.startswith(".venv")} == set()
