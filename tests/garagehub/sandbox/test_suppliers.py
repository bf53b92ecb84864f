"""What the suppliers send, and how what they have is set by hand."""

import base64
import csv
import gzip
import hashlib
import io
import json

import httpx
import pytest

from tests.sandbox_process import SandboxProcess

FIELDS = {
    "part_number", "brand", "branch", "quantity", "availability", "lifecycle", "price_pence", "currency",
    "lead_time_days", "expected_on", "grade", "replaces", "seq",
}  # fmt: skip
NDJSON = "/suppliers/meridian/offers.ndjson"
PLAIN = {"Accept-Encoding": "identity"}


def rows_of(answer: httpx.Response) -> list[dict]:
    return [json.loads(line) for line in answer.text.splitlines()]


def digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def test_a_snapshot_has_the_rows_and_headers_it_promises(sandbox):
    answer = sandbox.client.get(NDJSON, headers=PLAIN)
    rows = rows_of(answer)
    assert len(rows) == int(answer.headers["Feed-Rows"]) > 1_000
    assert all(set(row) == FIELDS for row in rows)
    assert all(isinstance(row["replaces"], list) for row in rows)
    assert max(row["seq"] for row in rows) <= int(answer.headers["Feed-Sequence"])
    assert answer.headers["Content-Digest"] == digest(answer.content)
    assert answer.headers["Feed-Generated-At"].endswith("Z")


def test_the_digest_of_a_gzip_answer_is_over_the_bytes_as_sent(sandbox):
    with sandbox.client.stream("GET", NDJSON, headers={"Accept-Encoding": "gzip"}) as answer:
        sent = b"".join(answer.iter_raw())
    plain = sandbox.client.get(NDJSON, headers=PLAIN)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Digest"] == digest(sent)
    assert gzip.decompress(sent) == plain.content
    assert answer.headers["ETag"] != plain.headers["ETag"]


