"""Small random worlds in the database, the events that change them, and what must hold of them afterwards."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from random import Random

from django.db import transaction
from django.db.models import Q

from dealers.models import Dealer, Make, State, Status, System
from garagehub.lib.geography import ALL_REGIONS, UK, mask
from parts.blocking import facts, rules
from parts.blocking.models import (
    BlockChange,
    BranchReach,
    BrandCover,
    EngineClock,
    MakeReach,
    Override,
    PartAvailability,
    PartDemand,
    Readiness,
    RepairNeed,
    RepairStatus,
)
from parts.blocking.specification import decide as specify
from parts.blocking.world import World
from parts.catalogue.models import (
    Brand,
    ManualReference,
    Part,
    Repair,
    RepairKind,
    Requirement,
    RequirementPart,
    Supersession,
)
from parts.marks.marks import Mark, mark
from parts.stock.models import Availability, Branch, Offer, Supplier
from parts.vehicles.models import Defect, MotTest, Vehicle, VehicleModel

START = datetime(2026, 9, 1, 8, tzinfo=UTC)
REFS = [("current", "9.1.1 (a)"), ("current", "9.1.2 (b)"), ("old", "9.1.1"), ("", ""), ("current", "9.9")]
# Few regions, so that they meet: a neighbour pair, an island, and "place not known".
REGIONS = [0, 1, 11, UK]
VINS = ["", "EH000001", "EH500000", "FH000001"]
RANGES = [("", ""), ("", ""), ("", "EH499999"), ("EH500000", "EH999999"), ("EH500000", "")]


def whole_world() -> World:
    """Every fact in the database."""
    everything = Q()
    return facts._gather(
        vehicles=everything,
        repairs=everything,
        parts=everything,
        branches=everything,
        dealers=everything,
        makes=everything,
    )


class RandomWorld:
    """A world in the database, drawn from `rng`, with its clock. Every event marks what its real writer would mark."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.at = START
        self._numbers = count(1)
        self.brands = [Brand.objects.create(name=f"Brand {n}", slug=f"brand-{n}") for n in range(2)]
        self.makes = [Make.objects.create(name=f"MAKE {n}", slug=f"make-{n}") for n in range(2)]
        self.models = [VehicleModel.objects.create(make=rng.choice(self.makes), name=f"M{n}") for n in range(2)]
        self.suppliers = [Supplier.objects.create(code=f"s{n}", name=f"S{n}") for n in range(3)]
        self.dealers = [self._dealer(n) for n in range(4)]
        self.branches = [self._branch(n) for n in range(5)]
        self.parts = [Part.objects.create(brand=rng.choice(self.brands)) for _ in range(6)]
        self.kinds = [
            RepairKind.objects.create(slug="front-spring", name="Spring", position_by="axle"),
            RepairKind.objects.create(slug="sensor", name="Sensor"),
            RepairKind.objects.create(slug="aim", name="Aim", needs_nothing=True),
        ]
        self.references = [
            ManualReference.objects.create(scheme=scheme, ref=ref, kind=rng.choice([*self.kinds, None]))
            for scheme, ref in REFS[:3]
        ]
        for supplier in self.suppliers:
            supplier.brands.set(rng.sample(self.brands, rng.randint(0, 2)))
        for _ in range(4):
            self.add_repair()
        for _ in range(14):
            self.change_offer()
        for _ in range(5):
            self.add_vehicle()
        for _ in range(3):
            self.confirm_supplier()
            self.change_status()
        self.replace_part()

    def _dealer(self, n: int) -> Dealer:
        dealer = Dealer.objects.create(code=f"D000{n}", slug=f"d{n}", name=f"D{n}", region=self.rng.choice(REGIONS))
        dealer.makes.set(self.rng.sample(self.makes, self.rng.randint(0, 2)))
        return dealer

    def _branch(self, n: int) -> Branch:
        return Branch.objects.create(
            supplier=self.rng.choice(self.suppliers),
            code=f"b{n}",
            dealer=self.rng.choice([*self.dealers, None]),
            tier=self.rng.choice(Branch.Tier.values),
            reach=self.rng.choice([ALL_REGIONS, mask(0), mask(1, 11), mask(0, 1), 0]),
        )

    def happen(self) -> str:
        """Let one thing happen, in a transaction of its own; its name."""
        event = self.rng.choice(
            [
                self.change_offer,
                self.change_offer,
                self.remove_offer,
                self.confirm_supplier,
                self.list_brands,
                self.change_status,
                self.change_status,
                self.change_branch,
                self.close_or_open_dealer,
                self.test_vehicle,
                self.test_vehicle,
                self.add_vehicle,
                self.move_vehicle,
                self.enter_vin,
                self.add_repair,
                self.change_repair,
                self.remove_repair,
                self.remove_requirement,
                self.add_or_remove_option,
                self.map_reference,
                self.say_a_word,
                self.take_a_word_back,
                self.replace_part,
                self.remove_branch,
                self.pass_time,
            ]
        )
        with transaction.atomic():
            event()
        return event.__name__

    def _any(self, model):
        keys = list(model.objects.order_by("pk").values_list("pk", flat=True))
        return model.objects.get(pk=self.rng.choice(keys)) if keys else None

    def change_offer(self) -> None:
        if not self.branches:
            return
        part = self.rng.choice(self.parts)
        Offer.objects.update_or_create(
            branch=self.rng.choice(self.branches),
            part=part,
            defaults={
                "availability": self.rng.choice([*Availability.values, "in_stock", "in_stock"]),
                "quantity": self.rng.choice([None, 0, 1, 2, 3, 4, 9]),
                "changed_at": self.at,
            },
        )
        self._mark(Mark.PART, part.pk)

    def remove_offer(self) -> None:
        if offer := self._any(Offer):
            self._mark(Mark.PART, offer.part_id)
            offer.delete()

    def confirm_supplier(self) -> None:
        supplier = self.rng.choice(self.suppliers)
        supplier.confirmed_at = self.rng.choice([self.at, self.at, self.at - timedelta(minutes=50), None])
        supplier.save()

    def list_brands(self) -> None:
        self.rng.choice(self.suppliers).brands.set(self.rng.sample(self.brands, self.rng.randint(0, 2)))

    def change_status(self) -> None:
        Status.objects.update_or_create(
            dealer=self.rng.choice(self.dealers),
            system=self.rng.choice(System.values),
            defaults={
                "state": self.rng.choice([*State.values, "down", "down"]),
                "since": self.at,
                "decided_at": self.at,
            },
        )

    def change_branch(self) -> None:
        if self.branches:
            branch = self.rng.choice(self.branches)
            branch.tier = self.rng.choice(Branch.Tier.values)
            branch.reach = self.rng.choice([ALL_REGIONS, mask(0), mask(1), 0])
            branch.save()

    def remove_branch(self) -> None:
        if len(self.branches) > 3:
            self.branches.pop().delete()

    def close_or_open_dealer(self) -> None:
        dealer = self.rng.choice(self.dealers)
        dealer.is_active = not dealer.is_active
        dealer.save()

    def add_vehicle(self) -> None:
        vehicle = Vehicle.objects.create(
            model=self.rng.choice([*self.models, *self.models, None]),
            region=self.rng.choice(REGIONS),
            vin_last8=self.rng.choice(VINS),
            manufacture_year=self.rng.choice([2016, 2017, None]),
        )
        self._test(vehicle)

    def test_vehicle(self) -> None:
        if vehicle := self._any(Vehicle):
            self._test(vehicle)

    def _test(self, vehicle: Vehicle) -> None:
        Defect.objects.filter(vehicle=vehicle).delete()
        MotTest.objects.filter(vehicle=vehicle).delete()
        test = MotTest.objects.create(
            vehicle=vehicle, number=str(next(self._numbers)), completed_at=self.at, result="failed"
        )
        for position in range(self.rng.randint(0, 3)):
            scheme, ref = self.rng.choice(REFS)
            is_failing = self.rng.random() < 0.7
            Defect.objects.create(
                vehicle=vehicle,
                test=test,
                position=position,
                category="major" if is_failing else "advisory",
                is_failing=is_failing,
                manual_scheme=scheme,
                manual_ref=ref,
                longitudinal=self.rng.choice(["front", "rear", ""]),
            )
        vehicle.open_fails = Defect.objects.filter(vehicle=vehicle, is_failing=True).count()
        vehicle.save()
        self._mark(Mark.VEHICLE, vehicle.pk)

    def move_vehicle(self) -> None:
        if vehicle := self._any(Vehicle):
            vehicle.region = self.rng.choice(REGIONS)
            vehicle.save()
            self._mark(Mark.VEHICLE, vehicle.pk)

    def enter_vin(self) -> None:
        if vehicle := self._any(Vehicle):
            vehicle.vin_last8 = self.rng.choice(VINS)
            vehicle.manufacture_year = self.rng.choice([2016, 2017, None])
            vehicle.save()
            self._mark(Mark.VEHICLE, vehicle.pk)

    def add_repair(self) -> None:
        kind, model = self.rng.choice(self.kinds), self.rng.choice(self.models)
        # Of all years, or of those on one side of 2017; which of the two is the model's own, so that none overlap.
        years = self.rng.choice([(None, 2016), (2017, None)]) if model == self.models[0] else (None, None)
        repair, is_new = Repair.objects.get_or_create(
            kind=kind,
            model=model,
            position=self.rng.choice(["", "front", "rear"]),
            year_from=years[0],
            defaults={
                "year_to": years[1],
                "needs_diagnostics": self.rng.random() < 0.3,
                "needs_programming": self.rng.random() < 0.3,
            },
        )
        if is_new:
            for n in range(self.rng.randint(0, 2)):
                requirement = Requirement.objects.create(
                    repair=repair, name=f"R{n}", quantity=self.rng.randint(1, 4), by_vin=self.rng.random() < 0.3
                )
                for part in self.rng.sample(self.parts, self.rng.randint(0, 3)):
                    self._list(requirement, part)
        self._mark(Mark.REPAIR, repair.pk)

    def _list(self, requirement: Requirement, part: Part) -> None:
        serial_from, serial_to = self.rng.choice(RANGES)
        RequirementPart.objects.create(requirement=requirement, part=part, serial_from=serial_from, serial_to=serial_to)

    def change_repair(self) -> None:
        if repair := self._any(Repair):
            repair.needs_diagnostics = not repair.needs_diagnostics
            repair.save()
            self._mark(Mark.REPAIR, repair.pk)

    def remove_repair(self) -> None:
        if repair := self._any(Repair):
            self._mark(Mark.REPAIR, repair.pk)
            repair.delete()

    def remove_requirement(self) -> None:
        if requirement := self._any(Requirement):
            self._mark(Mark.REPAIR, requirement.repair_id)
            requirement.delete()

    def add_or_remove_option(self) -> None:
        if requirement := self._any(Requirement):
            part = self.rng.choice(self.parts)
            deleted, _ = RequirementPart.objects.filter(requirement=requirement, part=part).delete()
            if not deleted:
                self._list(requirement, part)
            self._mark(Mark.REPAIR, requirement.repair_id)

    def replace_part(self) -> None:
        """A later part, or two later parts together, replace an earlier one."""
        old, *new = sorted(self.rng.sample(self.parts, 3), key=lambda part: part.pk)
        Supersession.objects.filter(old=old).delete()
        kind = self.rng.choice(Supersession.Kind.values)
        for part in new:
            Supersession.objects.create(old=old, new=part, kind=kind, ratio=self.rng.choice([1, 1, 2, 5]))
        mark(Mark.REPAIR, Repair.objects.values_list("pk", flat=True))

    def map_reference(self) -> None:
        reference = self.rng.choice(self.references)
        reference.kind = self.rng.choice([*self.kinds, None])
        reference.save()
        self._mark(Mark.MANUAL_REFERENCE, reference.pk)

    def say_a_word(self) -> None:
        kind = self.rng.choice(Override.Kind.values)
        repair = self._any(Repair) if kind == Override.Kind.REPAIR_IMPOSSIBLE else None
        part = self.rng.choice(self.parts) if kind != Override.Kind.REPAIR_IMPOSSIBLE else None
        if repair or part:
            override = Override.objects.create(
                kind=kind,
                part=part,
                repair=repair,
                regions=self.rng.choice([ALL_REGIONS, mask(0), mask(1, 11), 0]),
                reason="said so",
                created_at=self.at,
                expires_at=self.at + timedelta(minutes=self.rng.choice([-5, 20, 90])),
            )
            self._mark_word(override)

    def take_a_word_back(self) -> None:
        if override := self._any(Override):
            self._mark_word(override)
            override.delete()

    def pass_time(self) -> None:
        self.at += timedelta(minutes=self.rng.choice([1, 15, 70]))

    def _mark_word(self, override: Override) -> None:
        if override.part_id:
            self._mark(Mark.PART, override.part_id)
        elif override.repair_id:
            self._mark(Mark.REPAIR, override.repair_id)

    def _mark(self, kind: Mark, key: int) -> None:
        mark(kind, [key])


