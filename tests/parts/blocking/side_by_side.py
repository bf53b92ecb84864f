"""Many small random worlds laid side by side in the database, so that one decision decides them all.

They share nothing but the kinds of repair: each has its own makes, dealers, sources, parts and cars. Each is known
twice, as rows and as the plain facts that the specification reads, and the second is never read from the first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random

from django.db.models import Model

from dealers.models import Dealer, Make, Status, System
from garagehub.lib.geography import ALL_REGIONS, UK, mask
from parts.blocking import rules, world
from parts.blocking.models import Override, PartDemand, Readiness, RepairNeed, RepairSplit, RepairStatus
from parts.blocking.specification import Decisions
from parts.blocking.specification import decide as specify
from parts.blocking.world import World
from parts.catalogue import expansion
from parts.catalogue.models import (
    Brand,
    ManualReference,
    Part,
    PartNumber,
    Repair,
    RepairKind,
    Requirement,
    RequirementPart,
    Supersession,
)
from parts.catalogue.supersession import add_supersessions
from parts.stock.models import Availability, Branch, Offer, Supplier
from parts.vehicles.models import Defect, MotTest, Vehicle, VehicleModel

AT = datetime(2026, 9, 1, 8, tzinfo=UTC)
# Few regions, so that they meet: a neighbour pair, an island, and "place not known".
REGIONS = [0, 1, 11, UK]
REACHES = [ALL_REGIONS, ALL_REGIONS, mask(0), mask(1, 11), mask(0, 1), 0]
# Far from the ids that the data file's kinds get.
SPRING, SENSOR, AIM = 900_001, 900_002, 900_003
KINDS = [world.Kind(SPRING, "axle"), world.Kind(SENSOR), world.Kind(AIM, needs_nothing=True)]
RANGES = [("", ""), ("", ""), ("", "EH499999"), ("EH500000", ""), ("EH500000", "FH999999"), ("EH300000", "EH600000")]
VINS = ["", "", "", "EH300000", "EH499999", "EH500000", "EH600001", "GH000001", "SHORT"]
YEARS = [(None, None), (None, 2016), (2017, None), (2014, 2017), (2018, 2018)]


class SideBySide:
    """`number` worlds: `decided` tells what the rules say of each, `stored` what the decision wrote of each."""

    def __init__(self, rng: Random, *, number: int) -> None:
        self.rng = rng
        self.rows: dict[type[Model], list[Model]] = defaultdict(list)
        self.ids = count(1_000_000)
        self.worlds: list[World] = []
        self.edges: list[list[tuple[int, int, dict[str, object]]]] = []
        self.listed: list[list[tuple[int, int, int, str, str]]] = []
        for kind in KINDS:
            self._row(
                RepairKind, id=kind.id, slug=f"k{kind.id}", name="K",
                position_by=kind.position_by, needs_nothing=kind.needs_nothing,
            )  # fmt: skip
        for _ in range(number):
            self.worlds.append(self._world())

    def write(self) -> int:
        """Write all worlds' rows; how many supersessions were refused, as a circle or otherwise."""
        for model, rows in self.rows.items():
            model.objects.bulk_create(rows)
        for through, pairs in self.links().items():
            through.objects.bulk_create(pairs)
        edges = [Supersession(old_id=old, new_id=new, **how) for own in self.edges for old, new, how in own]
        refused = add_supersessions(edges)
        gone = {(refusal.old_id, refusal.new_id) for refusal in refused}
        for number, facts in enumerate(self.worlds):
            kept = {(old, new): how for old, new, how in self.edges[number] if (old, new) not in gone}
            self.worlds[number] = _with_options(facts, self.listed[number], kept)
        return len(refused)

    def decided(self) -> Iterator[tuple[World, Decisions]]:
        """Each world, and what the rules say of it."""
        for facts in self.worlds:
            yield facts, specify(facts, at=AT)

    def links(self) -> dict[type[Model], list[Model]]:
        """The rows of many-to-many tables."""
        listed, serves = Supplier.brands.through, Dealer.makes.through
        return {
            listed: [
                listed(supplier_id=supplier.id, brand_id=brand)
                for facts in self.worlds
                for supplier in facts.suppliers.values()
                for brand in supplier.brands
            ],
            serves: [
                serves(dealer_id=dealer.id, make_id=make)
                for facts in self.worlds
                for dealer in facts.dealers.values()
                for make in dealer.makes
            ],
        }

    def _row(self, model: type[Model], **fields: object) -> int:
        fields.setdefault("id", next(self.ids))
        self.rows[model].append(model(**fields))
        return int(str(fields["id"]))

    def _world(self) -> World:
        rng, key = self.rng, next(self.ids)
        brands = [self._row(Brand, name=f"B{key}{n}", slug=f"b{key}{n}") for n in range(2)]
        makes = [self._row(Make, name=f"M{key}{n}", slug=f"m{key}{n}") for n in range(rng.randint(1, 2))]
        model_ids = [self._row(VehicleModel, make_id=rng.choice(makes), name=f"{n}") for n in range(rng.randint(1, 2))]
        models = {row.id: row.make_id for row in self.rows[VehicleModel][-len(model_ids) :]}
        suppliers = dict(self._supplier(brands) for _ in range(2))
        dealers = dict(self._dealer(makes) for _ in range(rng.randint(1, 3)))
        branches = dict(self._branch(suppliers, dealers) for _ in range(3))
        parts = {}
        for n in range(4):
            part = self._row(Part, brand_id=rng.choice(brands))
            parts[part] = self.rows[Part][-1].brand_id
            self._row(PartNumber, part_id=part, brand_id=parts[part], raw=f"{n}", norm=f"{key}{n}")
        references = self._references(key)
        repairs = dict(self._repairs(model_ids))
        requirements = dict(self._requirements(repairs, list(parts)))
        vehicles = dict(self._vehicle(model_ids) for _ in range(3))
        self.edges.append([self._edge(list(parts)) for _ in range(rng.choice([0, 1, 2, 4]))])
        return World(
            suppliers=suppliers,
            dealers=dealers,
            branches=branches,
            brands=frozenset(brands),
            makes=frozenset(makes),
            models=models,
            parts=parts,
            offers=tuple(self._offers(list(branches), list(parts))),
            overrides=tuple(self._overrides(list(parts), list(repairs))),
            kinds={kind.id: kind for kind in KINDS},
            references=references,
            repairs=repairs,
            requirements=requirements,
            vehicles=vehicles,
            defects=dict(
                self._defects(
                    vehicles, [*references, *references, *references, ("current", f"{key} unheard of"), ("", "")]
                )
            ),
        )

    def _supplier(self, brands: list[int]) -> tuple[int, world.Supplier]:
        age = self.rng.choice([0, 0, 0, 59, 60, 400, None])
        confirmed_at = None if age is None else AT - timedelta(minutes=age)
        id_ = next(self.ids)
        self._row(Supplier, id=id_, code=f"s{id_}", name="S", confirmed_at=confirmed_at)
        listed = frozenset(self.rng.sample(brands, self.rng.randint(0, 2)))
        return id_, world.Supplier(id_, confirmed_at, 3_600, 21_600, listed)

    def _dealer(self, makes: list[int]) -> tuple[int, world.Dealer]:
        id_, region, is_active = next(self.ids), self.rng.choice(REGIONS), self.rng.random() < 0.85
        self._row(Dealer, id=id_, code=str(id_)[-5:], slug=f"d{id_}", name="D", region=region, is_active=is_active)
        states = {
            system: self.rng.choice(["operational", "degraded", "down", "down", "unknown"])
            for system in self.rng.sample(System.values, self.rng.randint(0, 6))
        }
        for system, state in states.items():
            self._row(Status, dealer_id=id_, system=system, state=state, since=AT, decided_at=AT)
        down = frozenset(system for system, state in states.items() if state == "down")
        served = frozenset(self.rng.sample(makes, self.rng.randint(0, len(makes))))
        return id_, world.Dealer(id_, region, is_active, served, down)

    def _branch(
        self, suppliers: dict[int, world.Supplier], dealers: dict[int, world.Dealer]
    ) -> tuple[int, world.Branch]:
        id_ = next(self.ids)
        branch = world.Branch(
            id_,
            self.rng.choice(list(suppliers)),
            self.rng.choice(Branch.Tier.values),
            self.rng.choice(REACHES),
            self.rng.choice([*dealers, *dealers, None]),
        )
        self._row(
            Branch, id=id_, supplier_id=branch.supplier, code=f"{id_}", tier=branch.tier, reach=branch.reach,
            dealer_id=branch.dealer,
        )  # fmt: skip
        return id_, branch

    def _references(self, key: int) -> dict[tuple[str, str], int | None]:
        kinds = {
            ("current", f"{key} {n}"): self.rng.choice(
                [SPRING, SPRING, SPRING, SPRING, SENSOR, SENSOR, SENSOR, AIM, None]
            )
            for n in range(4)
        }
        for (scheme, ref), kind in kinds.items():
            self._row(ManualReference, scheme=scheme, ref=ref, kind_id=kind, is_reviewed=True)
        return kinds

    def _repairs(self, models: list[int]) -> Iterator[tuple[int, world.Repair]]:
        for model in models:
            for kind, position in [(SPRING, "front"), (SPRING, "rear"), (SENSOR, ""), (SPRING, "")][
                : self.rng.randint(3, 4)
            ]:
                years = self.rng.choice([YEARS[:1], YEARS[:1], YEARS[:1], YEARS[1:3], YEARS[1:2], YEARS[3:5]])
                for year_from, year_to in years:
                    repair = world.Repair(
                        next(self.ids), kind, model, position,
                        self.rng.random() < 0.3, self.rng.random() < 0.2, year_from, year_to,
                    )  # fmt: skip
                    self._row(
                        Repair, id=repair.id, kind_id=kind, model_id=model, position=position, year_from=year_from,
                        year_to=year_to, needs_diagnostics=repair.needs_diagnostics,
                        needs_programming=repair.needs_programming,
                    )  # fmt: skip
                    yield repair.id, repair

    def _requirements(
        self, repairs: dict[int, world.Repair], parts: list[int]
    ) -> Iterator[tuple[int, world.Requirement]]:
        listed = []
        for repair in repairs:
            has_ranges = self.rng.random() < 0.5
            for _ in range(self.rng.choice([0, 1, 1, 2])):
                requirement = world.Requirement(next(self.ids), repair, by_vin=self.rng.random() < 0.2)
                quantity = self.rng.randint(1, 4)
                self._row(
                    Requirement, id=requirement.id, repair_id=repair, name="R", quantity=quantity,
                    by_vin=requirement.by_vin,
                )  # fmt: skip
                for part in self.rng.sample(parts, self.rng.randint(0, 3)):
                    serials = self.rng.choice(RANGES) if has_ranges else ("", "")
                    self._row(
                        RequirementPart, requirement_id=requirement.id, part_id=part,
                        serial_from=serials[0], serial_to=serials[1],
                    )  # fmt: skip
                    listed.append((requirement.id, part, quantity, *serials))
                yield requirement.id, requirement
        self.listed.append(listed)

    def _edge(self, parts: list[int]) -> tuple[int, int, dict[str, object]]:
        """A replacement in any direction: circles are offered, to be refused."""
        old, new = self.rng.sample(parts, 2)
        is_and = self.rng.random() < 0.5
        direction = "forward" if is_and else self.rng.choice(["forward", "full"])
        ratio = self.rng.choice([1, 1, 2, 5])
        return old, new, {"kind": "and" if is_and else "or", "ratio": ratio, "direction": direction}

    def _offers(self, branches: list[int], parts: list[int]) -> Iterator[world.Offer]:
        for branch in branches:
            for part in self.rng.sample(parts, self.rng.randint(1, 4)):
                availability = self.rng.choice([*Availability.values, "in_stock", "in_stock"])
                quantity = self.rng.choice([None, 0, 1, 2, 3, 4, 9])
                self._row(
                    Offer, branch_id=branch, part_id=part, availability=availability, quantity=quantity, changed_at=AT
                )
                yield world.Offer(branch, part, availability, quantity)

    def _overrides(self, parts: list[int], repairs: list[int]) -> Iterator[world.Override]:
        for _ in range(self.rng.choice([0, 0, 1, 2])):
            kind = self.rng.choice(Override.Kind.values)
            is_part = kind != Override.Kind.REPAIR_IMPOSSIBLE
            target = self.rng.choice(parts if is_part else repairs)
            regions, hours = self.rng.choice(REACHES), self.rng.choice([0, 5, 5])
            expires_at = AT + timedelta(hours=hours)
            self._row(
                Override, kind=kind, part_id=target if is_part else None, repair_id=None if is_part else target,
                regions=regions, reason="said so", created_at=AT, expires_at=expires_at,
            )  # fmt: skip
            yield world.Override(kind, target, regions, expires_at)

    def _vehicle(self, models: list[int]) -> tuple[int, world.Vehicle]:
        made = self.rng.choice([None, 2014, 2016, 2017, 2018, 2021])
        used = self.rng.choice([None, 2016, 2017])
        vehicle = world.Vehicle(
            next(self.ids),
            self.rng.choice([*models, *models, *models, None]),
            self.rng.choice(REGIONS),
            self.rng.choice(VINS),
            made or used,
        )
        self._row(
            Vehicle, id=vehicle.id, model_id=vehicle.model, region=vehicle.region, vin_last8=vehicle.vin,
            manufacture_year=made, first_used_on=date(used, 3, 1) if used else None,
        )  # fmt: skip
        return vehicle.id, vehicle

    def _defects(
        self, vehicles: dict[int, world.Vehicle], references: list[tuple[str, str]]
    ) -> Iterator[tuple[int, world.Defect]]:
        for vehicle in vehicles:
            test = self._row(MotTest, vehicle_id=vehicle, number=str(vehicle), completed_at=AT, result="failed")
            for position in range(self.rng.choice([0, 1, 1, 2, 3])):
                scheme, ref = self.rng.choice(references)
                defect = world.Defect(
                    next(self.ids),
                    vehicle,
                    scheme,
                    ref,
                    self.rng.choice(["front", "front", "rear", "rear", ""]),
                    self.rng.random() < 0.8,
                )
                self._row(
                    Defect, id=defect.id, vehicle_id=vehicle, test_id=test, position=position,
                    category="major" if defect.is_failing else "advisory", is_failing=defect.is_failing,
                    manual_scheme=scheme, manual_ref=ref, longitudinal=defect.longitudinal,
                )  # fmt: skip
                yield defect.id, defect