def test_a_snapshot_that_is_known_is_not_sent_again(sandbox):
    etag = sandbox.client.get(NDJSON).headers["ETag"]
    again = sandbox.client.get(NDJSON, headers={"If-None-Match": f'"other", W/{etag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == etag
    part = rows_of(sandbox.client.get(NDJSON))[0]["part_number"]
    sandbox.set_offer("meridian", part_number=part, quantity=4_321)
    assert sandbox.client.get(NDJSON, headers={"If-None-Match": etag}).status_code == 200


def test_setting_an_offer_changes_every_branch_and_raises_the_sequence(sandbox):
    before = sandbox.client.get("/suppliers/shelfwatch/offers.ndjson")
    part = rows_of(before)[0]["part_number"]
    done = sandbox.set_offer("shelfwatch", part_number=f" {part[:2].lower()}-{part[2:]} ", quantity=0)
    after = sandbox.client.get("/suppliers/shelfwatch/offers.ndjson")
    changed = [row for row in rows_of(after) if row["part_number"] == part]
    assert {(row["quantity"], row["availability"]) for row in changed} == {(0, "out_of_stock")}
    assert len(changed) == len(done["offers"])
    assert int(after.headers["Feed-Sequence"]) == done["sequence"] > int(before.headers["Feed-Sequence"])
    assert int(after.headers["Feed-Rows"]) == int(before.headers["Feed-Rows"])
    others = [row for row in rows_of(after) if row["part_number"] != part]
    assert others == [row for row in rows_of(before) if row["part_number"] != part]


def test_setting_an_offer_at_one_branch_leaves_the_others(sandbox):
    rows = rows_of(sandbox.client.get("/suppliers/tollgate/offers.ndjson"))
    row = rows[0]
    done = sandbox.set_offer(
        "tollgate", part_number=row["part_number"], branch=row["branch"], quantity=1, availability="limited"
    )
    assert [(offer["branch"], offer["availability"]) for offer in done["offers"]] == [(row["branch"], "limited")]


def test_an_offer_nobody_lists_needs_a_brand_and_a_branch(sandbox):
    values = {"part_number": "NEW-1", "quantity": 2}
    assert sandbox.client.post("/suppliers/tollgate/offers", json=values).status_code == 404
    done = sandbox.set_offer("tollgate", **values, brand="Newcomer", branch="HUB")
    assert [(offer["brand"], offer["quantity"]) for offer in done["offers"]] == [("Newcomer", 2)]


def test_a_part_taken_off_the_list_can_be_put_back(sandbox):
    part = rows_of(sandbox.client.get("/suppliers/tollgate/offers.ndjson"))[0]["part_number"]
    gone = sandbox.set_offer("tollgate", part_number=part, listed=False)["offers"]
    assert {offer["deleted"] for offer in gone} == {True}
    back = sandbox.set_offer("tollgate", part_number=part, quantity=3)["offers"]
    assert [offer["quantity"] for offer in back] == [3] * len(gone)


@pytest.mark.parametrize(
    "values",
    [
        {"quantity": 1},
        {"part_number": "X"},
        {"part_number": "X", "quantity": -1},
        {"part_number": "X", "quantity": True},
        {"part_number": "X", "quantity": 1, "availability": "perhaps"},
        {"part_number": "X", "quantity": 1, "colour": "blue"},
        {"part_number": "X", "quantity": 0, "expected_on": "soon"},
    ],
)
def test_an_offer_that_makes_no_sense_is_refused(sandbox, values):
    answer = sandbox.client.post("/suppliers/tollgate/offers", json=values)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_offer")


def all_changes(sandbox: SandboxProcess, after: str = "", *, limit: int = 5_000) -> tuple[list[dict], str]:
    changes, has_more = [], True
    while has_more:
        query = {"after": after, "limit": limit}
        page = sandbox.client.get("/suppliers/shelfwatch/changes", params=query).json()
        assert len(page["changes"]) <= limit
        changes += page["changes"]
        after, has_more = page["next_cursor"], page["has_more"]
    return changes, after


def test_changes_from_the_start_are_the_snapshot_whatever_the_page_size(sandbox):
    snapshot = rows_of(sandbox.client.get("/suppliers/shelfwatch/offers.ndjson"))
    key = json.dumps
    for limit in (4_999, 1_234):
        changes, _ = all_changes(sandbox, limit=limit)
        current = [change for change in changes if not change.get("deleted")]
        assert sorted(map(key, current)) == sorted(map(key, snapshot))


def test_changes_after_the_cursor_of_a_snapshot_are_those_since(sandbox):
    snapshot = sandbox.client.get("/suppliers/shelfwatch/offers.ndjson")
    cursor = snapshot.headers["Feed-Cursor"]
    assert all_changes(sandbox, cursor) == ([], cursor)
    first, *_, last = rows_of(snapshot)
    sandbox.set_offer("shelfwatch", part_number=first["part_number"], branch=first["branch"], quantity=77)
    sandbox.set_offer("shelfwatch", part_number=last["part_number"], branch=last["branch"], quantity=0, listed=False)
    changes, after = all_changes(sandbox, cursor, limit=1)
    assert [(change["part_number"], change.get("quantity"), change.get("deleted")) for change in changes] == [
        (first["part_number"], 77, None),
        (last["part_number"], None, True),
    ]
    assert all_changes(sandbox, after)[0] == []


def test_a_cursor_of_another_process_and_a_bad_limit_are_refused(sandbox):
    changes = "/suppliers/shelfwatch/changes"
    assert sandbox.client.get(changes, params={"after": "0badcafe.1.00"}).status_code == 410
    assert sandbox.client.get(changes, params={"after": "nonsense"}).status_code == 410
    assert sandbox.client.get(changes, params={"limit": "0"}).status_code == 400


def test_the_csv_has_the_suppliers_own_words(sandbox):
    rows = rows_of(sandbox.client.get("/suppliers/tollgate/offers.ndjson"))
    many, few, unknown = rows[0]["part_number"], rows[1]["part_number"], rows[2]["part_number"]
    sandbox.set_offer("tollgate", part_number=many, quantity=1_500)
    sandbox.set_offer("tollgate", part_number=few, quantity=11)
    sandbox.set_offer("tollgate", part_number=unknown, quantity=None)
    answer = sandbox.client.get("/suppliers/tollgate/offers.csv")
    lines = list(csv.reader(io.StringIO(answer.content.decode("cp1252"))))
    assert lines[0][0].endswith("\N{EN DASH} stock list")
    assert "Trade £" in lines[2]
    table = [dict(zip(lines[2], line, strict=True)) for line in lines[3:]]
    assert len(table) == int(answer.headers["Feed-Rows"]) == len(rows)
    stock = {row["Part No"]: (row["Free Stock"], row["Status"]) for row in table}
    assert (stock[many], stock[few], stock[unknown]) == (("1,500", "In stock"), ("10+", "In stock"), ("Call", "Ask"))


def test_a_head_request_has_the_headers_and_no_body(sandbox):
    answer = sandbox.client.head(NDJSON)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 0


def test_two_worlds_of_one_seed_say_the_same_and_another_seed_does_not(sandbox):
    instant = {"frozen_at": f"{sandbox.client.get('/clock').json()['now'][:10]}T09:00:00Z"}
    others = [SandboxProcess(seed=seed) for seed in (7, 8)]
    said = []
    for world in (sandbox, *others):
        world.client.post("/clock", json=instant)
        rows = rows_of(world.client.get("/suppliers/tollgate/offers.ndjson"))
        said.append([{**row, "seq": 0} for row in rows])
    for world in others:
        world.stop()
    assert said[0] == said[1] != said[2]


def test_stock_changes_slowly_as_the_scenario_goes_on(sandbox):
    today = {(row["branch"], row["part_number"]): row for row in rows_of(sandbox.client.get(NDJSON))}
    sandbox.move_clock(days=0.1)
    later = rows_of(sandbox.client.get(NDJSON))
    changed = [row for row in later if row != today[row["branch"], row["part_number"]]]
    assert 0 < len(changed) < len(later) / 4
