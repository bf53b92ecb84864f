"""A storm of reports over real HTTP: none is lost, and what they say wrongly flips nothing.

`STORM_SOURCES=5000` sends 100,000 reports, as the figures in docs/status-method.md were measured; the tests send 2,000.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import threading
import time
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from dealers import evidence
from dealers.access import KEY_PREFIX
from dealers.models import ApiKey, Dealer, Evidence, Make, Status, StatusChange, System, Unjudged

pytestmark = [
    pytest.mark.drill,
    pytest.mark.xdist_group("drills"),
    pytest.mark.django_db(transaction=True),
]
SOURCES = int(os.environ.get("STORM_SOURCES", "100"))
REPORTS_EACH = 20
CLIENTS = 6
WRONG = 0.05
FAILING = "diagnostics"  # at every third dealer; all else works


def _places(count: int) -> list[Dealer]:
    """Dealers of one make whose systems are known to work."""
    make = Make.objects.create(name="STORM", slug="storm")
    rows = Dealer.objects.bulk_create(
        Dealer(code=f"S{n:04}", slug=f"storm-{n}", name=f"Storm {n}", region=n % 12) for n in range(count)
    )
    Dealer.makes.through.objects.bulk_create(Dealer.makes.through(dealer=row, make=make) for row in rows)
    now = timezone.now()
    evidence.record(
        evidence.Claim(
            dealer_id=row.pk,
            system=system,
            kind="probe",
            source="probe",
            claim="operational",
            observed_at=now,
            repeats=9,
        )
        for row in rows
        for system in System.values
        if not (system == FAILING and _fails(row))
    )
    evidence.recompute(at=now)
    return rows


def _fails(dealer: Dealer) -> bool:
    return int(dealer.code[1:]) % 3 == 0


def _garages(count: int) -> list[str]:
    """Independent garages, each with a key; answers the keys."""
    rows = Dealer.objects.bulk_create(
        (
            Dealer(code=f"{_letters(n)}", slug=f"source-{n}", name=f"Source {n}", kind="independent", region=n % 12)
            for n in range(count)
        ),
        batch_size=2_000,
    )
    secrets = [f"{KEY_PREFIX}storm-{n}" for n in range(count)]
    ApiKey.objects.bulk_create(
        (
            ApiKey(
                dealer=row,
                name="storm",
                prefix="gh_storm",
                digest=hashlib.sha256(secret.encode()).hexdigest(),
                scopes=["report"],
            )
            for row, secret in zip(rows, secrets, strict=True)
        ),
        batch_size=2_000,
    )
    return secrets


def _letters(n: int) -> str:
    return f"Z{n // 1000}{n % 1000:03}"


def _bodies(places: list[Dealer], count: int) -> list[bytes]:
    """What each source sends: twenty systems at random, one word in twenty wrong."""
    rng = random.Random(7)
    every = [(place, system) for place in places for system in System.values]
    bodies = []
    for _ in range(count):
        said = [
            {
                "dealer": place.code,
                "system": system,
                "works": (system == FAILING and _fails(place)) == (rng.random() < WRONG),
            }
            for place, system in rng.sample(every, REPORTS_EACH)
        ]
        bodies.append(json.dumps({"reports": said}).encode())
    return bodies


def _send_all(url: str, requests: list[tuple[str, bytes]]) -> list[int]:
    """Send them over a few lasting connections; answers how many reports each request says were taken."""
    taken: list[int] = []
    waiting, host = iter(requests), urlsplit(url).netloc
    lock = threading.Lock()

    def client() -> None:
        connection = http.client.HTTPConnection(host, timeout=60)
        while True:
            with lock:
                request = next(waiting, None)
            if request is None:
                connection.close()
                return
            headers = {"Authorization": f"Bearer {request[0]}", "Content-Type": "application/json"}
            connection.request("POST", "/api/v1/reports/bulk", body=request[1], headers=headers)
            answer = connection.getresponse()
            body = json.loads(answer.read())
            taken.append(sum(row["taken"] for row in body["results"]) if answer.status == 202 else 0)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def test_in_a_storm_of_reports_none_is_lost_and_no_healthy_system_is_called_down(drill, capsys):
    places = _places(min(300, max(20, SOURCES // 5)))
    requests = list(zip(_garages(SOURCES), _bodies(places, SOURCES), strict=True))
    drill.worker()
    drill.beat()
    site = drill.site()

    started = time.monotonic()
    taken = _send_all(str(site.base_url), requests)
    took = time.monotonic() - started
    evidence.judge_new(at=timezone.now())
    judged = time.monotonic() - started - took

    with capsys.disabled():
        print(f"\n{sum(taken):,} reports of {SOURCES:,} sources in {took:.1f} s, the last judged {judged:.1f} s later")  # noqa: T201 - the figure is half the purpose
    assert taken == [REPORTS_EACH] * SOURCES
    assert Evidence.objects.filter(kind="garage").count() == SOURCES * REPORTS_EACH
    assert not Unjudged.objects.exists()
    failing = {place.pk for place in places if _fails(place)}
    wrong = StatusChange.objects.filter(new__in=["down", "degraded"]).exclude(dealer__in=failing, system=FAILING)
    assert not wrong.exists()
    assert set(Status.objects.filter(dealer__in=failing, system=FAILING).values_list("state", flat=True)) == {"down"}
    evidence.recompute(at=timezone.now())
    assert not StatusChange.objects.filter(new__in=["down", "degraded"]).exclude(dealer__in=failing, system=FAILING)


def test_while_redis_is_dead_reports_are_taken_and_judged(drill):
    places = _places(20)
    keys = _garages(20)
    site = drill.site()
    drill.redis.kill()
    said = [{"dealer": place.code, "system": FAILING, "works": False} for place in places if _fails(place)]

    for key in keys:
        answer = site.post("/api/v1/reports/bulk", json={"reports": said}, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 202

    answer = site.post("/api/v1/reports", json=said[0], headers={"Authorization": f"Bearer {keys[0]}"})
    assert answer.status_code == 202
    assert Evidence.objects.filter(kind="garage").count() == len(keys) * len(said)
    down = Status.objects.filter(system=FAILING, state="down").count()
    assert down == len(said)
