from datetime import timedelta

import pytest

from garagehub.lib.geography import ALL_REGIONS, mask
from parts.blocking import decide as engine
from parts.blocking.decide import count_blocked, decide, drain
from parts.blocking.models import (
    BlockChange,
    EngineClock,
    Override,
    PartAvailability,
    Reason,
    RepairNeed,
    RepairStatus,
)
from parts.blocking.verify import verify
from parts.catalogue.models import ManualReference, Repair, RepairKind
from parts.marks.marks import Mark, mark
from parts.marks.models import Dirty
from parts.stock.models import Availability, Supplier
from parts.vehicles.models import Defect, Vehicle
from tests.parts.blocking.builders import AT, failed_vehicle, mend, restock, sell_out, set_status, town

pytestmark = pytest.mark.django_db


def status(vehicle):
    """The stored verdict and reasons of a vehicle; None when no row says otherwise than repairable or nothing to do."""
    stored = RepairStatus.objects.filter(vehicle=vehicle).first()
    return stored and (stored.status, Reason(stored.reasons))


def changes(vehicle):
    return list(BlockChange.objects.filter(vehicle=vehicle).order_by("id").values_list("old", "new"))


def test_a_car_whose_part_is_in_stock_has_no_row_and_is_repairable():
    here = town()

    decide(at=AT)

    assert status(here.vehicle) is None
    assert changes(here.vehicle) == [("no_repair_needed", "repairable")]


def test_the_first_decision_is_full_and_a_blocked_car_is_news():
    here = town()
    sell_out(here.offer)

    counts = decide(at=AT)

    assert counts.is_full
    assert counts.blocked == counts.newly_blocked == count_blocked() == 1
    assert status(here.vehicle) == ("blocked", Reason.PART_UNAVAILABLE)
    assert changes(here.vehicle) == [("no_repair_needed", "blocked")]


def test_a_part_sold_out_blocks_and_a_part_restocked_frees():
    here = town()
    decide(at=AT)

    sell_out(here.offer)
    [sold, idle] = drain(at=AT + timedelta(minutes=1))
    restock(here.offer)
    [restocked, _] = drain(at=AT + timedelta(minutes=2))

    assert (sold.parts, sold.repairs, sold.vehicles, sold.changed, sold.newly_blocked) == (1, 1, 1, 1, 1)
    assert idle.marks == idle.changed == 0
    assert restocked.released == 1
    assert changes(here.vehicle)[1:] == [("repairable", "blocked"), ("blocked", "repairable")]
    assert status(here.vehicle) is None


def test_too_few_at_one_branch_is_not_enough():
    here = town()
    decide(at=AT)

    restock(here.offer, quantity=1)
    drain(at=AT)

    assert status(here.vehicle) == ("blocked", Reason.PART_UNAVAILABLE)


def test_ordering_down_at_the_dealer_is_seen_without_a_mark():
    here = town()
    decide(at=AT)

    set_status(here.dealer, "parts_ordering", "down")
    drain(at=AT)

    assert status(here.vehicle) == ("blocked", Reason.CANNOT_ORDER)


def test_a_source_going_stale_is_unknown_and_never_blocked():
    here = town()
    sell_out(here.offer)
    decide(at=AT)
    assert status(here.vehicle) == ("blocked", Reason.PART_UNAVAILABLE)

    drain(at=AT + timedelta(hours=1))

    assert status(here.vehicle) == ("unknown", Reason.AVAILABILITY_UNKNOWN)


def test_a_part_only_a_dead_source_could_have_is_unknown_beside_a_fresh_source_without_it():
    here = town()
    other = Supplier.objects.create(code="other", name="Other", confirmed_at=AT + timedelta(days=1))
    other.brands.set(here.supplier.brands.all())

    decide(at=AT + timedelta(days=1))

    assert status(here.vehicle) == ("unknown", Reason.AVAILABILITY_UNKNOWN)


def test_a_part_no_fresh_source_lists_is_unavailable():
    here = town()
    decide(at=AT)

    mark(Mark.PART, [here.part.pk])
    here.offer.delete()
    drain(at=AT)

    assert status(here.vehicle) == ("blocked", Reason.PART_UNAVAILABLE)


def test_diagnostics_down_blocks_only_repairs_that_need_them():
    here = town()
    decide(at=AT)
    set_status(here.dealer, "diagnostics", "down")
    drain(at=AT)
    assert status(here.vehicle) is None

    Repair.objects.filter(pk=here.repair.pk).update(needs_diagnostics=True)
    mark(Mark.REPAIR, [here.repair.pk])
    drain(at=AT)

    assert status(here.vehicle) == ("blocked", Reason.NO_DIAGNOSTICS)


def test_degraded_diagnostics_do_not_block():
    here = town()
    Repair.objects.filter(pk=here.repair.pk).update(needs_diagnostics=True)
    set_status(here.dealer, "diagnostics", "degraded")

    decide(at=AT)

    assert status(here.vehicle) is None


