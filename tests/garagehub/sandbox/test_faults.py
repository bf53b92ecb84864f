"""Each fault as a client meets it, over real connections."""

import base64
import gzip
import hashlib
import json
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

CSV, NDJSON, CHANGES = (
    "suppliers/tollgate/offers.csv",
    "suppliers/meridian/offers.ndjson",
    "suppliers/shelfwatch/changes",
)
PLAIN = {"Accept-Encoding": "identity"}


def rows_of(answer):
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.fixture
def probe(sandbox):
    code = sandbox.client.get("/").json()["dealers"][0]["code"]
    return f"/dealers/{code}/systems/diagnostics"


@pytest.mark.parametrize("target", ["suppliers/meridian", "dvsa", "dvla", "dealers", "suppliers"])
def test_refuse_resets_the_connection_and_only_there(sandbox, probe, target):
    sandbox.fault(target, "refuse")
    below = {
        "suppliers/meridian": "/suppliers/meridian/offers.ndjson",
        "suppliers": "/suppliers/tollgate/offers.csv",
        "dvsa": "/dvsa/v1/trade/vehicles/bulk-download",
        "dvla": "/dvla/vehicle-enquiry/v1/vehicles",
        "dealers": probe,
    }
    for place, path in below.items():
        if place == target or place.startswith(f"{target}/"):
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
                sandbox.client.request("POST" if place == "dvla" else "GET", path)
        else:
            assert sandbox.client.get(path).status_code < 500 or place == "dealers"


def test_a_fault_ends_after_so_many_requests(sandbox):
    fault = sandbox.fault("suppliers/meridian", "status_500", times=2)
    codes = [sandbox.client.get(f"/{NDJSON}").status_code for _ in range(3)]
    assert codes == [500, 500, 200]
    assert fault["times"] == 2
    assert sandbox.client.get("/faults").json()["faults"] == []


def test_faults_are_listed_counted_and_taken_down(sandbox):
    first = sandbox.fault("suppliers/meridian", "status_500")
    sandbox.fault("dvsa", "status_429", retry_after=7)
    sandbox.client.get(f"/{NDJSON}")
    listed = {fault["fault"]: fault for fault in sandbox.client.get("/faults").json()["faults"]}
    assert (listed["status_500"]["hits"], listed["status_429"]["retry_after"]) == (1, 7)
    assert sandbox.client.delete(f"/faults/{first['id']}").json() == {"cleared": 1}
    assert sandbox.client.get(f"/{NDJSON}").status_code == 200
    assert sandbox.client.delete("/faults").json() == {"cleared": 1}
    assert sandbox.client.delete("/faults/12345").status_code == 404


def test_a_fault_put_up_again_replaces_itself(sandbox):
    for seconds in (5, 9):
        sandbox.fault("dvsa", "status_429", retry_after=seconds)
    assert [fault["retry_after"] for fault in sandbox.client.get("/faults").json()["faults"]] == [9]


