"""The facts a decision reads, as plain values: the whole of a small world, or what concerns one vehicle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from garagehub.lib.geography import ALL_REGIONS


@dataclass(frozen=True, slots=True)
class Supplier:
    """A source, when it was last known to be current, and the brands whose absence from it counts."""

    id: int
    confirmed_at: datetime | None
    warn_after_s: int
    error_after_s: int
    brands: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Dealer:
    """A dealer, and which of its systems are known to be down. Degraded and unknown are not down."""

    id: int
    region: int
    is_active: bool = True
    makes: frozenset[int] = frozenset()
    down: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Branch:
    """Where stock of a supplier lies."""

    id: int
    supplier: int
    tier: str = "central"
    reach: int = ALL_REGIONS
    dealer: int | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What one branch says of one part; no quantity: not said."""

    branch: int
    part: int
    availability: str
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """An admin's word on a part or a repair (`target`), in `regions`, until it expires."""

    kind: str
    target: int
    regions: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Option:
    """A part that meets a requirement, alone or together with the others of its bundle.

    It fits chassis numbers (last 8 of a VIN) from `serial_from` to `serial_to`; empty: from the first, to the last.
    """

    requirement: int
    part: int
    quantity: int = 1
    bundle: int | None = None
    serial_from: str = ""
    serial_to: str = ""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing a repair needs. `by_vin`: which of its options fits is known only from the VIN."""

    id: int
    repair: int
    by_vin: bool = False


@dataclass(frozen=True, slots=True)
class Repair:
    """A repair kind on a model, at a position, for cars made in the years named; None: from the first, to the last."""

    id: int
    kind: int
    model: int
    position: str = ""
    needs_diagnostics: bool = False
    needs_programming: bool = False
    year_from: int | None = None
    year_to: int | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """What has to be done, whatever the car."""

    id: int
    position_by: str = ""
    needs_nothing: bool = False


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle, its model, year and last 8 of VIN if known, and where it is kept (`UK`: nobody said)."""

    id: int
    model: int | None
    region: int
    vin: str = ""
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Defect:
    """A defect or advisory of the newest visit."""

    id: int
    vehicle: int
    scheme: str
    ref: str
    longitudinal: str = ""
    is_failing: bool = True


@dataclass(frozen=True, slots=True)
class World:
    """Everything a decision reads, by id. `parts` gives each part's brand, `models` each model's make."""

    suppliers: Mapping[int, Supplier] = field(default_factory=dict)
    dealers: Mapping[int, Dealer] = field(default_factory=dict)
    branches: Mapping[int, Branch] = field(default_factory=dict)
    brands: frozenset[int] = frozenset()
    makes: frozenset[int] = frozenset()
    models: Mapping[int, int] = field(default_factory=dict)
    parts: Mapping[int, int] = field(default_factory=dict)
    offers: tuple[Offer, ...] = ()
    overrides: tuple[Override, ...] = ()
    kinds: Mapping[int, Kind] = field(default_factory=dict)
    references: Mapping[tuple[str, str], int | None] = field(default_factory=dict)
    repairs: Mapping[int, Repair] = field(default_factory=dict)
    requirements: Mapping[int, Requirement] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    vehicles: Mapping[int, Vehicle] = field(default_factory=dict)
    defects: Mapping[int, Defect] = field(default_factory=dict)