def test_a_part_that_lies_too_far_away_is_not_in_region():
    here = town()
    here.branch.reach = mask(0)
    here.branch.save()

    decide(at=AT)

    assert status(here.vehicle) == ("blocked", Reason.PART_NOT_IN_REGION)


def test_moving_the_car_to_where_the_part_is_frees_it():
    here = town()
    here.branch.reach = mask(0)
    here.branch.save()
    decide(at=AT)

    Vehicle.objects.filter(pk=here.vehicle.pk).update(region=0)
    mark(Mark.VEHICLE, [here.vehicle.pk])
    drain(at=AT)

    assert status(here.vehicle) is None


def test_a_defect_nobody_can_map_is_unknown_until_somebody_maps_it():
    here = town()
    vehicle, _ = failed_vehicle(here.model, registration="AB92CDE", ref="99.9")
    decide(at=AT)
    assert status(vehicle) == ("unknown", Reason.REPAIR_UNKNOWN)

    reference = ManualReference.objects.get(ref="99.9")
    reference.kind = RepairKind.objects.get(slug="coil-spring")
    reference.save()
    mark(Mark.MANUAL_REFERENCE, [reference.pk])
    drain(at=AT)

    assert status(vehicle) is None


def test_a_reference_never_met_before_is_noted_by_the_drain_that_meets_it():
    here = town()
    decide(at=AT)

    vehicle, _ = failed_vehicle(here.model, registration="AB92CDE", ref="99.8")
    mark(Mark.VEHICLE, [vehicle.pk])
    drain(at=AT)

    assert ManualReference.objects.filter(scheme="current", ref="99.8").exists()
    assert not Dirty.objects.exists()


def test_a_repair_that_needs_nothing_leaves_the_car_repairable():
    here = town()
    kind = RepairKind.objects.create(slug="aim", name="Aim headlamp", needs_nothing=True)
    ManualReference.objects.create(scheme="current", ref="4.1.2", kind=kind)
    vehicle, _ = failed_vehicle(here.model, registration="AB92CDE", ref="4.1.2")

    decide(at=AT)

    assert status(vehicle) is None
    assert changes(vehicle) == [("no_repair_needed", "repairable")]


def test_a_repair_first_entered_is_found_for_the_cars_that_wait_for_it():
    here = town()
    Repair.objects.filter(pk=here.repair.pk).update(position="rear")
    decide(at=AT)
    assert status(here.vehicle) == ("unknown", Reason.REPAIR_UNKNOWN)

    repair = Repair.objects.create(kind=here.repair.kind, model=here.model, position="front")
    mark(Mark.REPAIR, [repair.pk])
    drain(at=AT)

    assert status(here.vehicle) is None


def test_an_advisory_never_blocks_and_its_repair_is_known_to_those_who_ask():
    here = town()
    vehicle, _ = failed_vehicle(here.model, registration="AB92CDE", is_failing=False)
    sell_out(here.offer)

    decide(at=AT)

    assert status(vehicle) is None
    assert changes(vehicle) == []
    assert RepairNeed.objects.get(vehicle=vehicle).repair == here.repair


def test_an_advisory_that_comes_or_goes_touches_no_status():
    here = town()
    sell_out(here.offer)
    decide(at=AT)
    vehicle, _ = failed_vehicle(here.model, registration="AB92CDE", is_failing=False)
    mark(Mark.VEHICLE, [vehicle.pk])

    (counts, *_) = drain(at=AT)

    assert (counts.needs, counts.vehicles, counts.changed) == (1, 0, 0)
    assert status(vehicle) is None


def test_a_pass_frees_a_blocked_car():
    here = town()
    sell_out(here.offer)
    decide(at=AT)

    mend(here.vehicle)
    drain(at=AT + timedelta(minutes=1))

    assert changes(here.vehicle)[-1] == ("blocked", "no_repair_needed")
    assert status(here.vehicle) is None


def test_a_pass_of_a_repairable_car_is_a_change_though_no_row_was_stored():
    here = town()
    decide(at=AT)

    mend(here.vehicle)
    drain(at=AT + timedelta(minutes=1))

    assert changes(here.vehicle)[-1] == ("repairable", "no_repair_needed")


def test_since_is_when_the_verdict_changed_not_its_reasons():
    here = town()
    set_status(here.dealer, "parts_ordering", "down")
    decide(at=AT)

    sell_out(here.offer)
    drain(at=AT + timedelta(minutes=9))

    stored = RepairStatus.objects.get(vehicle=here.vehicle)
    assert Reason(stored.reasons) == Reason.PART_UNAVAILABLE
    assert stored.since == AT
    assert len(changes(here.vehicle)) == 1


