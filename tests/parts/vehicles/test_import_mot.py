"""The command that takes in files."""

from __future__ import annotations

import io
import json
import re

import pytest
from django.core.management import CommandError, call_command

from parts.management.commands.import_mot import progress_line
from parts.marks.models import Dirty
from parts.vehicles import sources, staging
from parts.vehicles.importing import Reached
from parts.vehicles.models import MotImport, Vehicle
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


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_how_far_how_fast_and_how_long_still(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sources, "CHUNK_BYTES", 2_000)
    monkeypatch.setattr(staging, "BATCH_VEHICLES", 10)
    path = tmp_path / "cars.jsonl"
    path.write_bytes(
        encoded(*[vehicle(f"AB{80 + n}CDE") for n in range(20)], *[vehicle(f"AB{n}CDF") for n in range(20)])
    )
    terminal = Terminal()
    run(capsys, path, stderr=terminal)
    shown = terminal.getvalue().split("\r")[1:]
    assert len(shown) > 2
    assert "time left not known yet" in shown[0]
    assert re.search(
        r"cars.jsonl: \d+\.\d%, \d+ lines, \d+ vehicles, 0 refused, [\d,]+ lines/s, 0:00:00 left", shown[1]
    )
    assert "100.0%, 40 lines, 40 vehicles" in shown[-1]


def test_time_left_follows_the_bytes_read_since_this_run_began():
    reached = Reached(lines=1_000, seconds=50, share=0.5, seconds_left=5_400)
    assert progress_line(reached) == "50.0%, 1,000 lines, 0 vehicles, 0 refused, 20 lines/s, 1:30:00 left"


def test_dvsas_files_are_fetched_on_demand_the_bulk_first(dvsa_sandbox, capsys):
    counts = run(capsys, "--dvsa")
    assert counts["vehicles_new"] > 1_000
    assert MotImport.objects.order_by("id")[0].name.count("bulk") > 0
    assert run(capsys, "--dvsa")["lines"] == 0


def test_dvsa_away_or_both_ways_at_once_is_an_error_in_plain_words(dvsa_sandbox, path):
    dvsa_sandbox.fault("dvsa", "status_500")
    with pytest.raises(CommandError, match="answered 500"):
        call_command("import_mot", "--dvsa")
    for arguments in ([], [str(path), "--dvsa"], ["--dvsa", "--force"]):
        with pytest.raises(CommandError):
            call_command("import_mot", *arguments)