@pytest.mark.parametrize(
    "body",
    [
        {"target": "suppliers/meridian", "fault": "sunshine"},
        {"target": "suppliers/nobody", "fault": "refuse"},
        {"target": "faults", "fault": "refuse"},
        {"target": "dvsa", "fault": "zero_rows"},
        {"target": "suppliers/shelfwatch/offers.csv", "fault": "late_delta"},
        {"fault": "refuse"},
        {"target": "dvsa", "fault": "refuse", "times": 0},
        {"target": "dvsa", "fault": "refuse", "speed": 3},
        {"target": "dvsa", "fault": "hang", "seconds": "long"},
        {"target": "dvsa", "fault": "hang", "seconds": -1},
        {"target": "dvsa", "fault": "moth_error", "code": "MOTH-XX-99"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(sandbox, body):
    answer = sandbox.client.post("/faults", json=body)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_controls_answer_whatever_faults_are_up(sandbox, probe):
    sandbox.fault("suppliers", "refuse")
    sandbox.fault("dealers", "refuse")
    part = "ANY-1"
    sandbox.set_offer("tollgate", part_number=part, brand="B", branch="HUB", quantity=1)
    assert sandbox.client.post(probe, json={"state": "down"}).status_code == 200
    assert sandbox.client.get("/clock").status_code == 200


def test_hang_waits_and_lets_go_when_it_is_taken_down(sandbox):
    sandbox.fault("suppliers/meridian", "hang")
    with pytest.raises(httpx.ReadTimeout):
        sandbox.client.get(f"/{NDJSON}", timeout=0.3)
    sandbox.client.delete("/faults")
    assert sandbox.client.get(f"/{NDJSON}").status_code == 200


def test_the_last_request_of_a_fault_that_is_used_up_is_let_go_too(sandbox):
    sandbox.fault("hooks", "hook_late", times=1, seconds=60.0)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(httpx.post, f"{sandbox.url}/hooks/shop", json={}, timeout=20, trust_env=False)
        while not sandbox.hooks("shop"):
            assert not waiting.done()
            time.sleep(0.02)  # the request's own timeout bounds it
        assert sandbox.client.get("/faults").json()["faults"] == []
        sandbox.client.delete("/faults")
        assert waiting.result(5).is_success


def test_hang_ends_in_a_reset_after_its_seconds(sandbox):
    sandbox.fault("suppliers/meridian", "hang", seconds=0.2)
    begun = time.monotonic()
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        sandbox.client.get(f"/{NDJSON}")
    assert time.monotonic() - begun >= 0.2


def test_slow_drip_sends_drops(sandbox):
    sandbox.fault("suppliers/meridian", "slow_drip", bytes=10, every_s=0.05)
    begun = time.monotonic()
    with sandbox.client.stream("GET", f"/{NDJSON}", headers=PLAIN) as answer:
        drops = answer.iter_raw()
        got = b"".join(next(drops) for _ in range(5))
    assert answer.status_code == 200
    assert len(got) <= 100
    assert time.monotonic() - begun >= 0.1


def test_error_statuses_are_those_of_the_service(sandbox):
    sandbox.fault("suppliers/meridian", "status_429", retry_after=12)
    answer = sandbox.client.get(f"/{NDJSON}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "12")
    sandbox.fault("suppliers/tollgate", "status_403")
    answer = sandbox.client.get(f"/{CSV}")
    assert (answer.status_code, answer.json()["error"]) == (403, "rate_limit_exceeded")
    sandbox.fault("dvsa", "status_429")
    answer = sandbox.client.get("/dvsa/v1/trade/vehicles/bulk-download")
    assert (answer.status_code, answer.json()["errorCode"]) == (429, "MOTH-RL-02")
    assert answer.headers["Retry-After"] == "30"
    sandbox.client.delete("/faults")
    sandbox.fault("dvsa", "moth_error", code="MOTH-FB-02")
    answer = sandbox.client.get("/dvsa/v1/trade/vehicles/bulk-download")
    assert (answer.status_code, answer.json()["errorCode"]) == (401, "MOTH-FB-02")


def test_a_truncated_body_breaks_off(sandbox):
    sandbox.fault("suppliers/meridian", "truncated_body")
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.client.get(f"/{NDJSON}")


def test_a_silently_truncated_body_can_be_told_by_its_digest_only(sandbox):
    whole = sandbox.client.get(f"/{NDJSON}", headers=PLAIN)
    sandbox.fault("suppliers/meridian", "truncated_body", silent=True, keep_percent=25)
    half = sandbox.client.get(f"/{NDJSON}", headers=PLAIN)
    assert len(half.content) == int(half.headers["Content-Length"]) < len(whole.content) / 3
    assert sha256(half.content) not in half.headers["Content-Digest"]


def sha256(body):
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def test_a_truncated_download_of_dvsa_breaks_off(sandbox):
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
    form["scope"] = "https://tapi.dvsa.gov.uk/.default"
    token = sandbox.client.post("/dvsa/token", data=form).json()["access_token"]
    sent = {"Authorization": f"Bearer {token}", "X-API-Key": "sandbox"}
    link = sandbox.client.get("/dvsa/v1/trade/vehicles/bulk-download", headers=sent).json()["bulk"][0]["downloadUrl"]
    sandbox.fault("dvsa/files", "truncated_body")
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.client.get(link)


def test_a_wrong_digest_is_over_other_bytes(sandbox):
    sandbox.fault("suppliers/meridian", "wrong_digest")
    answer = sandbox.client.get(f"/{NDJSON}", headers=PLAIN)
    assert sha256(answer.content) not in answer.headers["Content-Digest"]
    assert len(rows_of(answer)) == int(answer.headers["Feed-Rows"])


def test_a_faulty_file_is_never_answered_as_known(sandbox):
    etag = sandbox.client.get(f"/{NDJSON}").headers["ETag"]
    sandbox.fault("suppliers/meridian", "wrong_digest")
    assert sandbox.client.get(f"/{NDJSON}", headers={"If-None-Match": etag}).status_code == 200


def test_zero_rows_is_a_good_file_without_rows(sandbox):
    before = sandbox.client.get(f"/{NDJSON}")
    sandbox.fault("suppliers/meridian", "zero_rows")
    answer = sandbox.client.get(f"/{NDJSON}", headers=PLAIN)
    assert (answer.content, answer.headers["Feed-Rows"]) == (b"", "0")
    assert sha256(b"") in answer.headers["Content-Digest"]
    assert int(answer.headers["Feed-Sequence"]) > int(before.headers["Feed-Sequence"])
    sandbox.client.delete("/faults")
    after = sandbox.client.get(f"/{NDJSON}")
    assert after.headers["Feed-Rows"] == before.headers["Feed-Rows"]
    assert int(after.headers["Feed-Sequence"]) >= int(answer.headers["Feed-Sequence"])


def test_zero_rows_of_a_csv_is_its_head_or_an_empty_file(sandbox):
    sandbox.fault("suppliers/tollgate", "zero_rows")
    assert len(sandbox.client.get(f"/{CSV}").content.splitlines()) == 3
    sandbox.fault("suppliers/tollgate", "zero_rows", empty_body=True)
    assert sandbox.client.get(f"/{CSV}").content == b""


@pytest.mark.parametrize(("options", "share"), [({}, 0.6), ({"percent": 75}, 0.25)])
def test_fewer_rows_leaves_out_its_share(sandbox, options, share):
    whole = int(sandbox.client.get(f"/{NDJSON}").headers["Feed-Rows"])
    sandbox.fault("suppliers/meridian", "fewer_rows", **options)
    answer = sandbox.client.get(f"/{NDJSON}")
    assert len(rows_of(answer)) == int(answer.headers["Feed-Rows"]) == pytest.approx(whole * share, rel=0.01)


def test_duplicate_keys_come_twice_and_the_newer_is_the_truth(sandbox):
    truth = {(row["branch"], row["part_number"]): row for row in rows_of(sandbox.client.get(f"/{NDJSON}"))}
    sandbox.fault("suppliers/meridian", "duplicate_keys", count=20)
    rows = rows_of(sandbox.client.get(f"/{NDJSON}"))
    assert len(rows) == len(truth) + 20
    best = {}
    for row in sorted(rows, key=lambda row: row["seq"]):
        best[row["branch"], row["part_number"]] = row
    assert best == truth


def test_an_old_snapshot_says_how_old_it_is(sandbox):
    now = sandbox.client.get(f"/{NDJSON}")
    sandbox.fault("suppliers/meridian", "old_snapshot")
    old = sandbox.client.get(f"/{NDJSON}")
    assert int(old.headers["Feed-Sequence"]) < int(now.headers["Feed-Sequence"])
    assert old.headers["Feed-Generated-At"] < now.headers["Feed-Generated-At"]
    assert rows_of(old) != rows_of(now)


@pytest.mark.parametrize("target", [NDJSON, CSV])
def test_bad_rows_stand_among_the_good_ones(sandbox, target):
    good = sandbox.client.get(f"/{target}", headers=PLAIN).content.splitlines()
    sandbox.fault(target, "bad_rows", count=16)
    spoilt = sandbox.client.get(f"/{target}", headers=PLAIN)
    lines = spoilt.content.splitlines()
    assert len(lines) > len(good) + 16
    assert set(good[3:]) <= set(lines)
    assert spoilt.headers["Content-Digest"] == f"sha-256=:{sha256(spoilt.content)}:"


def test_a_huge_line_is_one_row(sandbox):
    sandbox.fault("suppliers/meridian", "huge_line", bytes=3_000_000)
    answer = sandbox.client.get(f"/{NDJSON}")
    assert sum(len(line) > 3_000_000 for line in answer.text.splitlines()) == 1


def test_a_gzip_bomb_is_small_until_it_is_unpacked(sandbox):
    sandbox.fault("suppliers/meridian", "gzip_bomb", bytes=64 * 1024**2)
    with sandbox.client.stream("GET", f"/{NDJSON}") as answer:
        sent = b"".join(answer.iter_raw())
    assert len(sent) < 200_000
    assert len(gzip.decompress(sent)) == 64 * 1024**2
    # Also for a client that reads a single member only, as httpx does.
    assert len(zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(sent)) == 64 * 1024**2


def test_a_redirect_leads_to_an_address_inside_a_network(sandbox):
    sandbox.fault("suppliers/meridian", "redirect_private")
    answer = sandbox.client.get(f"/{NDJSON}")
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://169.254.169.254/latest/meta-data/")


def test_the_listener_with_invalid_tls_is_not_to_be_trusted(sandbox):
    sandbox.fault("suppliers/meridian", "invalid_tls", times=1)
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        sandbox.client.get(f"/{NDJSON}", follow_redirects=True)
    location = sandbox.client.get("/").json()["invalid_tls"]
    answer = httpx.get(f"{location}/{NDJSON}", verify=False, trust_env=False)
    assert answer.status_code == 200
    assert location.startswith("https://127.0.0.1:")


def test_a_refused_cursor_is_gone(sandbox):
    sandbox.fault("suppliers/shelfwatch", "cursor_refused")
    answer = sandbox.client.get(f"/{CHANGES}", params={"after": "any"})
    assert (answer.status_code, answer.json()["error"]) == (410, "cursor_refused")
    assert sandbox.client.get("/suppliers/shelfwatch/offers.ndjson").status_code == 200


def test_late_changes_are_older_than_the_snapshot_before_them(sandbox):
    snapshot = sandbox.client.get("/suppliers/shelfwatch/offers.ndjson")
    known = {(row["branch"], row["part_number"]): row for row in rows_of(snapshot)}
    sandbox.fault("suppliers/shelfwatch", "late_delta", count=3)
    page = sandbox.client.get(f"/{CHANGES}", params={"after": snapshot.headers["Feed-Cursor"]}).json()
    assert len(page["changes"]) == 4
    for change in page["changes"]:
        assert change["seq"] < int(snapshot.headers["Feed-Sequence"])
    keys = [(change["branch"], change["part_number"]) for change in page["changes"]]
    assert [key in known for key in keys] == [True, True, True, False]


def test_bad_rows_and_huge_lines_come_among_changes_too(sandbox):
    sandbox.fault("suppliers/shelfwatch", "bad_rows", count=5)
    sandbox.fault("suppliers/shelfwatch", "huge_line", bytes=500_000)
    page = sandbox.client.get(f"/{CHANGES}", params={"limit": 10}).json()
    assert len(page["changes"]) == 10 + 5 + 4 + 1
    assert None in page["changes"]
    assert any(
        len(change["part_number"] or "") == 500_000
        for change in page["changes"]
        if isinstance(change, dict) and "part_number" in change
    )
