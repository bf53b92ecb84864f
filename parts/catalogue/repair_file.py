"""A CSV file of repairs: read, and every mistake named by its line and column.

One line per part that meets a requirement; the lines of a requirement and of a repair need not stand together. The
columns of a repair and of a requirement must say the same on each of its lines. Where a repair differs by year, its
years are part of what names it; where a part fits a range of chassis numbers only, its line says which.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from parts.catalogue.models import SERIAL_LENGTH, Grade
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
# Columns a file may leave out, for repairs and parts that are the same for all years and chassis numbers.
OPTIONAL_COLUMNS = ("year_from", "year_to", "chassis_from", "chassis_to")
_YEARS = range(1900, 2101)
_SERIAL = re.compile(rf"[A-Z0-9]{{{SERIAL_LENGTH}}}")
_MOST_OF_A_PART = 4
_LONGEST = 64
_LENGTHS = {"model": 80, "requirement": 80, "brand": _LONGEST, "part_number": _LONGEST, "description": 200}
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
    """Which repair: names, not ids. No year: from the first, or to this day."""

    kind: str
    make: str
    model: str
    position: str
    year_from: int | None = None
    year_to: int | None = None

    @property
    def of_all_years(self) -> RepairKey:
        """The same repair without its years: what its variants have in common."""
        return self._replace(year_from=None, year_to=None)


class FitRow(NamedTuple):
    """A part, and the range of chassis numbers it fits; empty: from the first, or to this day."""

    part: PartKey
    serial_from: str = ""
    serial_to: str = ""


class RequirementRow(NamedTuple):
    """One thing a repair needs, and the parts that meet it."""

    name: str
    quantity: int
    by_vin: bool
    fits: frozenset[FitRow]


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
    serials: tuple[str, str]


def read_repairs(lines: Iterable[str], *, kinds: Collection[str], makes: Collection[str]) -> RepairFile:
    """Read the file's lines. A repair with a mistake on any of its lines, of any year, is left out whole.

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
                spoilt.add(line.repair.of_all_years)
            else:
                good.append(line)
    except csv.Error as error:
        errors.append(LineError(reader.line_num, "", f"not readable as CSV ({error})"))
        return RepairFile([], [], errors)
    for mistake, repair in (*_contradictions(good), *_overlaps(good)):
        errors.append(mistake)
        spoilt.add(repair.of_all_years)
    whole = [line for line in good if line.repair.of_all_years not in spoilt]
    parts = {line.part.key: line.part for line in whole}
    return RepairFile(list(_repairs(whole)), list(parts.values()), sorted(errors))


@dataclass
class _Checks:
    """The mistakes of one line, by column."""

    number: int
    mistakes: list[LineError] = field(default_factory=list)

    def check(self, column: str, *, is_good: bool, message: str) -> None:
        if not is_good:
            self.mistakes.append(LineError(self.number, column, message))


def _read_line(
    number: int, row: dict[str, Any], *, kinds: Collection[str], makes: Collection[str]
) -> tuple[_Line, list[LineError]]:
    values = {column: (row.get(column) or "").strip() for column in (*COLUMNS, *OPTIONAL_COLUMNS)}
    checks = _Checks(number)
    if any("\0" in value for value in values.values()):
        checks.check("", is_good=False, message="holds a character that cannot be stored")
    if "" in row:
        checks.check("", is_good=False, message="more fields than columns")
    _check_repair(values, checks, kinds=kinds, makes=makes)
    years = _read_years(values, checks)
    quantity, grade = _read_part(values, checks)
    serials = _read_serials(values, checks)
    key = (values["kind"], values["make"].upper(), values["model"].upper(), values["position"])
    line = _Line(
        number=number,
        repair=RepairKey(*key, *years),
        systems=(_truth(values["needs_diagnostics"]), _truth(values["needs_programming"])),
        requirement=values["requirement"],
        need=(quantity, _truth(values["by_vin"])),
        part=PartRow(values["brand"], values["part_number"], values["description"], grade),
        serials=serials,
    )
    return line, checks.mistakes


