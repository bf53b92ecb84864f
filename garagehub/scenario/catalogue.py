"""The demonstration catalogue: invented part numbers for the repairs of the scenario's models.

Pure and deterministic: the same seed gives the same catalogue. Genuine numbers have the shape of the maker's, in
ranges it has never used; the aftermarket makers do not exist.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from garagehub.scenario.models import MODELS, DemoModel
from garagehub.scenario.repair_templates import FAMILY, MODEL, TEMPLATES, Need, Template


class DemoPart(NamedTuple):
    """A part. Numbers are unique over all brands, but for `AMBIGUOUS_NUMBER`."""

    number: str
    brand: str
    description: str
    grade: str
    price_pence: int


class DemoRequirement(NamedTuple):
    """One thing a repair needs, met by any one of the parts with these numbers."""

    name: str
    quantity: int
    by_vin: bool
    part_numbers: tuple[str, ...]
    # The chassis numbers each part fits, from and to, in the same order; empty: all fit any.
    ranges: tuple[tuple[str, str], ...] = ()


class DemoRepair(NamedTuple):
    """A repair of a model, by the slug of its kind, for cars of some years or of all."""

    kind: str
    make: str
    model: str
    position: str
    needs_diagnostics: bool
    needs_programming: bool
    requirements: tuple[DemoRequirement, ...]
    year_from: int | None = None
    year_to: int | None = None


class DemoSupersession(NamedTuple):
    """`new` replaces `old`; the fields are those of parts.catalogue's Supersession."""

    old: str
    new: str
    kind: str
    group: int
    ratio: int
    direction: str


class DemoCatalogue(NamedTuple):
    """Everything the catalogue knows."""

    parts: tuple[DemoPart, ...]
    repairs: tuple[DemoRepair, ...]
    supersessions: tuple[DemoSupersession, ...]


# Two makers gave the same number to different parts: whoever asks for it must be asked which.
AMBIGUOUS_NUMBER = "40-1188"

GENUINE_BRANDS = {"LAND ROVER": "Land Rover", "JAGUAR": "Jaguar"}
# Each maker's way of writing numbers.
AFTERMARKET_BRANDS = {
    "Pennine Brake": "PB {:04d}-A",
    "Marlow & Finch": "MF-{:05d}",
    "Tarnfield": "TF/{:05d}",
    "Oakwater": "OW.{:05d}",
    "Kestrelline": "KL{:06d}",
    "Brackenhall": "BH {:05d} S",
}
RECONDITIONER = "Second Turn"
_RECONDITIONED = frozenset({"brake-caliper", "steering-rack", "driveshaft"})
# How many models of a make share a part made for a family of them.
_FAMILY_SIZE = 4
# What became of a genuine number since the catalogue was printed, in thousandths.
_FATES = {
    "current": 865,
    "replaced": 80,
    "replaced again and again": 30,
    "replaced by a set": 15,
    "sold singly": 10,
}
# The rarest models are the worst covered: about one of these repairs in eight is in nobody's catalogue.
_RARE_BELOW = 7_000


# Chassis numbers at which makers changed a part: the model year's letter, the plant, and six digits.
_RANGES = (("", "EH499999"), ("EH500000", "JH249999"), ("JH250000", ""))


class _Fit(NamedTuple):
    """A number that meets a need, and the chassis numbers it fits."""

    number: str
    serial_from: str = ""
    serial_to: str = ""


def demo_catalogue(seed: int) -> DemoCatalogue:
    """The catalogue for a seed."""
    return _Builder(random.Random(f"catalogue {seed}")).build()


