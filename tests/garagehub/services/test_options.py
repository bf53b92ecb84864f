"""What `make run` makes of its environment, and what it tells."""

from datetime import date

import pytest

from garagehub.services import options as options_module
from garagehub.services import static_files
from garagehub.services.demo import Demo
from garagehub.services.options import Options, site_environment
from garagehub.services.run import announcement


def options(**changes) -> Options:
    return Options(**{"port": 8000, "bind": "127.0.0.1", "empty": False, "vehicles": None, "seed": None, **changes})


@pytest.fixture(autouse=True)
def _bare(monkeypatch):
    for name in ("SITE_URL", "ALLOWED_HOSTS", "PORT", "BIND", "EMPTY", "VEHICLES", "SEED"):
        monkeypatch.delenv(name, raising=False)


def test_nothing_said_is_the_demonstration_on_port_8000_of_this_machine():
    assert Options.from_environment() == options()


def test_children_are_told_the_address_that_is_served(tmp_path):
    environment = site_environment(options(port=9000), checkout=tmp_path)

    assert environment["SITE_URL"] == "http://127.0.0.1:9000"
    assert environment["ALLOWED_HOSTS"] == "localhost,127.0.0.1,[::1]"


def test_what_the_operator_set_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("SITE_URL", "https://garagehub.example")

    assert site_environment(options(), checkout=tmp_path)["SITE_URL"] == "https://garagehub.example"


def test_a_site_open_to_others_answers_to_this_machines_names(tmp_path, monkeypatch):
    monkeypatch.setattr(options_module.socket, "gethostname", lambda: "workshop")
    monkeypatch.setattr(options_module.socket, "getfqdn", lambda: "workshop.lan")
    monkeypatch.setattr(options_module, "_addresses", lambda machine: ["192.168.1.7"])

    environment = site_environment(options(bind="0.0.0.0"), checkout=tmp_path)

    assert environment["SITE_URL"] == "http://workshop:8000"
    assert set(environment["ALLOWED_HOSTS"].split(",")) >= {"workshop", "workshop.lan", "192.168.1.7", "127.0.0.1"}


def test_an_ipv6_address_is_put_in_brackets():
    assert options(bind="::1").url == "http://[::1]:8000"


def test_the_announcement_begins_with_the_line_that_scripts_wait_for():
    summary = {
        "decided": 20_000,
        "blocked": 1_234,
        "by_reason": {"no_diagnostics": 34, "part_unavailable": 1_200, "cannot_order": 0},
        "sign_in": [{"who": "Admin", "email": "a@b.example", "password": "demo", "page": "/admin/"}],
    }

    lines = announcement(options(), summary)

    assert lines[:3] == [
        "GarageHub is ready on http://127.0.0.1:8000",
        "20,000 vehicles decided, 1,234 blocked from repair: 1,200 part unavailable, 34 no diagnostics.",
        "  Admin: a@b.example / demo at http://127.0.0.1:8000/admin/",
    ]


def test_whoever_opens_the_site_to_others_is_warned():
    assert any("Other machines" in line for line in announcement(options(bind="0.0.0.0"), {}))
    assert not any("Other machines" in line for line in announcement(options(), {}))


def test_a_demonstration_goes_on_the_next_day_where_it_was(tmp_path):
    first = Demo.of(tmp_path, seed=None, vehicles=500, today=date(2026, 11, 22))
    second = Demo.of(tmp_path, seed=None, vehicles=None, today=date(2026, 11, 23))

    assert first == second == Demo(seed=1, vehicles=500, started_on="2026-11-10")
    assert Demo.of(tmp_path, seed=4, vehicles=None, today=date(2026, 11, 24)).seed == 4


@pytest.fixture
def sources(tmp_path):
    for name in static_files.MADE_FROM:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("as it was")
    style = tmp_path / "garagehub" / "static" / "site.css"
    style.parent.mkdir()
    style.write_text("body {}")
    (tmp_path / "root").mkdir()
    static_files.remember(tmp_path, tmp_path / "root")
    return tmp_path


def test_static_files_that_nothing_has_changed_are_not_collected_again(sources):
    assert static_files.is_collected(sources, sources / "root")


@pytest.mark.parametrize("changed", ["garagehub/static/site.css", "garagehub/static/new.js", "requirements.txt"])
def test_static_files_are_collected_again_when_something_has_changed(sources, changed):
    (sources / changed).write_text("new")

    assert not static_files.is_collected(sources, sources / "root")


def test_static_files_that_were_never_collected_are(tmp_path, sources):
    assert not static_files.is_collected(sources, tmp_path / "nowhere")
