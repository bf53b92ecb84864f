"""A CSV file of repairs: read, and every mistake named by its line and column.

One line per part that meets a requirement; the lines of a requirement and of a repair need not stand together. The
columns of a repair and of a requirement must say the same on each of its lines.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

from parts.catalogue.models import Grade
from parts.catalogue.numbers import normalise

COLUMNS = (
    "kind",
    "make",
    "model",
    "position",
    "needs_diagnostics",
    "needs_programming",
    "requirement",
    "quantity",
    "by_vin",
    "brand",
    "part_number",
    "description",
    "grade",
)
_MOST_OF_A_PART = 4
_LONGEST = 64
_TRUTHS = {"yes": True, "no": False, "": False}


class LineError(NamedTuple):
    """A mistake in the file. Line 1 is the header; column is its name, or empty for the whole line."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        place = f"line {self.line}, {self.column}" if self.column else f"line {self.line}"
        return f"{place}: {self.message}"


class PartKey(NamedTuple):
    """A part by its brand's name and its normalised number."""

    brand: str
    norm: str


class PartRow(NamedTuple):
    """A part as a file or a catalogue gives it."""

    brand: str
    number: str
    description: str
    grade: str

    @property
    def key(self) -> PartKey:
        return PartKey(self.brand, normalise(self.number))


class RepairKey(NamedTuple):
    """Which repair: names, not ids."""

    kind: str
    make: str
    model: str
    position: str


class RequirementRow(NamedTuple):
    """One thing a repair needs, and the parts that meet it."""

    name: str
    quantity: int
    by_vin: bool
    parts: frozenset[PartKey]


class RepairRow(NamedTuple):
    """A repair and all it needs."""

    key: RepairKey
    needs_diagnostics: bool
    needs_programming: bool
    requirements: frozenset[RequirementRow]


class RepairFile(NamedTuple):
    """What the file says: whole repairs without a mistake, their parts, and the mistakes."""

    repairs: list[RepairRow]
    parts: list[PartRow]
    errors: list[LineError]


class _Line(NamedTuple):
    number: int
    repair: RepairKey
    systems: tuple[bool, bool]
    requirement: str
    need: tuple[int, bool]
    part: PartRow


def read_repairs(lines: Iterable[str], *, kinds: Collection[str], makes: Collection[str]) -> RepairFile:
    """Read the file's lines. A repair with a mistake on any of its lines is left out whole.

    `kinds` and `makes` are those known: repair kinds' slugs, and makes as DVSA spells them.
    """
    reader = csv.DictReader(lines, restkey="", strict=True)
    errors: list[LineError] = []
    good: list[_Line] = []
    spoilt: set[RepairKey] = set()
    try:
        if missing := [column for column in COLUMNS if column not in (reader.fieldnames or ())]:
            return RepairFile([], [], [LineError(1, "", f"columns missing: {', '.join(missing)}")])
        for row in reader:
            line, mistakes = _read_line(reader.line_num, row, kinds=kinds, makes=makes)
            errors += mistakes
            if mistakes:
                spoilt.add(line.repair)
            else:
                good.append(line)
    except csv.Error as error:
        errors.append(LineError(reader.line_num, "", f"not readable as CSV ({error})"))
        return RepairFile([], [], errors)
    for mistake, repair in _contradictions(good):
        errors.append(mistake)
        spoilt.add(repair)
    whole = [line for line in good if line.repair not in spoilt]
    parts = {line.part.key: line.part for line in whole}
    return RepairFile(list(_repairs(whole)), list(parts.values()), sorted(errors))


def _read_line(
    number: int, row: dict[str, Any], *, kinds: Collection[str], makes: Collection[str]
) -> tuple[_Line, list[LineError]]:
    mistakes: list[LineError] = []
    values = {column: (row[column] or "").strip() for column in COLUMNS}

    def check(column: str, *, is_good: bool, message: str) -> None:
        if not is_good:
            mistakes.append(LineError(number, column, message))

    if any("\0" in value for value in values.values()):
        check("", is_good=False, message="holds a character that cannot be stored")
    if "" in row:
        check("", is_good=False, message="more fields than columns")
    check("kind", is_good=values["kind"] in kinds, message=f"{values['kind']!r} is not a repair kind")
    check("make", is_good=values["make"].upper() in makes, message=f"{values['make']!r} is not a make we know")
    for column in ("model", "requirement", "brand"):
        check(column, is_good=bool(values[column]), message="is empty")
    for column, longest in (("model", 80), ("requirement", 80), ("brand", _LONGEST), ("part_number", _LONGEST)):
        check(column, is_good=len(values[column]) <= longest, message=f"is longer than {longest} characters")
    check("description", is_good=len(values["description"]) <= 200, message="is longer than 200 characters")  # noqa: PLR2004 - said in the message
    check("part_number", is_good=bool(normalise(values["part_number"])), message="is empty")
    check("position", is_good=values["position"] in {"", "front", "rear"}, message="must be front, rear or empty")
    quantity = int(values["quantity"]) if values["quantity"] in {"1", "2", "3", "4"} else 0
    check("quantity", is_good=quantity > 0, message=f"must be a whole number from 1 to {_MOST_OF_A_PART}")
    for column in ("needs_diagnostics", "needs_programming", "by_vin"):
        check(column, is_good=values[column].lower() in _TRUTHS, message="must be yes or no")
    grade = values["grade"].lower() or Grade.GENUINE
    check("grade", is_good=grade in Grade.values, message=f"must be one of {', '.join(Grade.values)}")
    line = _Line(
        number=number,
        repair=RepairKey(values["kind"], values["make"].upper(), values["model"].upper(), values["position"]),
        systems=(_truth(values["needs_diagnostics"]), _truth(values["needs_programming"])),
        requirement=values["requirement"],
        need=(quantity, _truth(values["by_vin"])),
        part=PartRow(values["brand"], values["part_number"], values["description"], grade),
    )
    return line, mistakes


def _truth(text: str) -> bool:
    return _TRUTHS.get(text.lower(), False)


def _contradictions(lines: list[_Line]) -> Iterator[tuple[LineError, RepairKey]]:
    """Lines that say of a repair, or of a requirement, other than its first line does."""

    def differing(key: Callable[[_Line], Any], fact: Callable[[_Line], Any]) -> Iterator[tuple[_Line, int]]:
        first: dict[Any, _Line] = {}
        for line in lines:
            if fact(first.setdefault(key(line), line)) != fact(line):
                yield line, first[key(line)].number

    for line, before in differing(lambda line: line.repair, lambda line: line.systems):
        yield LineError(line.number, "needs_diagnostics", f"differs from line {before} of the same repair"), line.repair
    for line, before in differing(lambda line: (line.repair, line.requirement), lambda line: line.need):
        yield LineError(line.number, "quantity", f"differs from line {before} of the same requirement"), line.repair


def _repairs(lines: list[_Line]) -> Iterator[RepairRow]:
    by_repair: dict[RepairKey, list[_Line]] = defaultdict(list)
    for line in lines:
        by_repair[line.repair].append(line)
    for key, own in by_repair.items():
        by_requirement: dict[str, list[_Line]] = defaultdict(list)
        for line in own:
            by_requirement[line.requirement].append(line)
        yield RepairRow(
            key,
            *own[0].systems,
            frozenset(
                RequirementRow(name, *same[0].need, frozenset(line.part.key for line in same))
                for name, same in by_requirement.items()
            ),
        )