def _check_repair(values: dict[str, str], checks: _Checks, *, kinds: Collection[str], makes: Collection[str]) -> None:
    check = checks.check
    check("kind", is_good=values["kind"] in kinds, message=f"{values['kind']!r} is not a repair kind")
    check("make", is_good=values["make"].upper() in makes, message=f"{values['make']!r} is not a make we know")
    check("position", is_good=values["position"] in {"", "front", "rear"}, message="must be front, rear or empty")
    for column in ("model", "requirement", "brand"):
        check(column, is_good=bool(values[column]), message="is empty")
    for column, longest in _LENGTHS.items():
        check(column, is_good=len(values[column]) <= longest, message=f"is longer than {longest} characters")
    for column in ("needs_diagnostics", "needs_programming", "by_vin"):
        check(column, is_good=values[column].lower() in _TRUTHS, message="must be yes or no")


def _read_part(values: dict[str, str], checks: _Checks) -> tuple[int, str]:
    """How many are needed, and of which grade the part is."""
    checks.check("part_number", is_good=bool(normalise(values["part_number"])), message="is empty")
    quantity = int(values["quantity"]) if values["quantity"] in {"1", "2", "3", "4"} else 0
    checks.check("quantity", is_good=quantity > 0, message=f"must be a whole number from 1 to {_MOST_OF_A_PART}")
    grade = values["grade"].lower() or Grade.GENUINE
    checks.check("grade", is_good=grade in Grade.values, message=f"must be one of {', '.join(Grade.values)}")
    return quantity, grade


def _read_years(values: dict[str, str], checks: _Checks) -> tuple[int | None, int | None]:
    first, last = (int(text) if text.isascii() and text.isdigit() else None for text in _pair(values, "year"))
    for column, year in (("year_from", first), ("year_to", last)):
        is_good = not values[column] or year in _YEARS
        checks.check(column, is_good=is_good, message="must be a year, such as 2016, or empty")
    is_ordered = not first or not last or first <= last
    checks.check("year_to", is_good=is_ordered, message="is before year_from")
    return first, last


def _read_serials(values: dict[str, str], checks: _Checks) -> tuple[str, str]:
    first, last = (text.upper() for text in _pair(values, "chassis"))
    for column, text in (("chassis_from", first), ("chassis_to", last)):
        message = f"must be the last {SERIAL_LENGTH} characters of a VIN, or empty"
        checks.check(column, is_good=not text or bool(_SERIAL.fullmatch(text)), message=message)
    checks.check("chassis_to", is_good=not last or first <= last, message="is before chassis_from")
    is_known_range = bool(first or last) and _truth(values["by_vin"])
    message = "must be no where the range of chassis numbers is given"
    checks.check("by_vin", is_good=not is_known_range, message=message)
    return first, last


def _pair(values: dict[str, str], name: str) -> tuple[str, str]:
    return values[f"{name}_from"], values[f"{name}_to"]


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


def _overlaps(lines: list[_Line]) -> Iterator[tuple[LineError, RepairKey]]:
    """Repairs of one kind, model and position with a year in common: a car of that year would have both."""
    first: dict[RepairKey, int] = {}
    for line in lines:
        first.setdefault(line.repair, line.number)
    before: RepairKey | None = None
    for repair in sorted(first, key=lambda key: (key[:4], key.year_from or 0)):
        if (
            before
            and before.of_all_years == repair.of_all_years
            and (before.year_to or 9999) >= (repair.year_from or 0)
        ):
            yield LineError(first[repair], "year_from", f"has a year in common with line {first[before]}"), repair
        before = repair


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
                RequirementRow(name, *same[0].need, frozenset(FitRow(line.part.key, *line.serials) for line in same))
                for name, same in by_requirement.items()
            ),
        )