def test_a_car_off_the_road_by_choice_is_decided_but_not_counted():
    here = town()
    sell_out(here.offer)
    Vehicle.objects.filter(pk=here.vehicle.pk).update(is_sorn=True)

    counts = decide(at=AT)

    assert status(here.vehicle) == ("blocked", Reason.PART_UNAVAILABLE)
    assert counts.blocked == 0


def test_an_admins_word_holds_until_its_hour_and_ends_without_a_mark():
    here = town()
    decide(at=AT)
    Override.objects.create(
        kind="repair_impossible",
        repair=here.repair,
        regions=ALL_REGIONS,
        reason="Recalled",
        created_at=AT,
        expires_at=AT + timedelta(minutes=30),
    )
    mark(Mark.REPAIR, [here.repair.pk])

    drain(at=AT + timedelta(minutes=29))
    assert status(here.vehicle) == ("blocked", Reason.PART_UNAVAILABLE)
    drain(at=AT + timedelta(minutes=30))
    assert status(here.vehicle) is None


def test_an_admins_no_beats_a_brand_nobody_covers():
    here = town()
    here.supplier.brands.clear()
    here.offer.delete()
    Override.objects.create(
        kind="part_unobtainable",
        part=here.part,
        regions=mask(*range(12)),
        reason="Withdrawn",
        created_at=AT,
        expires_at=AT + timedelta(days=1),
    )

    decide(at=AT)

    assert status(here.vehicle) == ("blocked", Reason.PART_UNAVAILABLE)


def test_time_never_runs_backwards():
    here = town()
    decide(at=AT + timedelta(hours=2))
    assert status(here.vehicle) == ("unknown", Reason.AVAILABILITY_UNKNOWN)

    decide(at=AT)

    assert EngineClock.objects.get().now == AT + timedelta(hours=2)
    assert status(here.vehicle) == ("unknown", Reason.AVAILABILITY_UNKNOWN)


def test_deciding_again_writes_nothing():
    town()
    decide(at=AT)

    counts = decide(at=AT, full=True)

    assert (counts.parts, counts.repairs, counts.needs, counts.changed) == (0, 0, 0, 0)
    assert BlockChange.objects.count() == 1


def test_every_stored_availability_is_a_word_the_decision_knows():
    here = town()

    for word in Availability.values:
        here.offer.availability = word
        here.offer.save()
        mark(Mark.PART, [here.part.pk])
        decide(at=AT)
        assert PartAvailability.objects.filter(part=here.part, ready__gt=0).exists() == (
            word in {"in_stock", "limited"}
        )


def test_a_branch_taken_away_takes_its_stock_with_it():
    here = town()
    decide(at=AT)

    here.branch.delete()
    drain(at=AT)

    assert status(here.vehicle) == ("blocked", Reason.PART_UNAVAILABLE)
    assert verify(at=AT)["differences"] == 0


def test_needs_that_were_lost_are_found_by_a_full_decision():
    here = town()
    sell_out(here.offer)
    decide(at=AT)

    RepairNeed.objects.all().delete()
    decide(at=AT, full=True)

    assert RepairNeed.objects.count() == 1
    assert status(here.vehicle) == ("blocked", Reason.PART_UNAVAILABLE)


def test_needs_that_say_something_else_are_found_by_a_rebuild():
    town()
    decide(at=AT)
    RepairNeed.objects.update(region=0)
    assert verify(at=AT)["needs"] == 1

    assert decide(at=AT, rebuild=True).needs == 1

    assert verify(at=AT)["differences"] == 0


def test_marks_in_great_number_become_a_full_decision(monkeypatch):
    here = town()
    decide(at=AT)
    monkeypatch.setattr(engine, "MARKS_LIMIT", 2)

    mark(Mark.PART, [here.part.pk] * 9)
    assert not decide(at=AT).is_full
    mark(Mark.PART, [1, 2, 3])
    assert decide(at=AT).is_full


def test_verify_counts_what_is_wrong_and_changes_nothing():
    here = town()
    decide(at=AT)
    PartAvailability.objects.filter(part=here.part).update(ready=0)
    RepairStatus.objects.create(vehicle=here.vehicle, status="blocked", reasons=1, since=AT)

    found = verify(at=AT)

    assert (found["availability"], found["readiness"], found["statuses"]) == (1, 1, 1)
    assert found["differences"] == 3
    assert RepairStatus.objects.count() == 1


def test_verify_tells_changes_nobody_has_taken_yet():
    here = town()
    decide(at=AT)

    sell_out(here.offer)

    assert verify(at=AT)["pending"] == 1
    assert verify(at=AT)["availability"] == 1


def test_a_defect_can_be_replaced_before_its_need_is():
    here = town()
    decide(at=AT)

    Defect.objects.filter(vehicle=here.vehicle).delete()

    assert RepairNeed.objects.count() == 1
