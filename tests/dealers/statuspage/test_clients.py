"""Three clients that others wrote read the Statuspage documents from a running server."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dealers import incidents, maintenance
from tests.dealers.statuspage.told import AT, incident, planned, tell
from tests.factories import dealer, make

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = Path(__file__).resolve().parents[3] / ".venv" / "clients"
LIMIT_S = 60

STATUSCHECK = """
import json, sys
from statuscheck.services.bases._statuspageio import BaseStatusPageAPI

class GarageHub(BaseStatusPageAPI):
    name = "GarageHub"
    def _get_base_url(self):
        return sys.argv[1]

summary = GarageHub().get_summary()
print(json.dumps({
    "status": summary.status.code,
    "components": {component.name: component.status for component in summary.components},
    "incidents": {incident.name: [part.name for part in incident.components] for incident in summary.incidents},
}))
"""
STATUSPAGE_IO = """
const {Statuspage} = require("statuspage.io");
const client = new Statuspage("x");
client.setApiUrl(process.argv[2]);
(async () => {
  const summary = await client.api.getSummary();
  console.log(JSON.stringify({
    status: (await client.api.getStatus()).status.indicator,
    components: (await client.api.getComponents()).components.map(component => component.name),
    summary: Object.keys(summary).sort(),
    all: (await client.api.incidents.getAll()).incidents.map(incident => incident.name),
    unresolved: (await client.api.incidents.getUnresolved()).incidents.map(incident => incident.name),
    planned: (await client.api.scheduledMaintenances.getUpcoming()).scheduled_maintenances.map(work => work.name),
  }));
})();
"""


@pytest.fixture
def told():
    """Diagnostics are down at one of two dealers, and people were told; work is planned, and other work goes on."""
    here, there = dealer("JAGUAR", slug="here"), dealer("LAND ROVER", slug="there")
    for system in ("diagnostics", "warranty"):
        tell(here, "operational", system=system)
        tell(there, "operational", system=system)
    tell(here, "down")
    incident("Diagnostics are down", make=make("JAGUAR"), systems=["diagnostics"], impact="critical")
    over = incident("Over")
    incidents.resolve(over, body="Over.", at=AT)
    incidents.update(over, stage="postmortem", body="Why.", at=AT)
    planned("To come", make=make("JAGUAR"))
    going_on = planned("Going on", make=make("LAND ROVER"), systems=["warranty"])
    maintenance.update(going_on, stage="in_progress", body="Begun.", at=AT)


def run(*command, **environment):
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
        cwd=environment.get("PWD"),
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


@pytest.mark.usefixtures("told")
def test_statuspage_prometheus_exporter_reads_every_page(live_server, tmp_path):
    services = {
        name: {"name": name, "url": f"{live_server.url}{at}/api/v2/summary.json"}
        for name, at in {"all": "", "here": "/dealers/here", "diagnostics": "/systems/diagnostics"}.items()
    }
    (tmp_path / "services.json").write_text(json.dumps(services))
    run(
        str(Path(sys.executable).parent / "statuspage-prometheus-exporter"),
        RUN_MODE="once",
        SERVICES_JSON_PATH=str(tmp_path / "services.json"),
        METRICS_TEXTFILE_PATH=str(tmp_path / "out.prom"),
        PWD=str(tmp_path),
    )
    samples = [
        s for family in text_string_to_metric_families((tmp_path / "out.prom").read_text()) for s in family.samples
    ]

    def values(name):
        return {(s.labels["service_name"], s.labels.get("component_name")): s.value for s in samples if s.name == name}

    parts = values("statuspage_component_status")
    assert parts["all", "Land Rover – Diagnostics"] == 1
    assert parts["all", "Jaguar – Diagnostics"] == 0
    assert parts["here", "Diagnostics"] == 0
    assert len([key for key in parts if key[0] == "here"]) == 7
    assert values("statuspage_service_status")["all", None] == 0
    told = {s.labels["incident_name"] for s in samples if s.labels.get("incident_name")}
    assert told == {"Diagnostics are down"}
    works = {s.labels["maintenance_name"] for s in samples if s.labels.get("maintenance_name")}
    assert works == {"To come", "Going on"}


@pytest.mark.skipif(not (CLIENTS / "statuscheck").exists(), reason="no statuscheck: `make test` installs it")
@pytest.mark.usefixtures("told")
def test_statuscheck_knows_every_word_we_use(live_server):
    read = json.loads(run(sys.executable, "-c", STATUSCHECK, f"{live_server.url}/api/v2/", PYTHONPATH=str(CLIENTS)))
    assert read["status"] == "major"
    assert read["components"]["Jaguar – Diagnostics"] == "Major outage"
    assert read["components"]["Land Rover – Warranty"] == "Under maintenance"
    assert read["incidents"]["Diagnostics are down"] == ["Jaguar – Diagnostics"]
    assert set(read["incidents"]) == {"Diagnostics are down", "To come", "Going on"}


@pytest.mark.skipif(
    not (shutil.which("node") and (CLIENTS / "node_modules").exists()),
    reason="no statuspage.io: `CI=true make test` installs it where there is npm",
)
@pytest.mark.usefixtures("told")
def test_the_node_client_reads_the_documents(live_server):
    where = str(CLIENTS / "node_modules")
    read = json.loads(run("node", "-e", STATUSPAGE_IO, "x", live_server.url, NODE_PATH=where))
    assert read["status"] == "major"
    assert "Jaguar – Diagnostics" in read["components"]
    assert read["summary"] == ["components", "incidents", "page", "scheduled_maintenances", "status"]
    assert read["unresolved"] == ["Diagnostics are down"]
    assert set(read["all"]) == {"Diagnostics are down", "Over"}
    assert read["planned"] == ["To come"]
