"""The process itself, the clock, and the dealers' systems."""

import resource
import socket
import subprocess
import sys

import httpx
import pytest

from tests.sandbox_process import STARTED_ON, SandboxProcess


def test_the_index_lists_everything(sandbox):
    index = sandbox.client.get("/").json()
    assert {supplier["adapter"] for supplier in index["suppliers"]} == {"ndjson", "changes", "csv"}
    for supplier in index["suppliers"]:
        assert httpx.get(supplier["url"], trust_env=False).status_code == 200
    assert len(index["systems"]) == 7
    assert index["dvsa"]["DVSA_API_URL"] == f"{sandbox.url}/dvsa"
    assert {"refuse", "gzip_bomb", "late_delta"} <= set(index["faults"]["kinds"])


def processor_seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_it_starts_quickly_with_a_large_fleet_and_ends_when_told():
    before = processor_seconds_of_children()
    large = SandboxProcess(vehicles=1_200_000)
    assert large.client.get("/").json()["vehicles"] == 1_200_000
    large.stop()
    assert large.process.returncode == 0
    # Processor time, so that a busy machine does not fail it; on an idle one it is the time it takes.
    assert processor_seconds_of_children() - before < 3


def test_it_listens_on_this_machine_only(sandbox):
    assert sandbox.url.startswith("http://127.0.0.1:")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "garagehub.sandbox", "--port", port, "--started-on", STARTED_ON.isoformat()]
        refused = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert refused.returncode == 1
    assert port in refused.stderr


def test_nothing_it_prints_holds_a_plate():
    world = SandboxProcess()
    world.client.get("/dvsa/v1/trade/vehicles/registration/AA19AAA")
    world.client.get("/nothing/AA19AAA")
    world.client.post("/dvla/vehicle-enquiry/v1/vehicles", json={"registrationNumber": "AA19AAA"})
    port = int(world.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as broken:
        broken.sendall(b"GET /dvsa/AA19AAA NOT-HTTP\r\n\r\n")
        broken.recv(1_000)
    output, errors = world.stop()
    assert "AA19AAA" not in output + errors


def test_one_connection_serves_many_requests(sandbox):
    with httpx.Client(base_url=sandbox.url, trust_env=False) as client:
        ports = {client.get("/clock").extensions["network_stream"].get_extra_info("client_addr")[1] for _ in range(3)}
    assert len(ports) == 1


def test_a_body_too_large_or_without_length_is_refused(sandbox):
    assert sandbox.client.post("/faults", content=b"x" * 100_000).status_code == 413
    assert sandbox.client.post("/faults", content=iter([b"{}"])).status_code == 411
    assert sandbox.client.post("/faults", content=b"[1]").status_code == 400
    assert sandbox.client.post("/faults", content=b"{").status_code == 400


def test_unknown_addresses_and_methods_are_said_to_be_so(sandbox):
    assert sandbox.client.get("/nothing").status_code == 404
    wrong = sandbox.client.put("/faults", json={})
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "DELETE, GET, POST")
    assert sandbox.client.get("/suppliers/nobody/offers.ndjson").status_code == 404


def test_the_clock_moves_the_scenario_and_stands_still_when_told(sandbox):
    assert sandbox.client.get("/clock").json()["day"] in {13, 14}
    sandbox.move_clock(days=-12.5)
    assert sandbox.client.get("/clock").json()["day"] <= 1
    stopped = sandbox.client.post("/clock", json={"frozen_at": "2026-12-24T12:00:00+01:00"}).json()
    assert stopped["now"] == stopped["frozen_at"] == "2026-12-24T11:00:00Z"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"offset_days": "1"},
        {"offset_days": True},
        {"offset_days": 99_999},
        {"frozen_at": "noon"},
        {"frozen_at": "2026-12-24T11:00:00"},
    ],
)
def test_a_clock_that_makes_no_sense_is_refused(sandbox, body):
    assert sandbox.client.post("/clock", json=body).status_code == 400


@pytest.fixture
def franchised(sandbox):
    return next(dealer["code"] for dealer in sandbox.client.get("/").json()["dealers"] if dealer["code"][0] != "G")


def test_probes_follow_the_timeline(sandbox, franchised):
    probe = f"/dealers/{franchised}/systems/warranty"
    sandbox.move_clock(days=-20)
    assert sandbox.client.get(probe).status_code == 200
    sandbox.move_clock(days=0)
    answer = sandbox.client.get(probe)
    assert (answer.status_code, answer.json()) == (503, {"status": "down"})
    sandbox.move_clock(days=200)
    assert sandbox.client.get(probe).json() == {"status": "ok"}


def test_a_system_set_by_hand_stays_so_until_given_back(sandbox, franchised):
    probe = f"/dealers/{franchised}/systems/warranty"
    sandbox.set_system(franchised, "warranty", "degraded")
    answer = sandbox.client.get(probe)
    assert (answer.status_code, answer.json()) == (200, {"status": "degraded"})
    sandbox.set_system(franchised, "warranty", "operational")
    assert sandbox.client.get(probe).json() == {"status": "ok"}
    sandbox.set_system(franchised, "warranty", None)
    assert sandbox.client.get(probe).status_code == 503


def test_a_dealer_system_or_state_there_is_not_is_refused(sandbox, franchised):
    assert sandbox.client.get("/dealers/XXXXX/systems/warranty").status_code == 404
    assert sandbox.client.get(f"/dealers/{franchised}/systems/coffee").status_code == 404
    assert sandbox.client.post(f"/dealers/{franchised}/systems/warranty", json={"state": "odd"}).status_code == 400
    assert sandbox.client.post(f"/dealers/{franchised}/systems/warranty", json={}).status_code == 400


def test_reset_forgets_all_that_was_set(sandbox, franchised):
    before = sandbox.client.get("/suppliers/tollgate/offers.ndjson")
    sandbox.set_offer("tollgate", part_number="NEW-1", brand="B", branch="HUB", quantity=1)
    sandbox.set_system(franchised, "warranty", "operational")
    sandbox.fault("dvsa", "refuse")
    sandbox.move_clock(days=0.001)
    sandbox.client.post("/reset", json={}).raise_for_status()
    clock = sandbox.client.get("/clock").json()
    assert (clock["offset_days"], clock["frozen_at"]) == (0, None)
    sandbox.stop_clock(at=sandbox.stopped_at)
    after = sandbox.client.get("/suppliers/tollgate/offers.ndjson")
    assert after.headers["Feed-Rows"] == before.headers["Feed-Rows"]
    assert sandbox.client.get(f"/dealers/{franchised}/systems/warranty").status_code == 503
    assert sandbox.client.get("/faults").json()["faults"] == []
