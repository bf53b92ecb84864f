"""The command that takes in files."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from parts.marks.models import Dirty
from parts.vehicles.models import Vehicle
from tests.parts.vehicles.dvsa_data import FAILED_CAR, encoded, vehicle, zipped

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(tmp_path):
    target = tmp_path / "cars.jsonl"
    target.write_bytes(encoded(FAILED_CAR) + b"broken\n" + encoded(vehicle("AB82CDE", make="FORD")))
    return target


def run(capsys, *arguments, **options):
    call_command("import_mot", *map(str, arguments), **options)
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def test_the_counts_are_printed_as_json_last(path, capsys):
    counts = run(capsys, path)
    assert (counts["vehicles"], counts["vehicles_new"], counts["rejected"], counts["lines"]) == (2, 2, 1, 3)
    assert counts["seconds"] >= 0


def test_files_are_taken_together_and_each_once(path, tmp_path, capsys):
    other = tmp_path / "other.zip"
    other.write_bytes(zipped(part=encoded(vehicle("AB83CDE"))))
    assert run(capsys, path, other)["vehicles_new"] == 3
    assert run(capsys, path, other) | {"seconds": 0} == dict.fromkeys(run(capsys, path), 0) | {"files_already_taken": 2}
    assert run(capsys, path, force=True)["vehicles_unchanged"] == 2


def test_only_the_named_makes_are_kept(path, capsys):
    assert run(capsys, path, "--makes", "LAND ROVER", "JAGUAR")["vehicles_new"] == 1


def test_what_it_changed_is_decided_before_it_ends(path, capsys):
    run(capsys, path)
    assert Vehicle.objects.get(registration="AB81CDE").open_fails == 2
    assert not Dirty.objects.filter(kind="v").exists()


def test_a_missing_or_damaged_file_is_an_error_in_plain_words(tmp_path, path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_mot", str(path), str(tmp_path / "none.zip"))
    assert Vehicle.objects.count() == 0
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(zipped(part=encoded(FAILED_CAR))[:-30])
    with pytest.raises(CommandError, match="damaged"):
        call_command("import_mot", str(damaged))
