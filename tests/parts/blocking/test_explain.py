import json
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from garagehub.lib.errors import NotFoundError
from garagehub.lib.geography import mask
from parts.blocking import telling
from parts.blocking.decide import decide
from parts.blocking.explain import explain
from parts.blocking.models import RepairStatus
from parts.catalogue.models import Part, PartNumber, Repair, RequirementPart
from parts.stock.models import Branch
from parts.vehicles.models import Defect, Vehicle
from tests.parts.blocking.builders import AT, LONDON, sell_out, set_status, town
from tests.worker_process import CHECKOUT, database_environment

pytestmark = pytest.mark.django_db


def told(**options):
    return "\n".join(telling.lines(explain("AB91CDE", at=AT, **options)))


def test_a_blocked_car_is_explained_from_the_defect_down_to_the_offer():
    here = town()
    sell_out(here.offer)
    decide(at=AT)

    found = explain("AB91CDE", at=AT)

    [defect] = found.defects
    [requirement] = defect.requirements
    [option] = requirement.options
    [offer] = option.offers
    assert (found.verdict, found.stored, found.reasons) == ("blocked", "blocked", ["part_unavailable"])
    assert found.since == AT
    assert defect.repair == "Coil spring front"
    assert (option.part_number, option.state, offer.counts) == ("LR 012345", "no", "no")
    assert (offer.supplier, offer.availability, offer.freshness) == ("Central Parts", "out_of_stock", "fresh")
    assert found.would_free == ["Land Rover LR 012345 in stock with someone who delivers here"]


def test_what_would_free_a_car_names_the_system_whose_return_would():
    here = town()
    set_status(here.dealer, "parts_ordering", "down")
    decide(at=AT)

    found = explain("AB91CDE", at=AT)

    assert found.reasons == ["cannot_order"]
    assert "Parts ordering working again at Thames Cars" in found.would_free
    assert found.defects[0].requirements[0].options[0].offers[0].counts == "cannot be ordered"


def test_a_source_that_went_quiet_would_free_it_by_answering():
    town()
    decide(at=AT)

    later = explain("AB91CDE", at=AT + timedelta(days=1))

    assert later.verdict == "unknown"
    assert "Central Parts answering again, with the data it last sent" in later.would_free


def test_two_things_in_the_way_are_not_freed_by_one():
    here = town()
    sell_out(here.offer)
    here.repair.needs_diagnostics = True
    here.repair.save()
    set_status(here.dealer, "diagnostics", "down")
    decide(at=AT)

    found = explain("AB91CDE", at=AT)

    assert found.reasons == ["part_unavailable", "no_diagnostics"]
    assert found.would_free == []
    assert "No single change would free it." in told()
    assert "needs diagnostics: not reached; not down at 0 of 1 dealers of the make" in told()


def test_a_car_can_be_explained_as_if_it_were_kept_elsewhere():
    here = town()
    Branch.objects.filter(pk=here.branch.pk).update(reach=mask(LONDON))
    decide(at=AT)

    assert explain("AB91CDE", at=AT).verdict == "repairable"
    elsewhere = explain("AB91CDE", at=AT, region=11)
    assert elsewhere.reasons == ["part_not_in_region"]
    assert elsewhere.defects[0].requirements[0].options[0].offers[0].counts == "not delivered here"


def test_a_stored_decision_that_is_behind_is_said_to_be():
    here = town()
    decide(at=AT)
    RepairStatus.objects.create(vehicle=here.vehicle, status="blocked", reasons=1, since=AT)

    text = told()

    assert "In London: repairable" in text
    assert "stored by the last decision: blocked, to be decided again" in text


def test_a_plate_nobody_knows_is_an_error_to_be_shown():
    with pytest.raises(NotFoundError):
        explain("AB99ZZZ", at=AT)


def test_the_command_prints_text_and_then_one_line_of_json(capsys):
    here = town()
    sell_out(here.offer)

    call_command("why", "ab91 cde", region="london")

    *text, last = capsys.readouterr().out.strip().splitlines()
    assert text[0].startswith("In London: ")
    assert json.loads(last)["defects"][0]["repair"] == "Coil spring front"
    assert "AB91CDE" not in last


@pytest.mark.parametrize("plate", ["AB99ZZZ", "!!"])
def test_the_command_says_what_is_wrong_with_a_plate(plate):
    with pytest.raises(CommandError):
        call_command("why", plate)


def test_the_decide_command_reports_no_differences(capsys):
    town()

    call_command("decide", verify=True)
    call_command("decide", full=True, verify=True)

    for line in capsys.readouterr().out.strip().splitlines():
        assert json.loads(line)["differences"] == 0


def test_explaining_a_car_asks_a_fixed_number_of_questions(django_assert_max_num_queries):
    here = town()
    sell_out(here.offer)

    with django_assert_max_num_queries(40):
        explain("AB91CDE", at=AT)


def test_a_part_that_differs_by_chassis_says_that_it_needs_the_vin_and_which_would_free_it():
    here = town()
    later = Part.objects.create(brand=here.part.brand, description="Coil spring, front")
    PartNumber.objects.create(part=later, brand=later.brand, raw="LR 012346", norm="LR012346")
    RequirementPart.objects.update(serial_to="EH499999")
    RequirementPart.objects.create(requirement=here.requirement, part=later, serial_from="EH500000")
    decide(at=AT, full=True)

    found = explain("AB91CDE", at=AT)

    assert (found.verdict, found.stored, found.reasons) == ("unknown", "unknown", ["availability_unknown"])
    [defect] = found.defects
    assert defect.needs_vin
    assert [(option.part_number, option.fits) for option in defect.requirements[0].options] == [
        ("LR 012345", "up to chassis EH499999"),
        ("LR 012346", "from chassis EH500000"),
    ]
    assert found.would_free == [
        "Land Rover LR 012346 in stock with someone who delivers here",
        "the VIN being known, if it is before EH500000",
    ]
    assert "needs the VIN: which parts fit depends on the chassis number, and nobody has entered it" in told()

    Vehicle.objects.update(vin_last8="FH000001")
    known = explain("AB91CDE", at=AT)
    assert (known.verdict, known.reasons) == ("blocked", ["part_unavailable"])
    assert [option.part_number for option in known.defects[0].requirements[0].options] == ["LR 012346"]


def test_a_repair_that_differs_by_year_says_so_of_a_car_whose_year_is_not_known():
    here = town()
    Repair.objects.update(year_to=2016)
    decide(at=AT, full=True, rebuild=True)

    found = explain("AB91CDE", at=AT)

    assert found.reasons == ["repair_unknown"]
    assert found.defects[0].repair == "not known: it differs by year (up to 2016), and the car is of a year not known"
    assert "its year being known, if that is up to 2016" in found.would_free

    Vehicle.objects.filter(pk=here.vehicle.pk).update(manufacture_year=2016)
    assert explain("AB91CDE", at=AT).verdict == "repairable"


def test_a_failure_nobody_has_mapped_would_be_freed_by_somebody_mapping_it():
    town()
    Defect.objects.update(manual_ref="99.9 (z)")
    decide(at=AT, full=True, rebuild=True)

    assert explain("AB91CDE", at=AT).would_free == ["somebody saying what mends 99.9 (z), if that can be had"]


@pytest.mark.django_db(transaction=True)
def test_the_command_stays_quiet_when_its_reader_has_seen_enough():
    town()
    environment = database_environment() | {"DJANGO_SETTINGS_MODULE": "garagehub.settings", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "why", "AB91CDE"],
        cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.close()

    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 0