def check_against_rules() -> None:
    """Every stored row is what the rules say of the facts at the time of the last run."""
    now = EngineClock.objects.get().now
    expected = specify(whole_world(), at=now)
    assert {
        row[0]: row[1:] for row in BranchReach.objects.values_list("branch", "ready", "possible", "stocked")
    } == expected.branch_reach
    assert dict(BrandCover.objects.values_list("brand", "is_covered")) == expected.brand_cover
    assert {
        row[0]: row[1:] for row in MakeReach.objects.values_list("make", "catalogue", "diagnostics", "programming")
    } == expected.make_reach
    assert {
        row[0]: row[1:]
        for row in PartAvailability.objects.values_list("part", "ready", "possible", "stocked", "barred")
    } == {
        part: row
        for part, (tiers, barred) in expected.availability.items()
        if any(row := (*(rules.pack(column) for column in zip(*tiers, strict=True)), barred))
    }
    assert {
        row[:2]: (row[2], row[3], row[4:7], *row[7:])
        for row in Readiness.objects.values_list(
            "repair", "split", "ready", "possible", "parts_ready", "parts_possible", "parts_stocked", "identify", "diagnostics",
            "programming",
        )
    } == expected.readiness  # fmt: skip
    assert {
        row[0]: row[1:]
        for row in RepairNeed.objects.values_list(
            "defect", "vehicle", "repair", "region", "is_failing", "needs_nothing", "split"
        )
    } == expected.needs
    assert dict(PartDemand.objects.values_list("part", "vehicles")) == expected.demand
    assert {row[0]: row[1:] for row in RepairStatus.objects.values_list("vehicle", "status", "reasons")} == {
        vehicle: status for vehicle, status in expected.statuses.items() if status.reasons
    }
    _check_history({vehicle: status.verdict for vehicle, status in expected.statuses.items()})


def _check_history(verdicts: dict[int, str]) -> None:
    """The changes of each vehicle lead without a gap from nothing to repair to what holds now."""
    history = defaultdict(list)
    for change in BlockChange.objects.order_by("at", "id"):
        history[change.vehicle_id].append(change)
    for vehicle, verdict in verdicts.items():
        changes = history[vehicle]
        assert (changes[0].old if changes else "no_repair_needed") == "no_repair_needed"
        assert all(earlier.new == later.old for earlier, later in pairwise(changes))
        assert all(change.old != change.new for change in changes)
        assert (changes[-1].new if changes else "no_repair_needed") == verdict
        if changes and (stored := RepairStatus.objects.filter(vehicle=vehicle).first()):
            assert stored.since == changes[-1].at