def _with_options(
    facts: World, listed: list[tuple[int, int, int, str, str]], edges: dict[tuple[int, int], dict[str, object]]
) -> World:
    """The world with what meets each requirement, as the plain rule of replacements says."""
    graph = [
        expansion.Edge(old, new, how["kind"] == "and", 0, int(str(how["ratio"])), how["direction"] == "full")
        for (old, new), how in edges.items()
    ]
    wanted: defaultdict[tuple[int, str, str], dict[int, int]] = defaultdict(dict)
    for requirement, part, quantity, *serials in listed:
        wanted[requirement, *serials][part] = quantity
    options, bundles = [], Counter[int]()
    for (requirement, *serials), quantities in wanted.items():
        alone, together = expansion.options(quantities, graph)
        options += [world.Option(requirement, part, quantity, None, *serials) for part, quantity in alone.items()]
        for way in together:
            bundles[requirement] += 1
            options += [world.Option(requirement, part, n, bundles[requirement], *serials) for part, n in way]
    return World(**{name: getattr(facts, name) for name in World.__slots__} | {"options": tuple(options)})


class Stored:
    """What the decision wrote, read once for all worlds."""

    def __init__(self) -> None:
        self.splits: defaultdict[int, list[str]] = defaultdict(list)
        for repair, start in RepairSplit.objects.order_by("repair", "number").values_list("repair", "starts_at"):
            self.splits[repair].append(start)
        self.readiness = {
            row[:2]: rules.Readiness(row[2], row[3], rules.Masks(*row[4:7]), *row[7:])
            for row in Readiness.objects.values_list(
                "repair", "split", "ready", "possible", "parts_ready", "parts_possible", "parts_stocked", "identify",
                "diagnostics", "programming",
            )
        }  # fmt: skip
        self.needs = {
            row[0]: row[1:]
            for row in RepairNeed.objects.values_list(
                "defect", "vehicle", "repair", "region", "is_failing", "needs_nothing", "split"
            )
        }
        self.demand = dict(PartDemand.objects.values_list("part", "vehicles"))
        self.statuses = {row[0]: row[1:] for row in RepairStatus.objects.values_list("vehicle", "status", "reasons")}

    def differences(self, facts: World, expected: Decisions) -> list[str]:
        """What is stored of a world otherwise than expected."""
        pairs = {
            "splits": ({r: self.splits[r] for r in facts.repairs if r in self.splits}, expected.splits),
            "readiness": ({k: v for k, v in self.readiness.items() if k[0] in facts.repairs}, expected.readiness),
            "needs": ({d: self.needs[d] for d in facts.defects if d in self.needs}, expected.needs),
            "demand": ({p: self.demand[p] for p in facts.parts if p in self.demand}, expected.demand),
            "statuses": (
                {v: self.statuses[v] for v in facts.vehicles if v in self.statuses},
                {v: status for v, status in expected.statuses.items() if status.reasons},
            ),
        }
        return [
            f"{name} {key}: stored {stored.get(key)}, by the rules {wanted.get(key)}"
            for name, (stored, wanted) in pairs.items()
            for key in {*stored, *wanted}
            if stored.get(key) != wanted.get(key)
        ]