class _Builder:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.parts: dict[str, DemoPart] = {}
        self.supersessions: list[DemoSupersession] = []
        self.shared: dict[tuple[str, ...], tuple[_Fit, ...]] = {}
        self.serial = 0

    def build(self) -> DemoCatalogue:
        repairs = tuple(self._repairs())
        parts = (*self.parts.values(), *_ambiguous_parts())
        return DemoCatalogue(parts=parts, repairs=repairs, supersessions=tuple(self.supersessions))

    def _repairs(self) -> Iterator[DemoRepair]:
        for place, model in enumerate(MODELS):
            for template in TEMPLATES:
                if not _applies(template, model):
                    continue
                for position in template.positions:
                    is_gap = model.licensed < _RARE_BELOW and self.rng.random() < 1 / 8
                    if not is_gap:
                        yield from self._by_year(template, model, place // _FAMILY_SIZE, position)

    def _by_year(self, template: Template, model: DemoModel, family: int, position: str) -> Iterator[DemoRepair]:
        """The repair, or one for each run of years between which it began to need diagnostics or programming."""
        requirements = tuple(
            self._requirement(need, self._fits(template, need, model, family, position)) for need in template.needs
        )
        begins = {template.diagnostics_from, template.programming_from}
        first = [None, *sorted(year for year in begins if model.first_year < year <= model.last_year)]
        for year_from, following in zip(first, [*first[1:], None], strict=True):
            year = year_from or model.first_year
            yield DemoRepair(
                kind=template.kind,
                make=model.make,
                model=model.name,
                position=position,
                needs_diagnostics=0 < template.diagnostics_from <= year,
                needs_programming=0 < template.programming_from <= year,
                requirements=requirements,
                year_from=year_from,
                year_to=following - 1 if following else None,
            )

    def _requirement(self, need: Need, fits: tuple[_Fit, ...]) -> DemoRequirement:
        ranges = tuple((fit.serial_from, fit.serial_to) for fit in fits)
        return DemoRequirement(
            name=need.name,
            quantity=need.quantity,
            by_vin=need.by_vin,
            part_numbers=tuple(fit.number for fit in fits),
            ranges=ranges if any(map(any, ranges)) else (),
        )

    def _fits(self, template: Template, need: Need, model: DemoModel, family: int, position: str) -> tuple[_Fit, ...]:
        """The parts that meet a need, made once and shared by the models of the need's scope."""
        key: tuple[str, ...] = (need.name,)
        if need.scope == MODEL:
            key = (need.name, position, model.make, model.name)
        elif need.scope == FAMILY:
            key = (need.name, position, model.make, str(family))
        if key not in self.shared:
            self.shared[key] = tuple(self._make_parts(template, need, model.make, position))
        return self.shared[key]

    def _make_parts(self, template: Template, need: Need, make: str, position: str) -> Iterator[_Fit]:
        description = f"{need.name}, {position}" if position else need.name
        if need.scope in {MODEL, FAMILY}:
            count = self.rng.randint(2, 3) if need.by_vin or need.by_chassis else 1
            for serials in _RANGES[:count] if need.by_chassis else [("", "")] * count:
                for number in self._genuine(description, need.price_pence, make):
                    yield _Fit(number, *serials)
        brands = self.rng.sample(sorted(AFTERMARKET_BRANDS), k=self._copies(need))
        for brand in brands:
            price = round(need.price_pence * self.rng.uniform(0.35, 0.7))
            yield _Fit(self._add(self._aftermarket_number(brand), brand, description, "aftermarket", price))
        if template.kind in _RECONDITIONED and self.rng.random() < 1 / 2:
            number = f"ST-{self._next():05d}-R"
            yield _Fit(self._add(number, RECONDITIONER, description, "reconditioned", round(need.price_pence * 0.5)))

    def _copies(self, need: Need) -> int:
        if need.scope in {MODEL, FAMILY}:
            return self.rng.randint(0, need.copies)
        return need.copies

    def _genuine(self, description: str, price_pence: int, make: str) -> Iterator[str]:
        """The genuine number the repair lists; every eighth or so has since been replaced."""
        number = self._add(self._genuine_number(make), GENUINE_BRANDS[make], description, "genuine", price_pence)
        yield number
        match self.rng.choices(list(_FATES), weights=list(_FATES.values()))[0]:
            case "replaced":
                self._replace(number, make, links=1)
            case "replaced again and again":
                self._replace(number, make, links=self.rng.randint(2, 3))
            case "replaced by a set":
                self._replace_by_set(number, make)
            case "sold singly":
                self._replace_by_pair(number, make)

    def _replace(self, old: str, make: str, *, links: int) -> None:
        """A chain of numbers, each replacing the one before."""
        for _ in range(links):
            part = self.parts[old]
            new = self._add(
                self._genuine_number(make), part.brand, part.description, part.grade, round(part.price_pence * 1.06)
            )
            direction = self.rng.choice(("full", "full", "forward", "forward", "forward"))
            self.supersessions.append(DemoSupersession(old, new, "or", 0, 1, direction))
            old = new

    def _replace_by_set(self, old: str, make: str) -> None:
        """Replaced by the same part without its fixings and the fixings, needed together."""
        part = self.parts[old]
        rest = self._add(self._genuine_number(make), part.brand, part.description, part.grade, part.price_pence)
        fixings = self._add(
            self._genuine_number(make), part.brand, f"Fixing kit for {part.description.lower()}", part.grade, 1_800
        )
        for new in (rest, fixings):
            self.supersessions.append(DemoSupersession(old, new, "and", 1, 1, "forward"))

    def _replace_by_pair(self, old: str, make: str) -> None:
        """Once sold as a set, now singly: two are needed for one."""
        part = self.parts[old]
        half = self._add(
            self._genuine_number(make), part.brand, f"{part.description}, single", part.grade, part.price_pence // 2
        )
        self.supersessions.append(DemoSupersession(old, half, "or", 0, 2, "forward"))

    def _add(self, number: str, brand: str, description: str, grade: str, price_pence: int) -> str:
        self.parts[number] = DemoPart(number, brand, description, grade, price_pence)
        return number

    def _next(self) -> int:
        self.serial += self.rng.randint(1, 9)
        return self.serial

    def _genuine_number(self, make: str) -> str:
        serial = self._next()
        if make == "LAND ROVER":
            return f"LR{900_000 + serial:06d}"
        shape = self.rng.choice(("C2D{:05d}", "T2H{:05d}", "JDE{:05d}"))
        return shape.format(serial % 100_000)

    def _aftermarket_number(self, brand: str) -> str:
        return AFTERMARKET_BRANDS[brand].format(self._next())


def _applies(template: Template, model: DemoModel) -> bool:
    if model.last_year < template.last_year_at_least:
        return False
    fuels = {fuel for fuel, _ in model.engines}
    if template.fuel == "engine":
        return fuels != {"Electric"}
    return not template.fuel or template.fuel in fuels


def _ambiguous_parts() -> Sequence[DemoPart]:
    return (
        DemoPart(AMBIGUOUS_NUMBER, "Marlow & Finch", "Exhaust rubber mounting", "aftermarket", 640),
        DemoPart(AMBIGUOUS_NUMBER, "Tarnfield", "Wheel centre cap", "aftermarket", 710),
    )
