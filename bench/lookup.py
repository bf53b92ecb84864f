"""How fast a served site answers, against empty views of the same server, before and during a full decision."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection
from django.utils import timezone

from bench import serializers
from bench.decide import build_world, clear_world
from bench.served import Ask, served_site
from dealers.access import create_api_key
from dealers.models import Dealer
from parts.blocking.decide import decide
from parts.lookup.answer import look_up

REQUESTS = {"small": 300, "full": 1_500}
COMPARED = {"small": 40, "full": 200}
ROUNDS = 5
LOOKUP, CARS, PARTS = "/api/v1/vehicles/lookup", "/api/v1/vehicles/check", "/api/v1/parts/check"
_SAME = "POST answered 204 by the same server behind the same middleware, authentication and throttle; one connection"
_ANY = "SELECT registration FROM parts_vehicle ORDER BY md5(id::text) LIMIT %s"
_FAILED = """
SELECT registration FROM parts_vehicle v
WHERE EXISTS (SELECT FROM parts_defect d WHERE d.vehicle_id = v.id AND d.is_failing) ORDER BY md5(id::text) LIMIT %s
"""
_NUMBERS = "SELECT raw FROM parts_partnumber WHERE raw IS NOT NULL ORDER BY md5(id::text) LIMIT %s"


def run(scale: str) -> list[dict[str, Any]]:
    """The figures of `make bench` that concern answers."""
    try:
        build_world(scale)
        decide(at=timezone.now(), full=True)
        with served_site() as client:
            ask = Ask(client.base_url.port or 80)
            return [*_measure(ask, REQUESTS[scale]), _against_serializers(COMPARED[scale])]
    finally:
        clear_world()


def _measure(ask: Ask, count: int) -> list[dict[str, Any]]:
    any_plates, failed, numbers = _column(_ANY, count), _column(_FAILED, count), _column(_NUMBERS, 500)
    lots = [any_plates[first : first + 200] for first in range(0, count - 199, 100)]

    def look(plates: list[str]) -> Callable[[int], float]:
        return lambda turn: ask("POST", LOOKUP, {"registration": plates[turn % len(plates)]})

    def empty(path: str) -> Callable[[int], float]:
        return lambda _turn: ask("POST", path)

    whole = _rounds(look(any_plates), empty("/empty/lookup"), count)
    of_failed = _rounds(look(failed), empty("/empty/lookup"), count // 3)
    bare = _rounds(look(any_plates), empty("/empty/bare"), count // 3)
    third = look(any_plates), range(count // 3)
    idle = [_p99(*third) for _ in range(3)]
    busy = _during_decisions(lambda: [_p99(*third) for _ in range(3)])
    summary = _rounds(lambda _turn: ask("GET", "/api/v2/summary.json"), empty("/empty/bare"), 50)
    ask.key = create_api_key(dealer=Dealer.objects.all()[0], name="bench")[1]
    checks = _rounds(lambda _turn: ask("POST", PARTS, {"part_numbers": numbers}), empty("/empty/check"), 10)
    cars = _rounds(lambda turn: ask("POST", CARS, {"registrations": lots[turn % len(lots)]}), empty("/empty/check"), 10)
    ask.key = ""
    return [
        _figure("lookup_vs_empty_view", [1 / one for one in whole], "higher", f"requests/s of {_SAME}; any vehicles"),
        _figure("lookup_failed_vs_empty_view", [1 / one for one in of_failed], "higher", "the same; failed vehicles"),
        _figure(
            "lookup_vs_bare_view", [1 / one for one in bare], "higher",
            "requests/s of a Django view without framework, throttle or query; any vehicles",
        ),
        _figure("lookup_p99", [seconds * 1_000 for seconds in idle], "lower", "nothing deciding, any vehicles", unit="ms"),
        _figure("lookup_p99_during_full_decide_vs_idle", [slow / statistics.median(idle) for slow in busy], "lower", "the same, idle"),
        _figure("parts_check_500_vs_empty_view", checks, "lower", f"the time of {_SAME}, a garage's key"),
        _figure("vehicles_check_200", cars, "lower", f"the time of {_SAME}, a garage's key"),
        _figure("summary_json_vs_empty_view", [1 / one for one in summary], "higher", "requests/s of a bare view"),
    ]  # fmt: skip


def _rounds(work: Callable[[int], float], nothing: Callable[[int], float], count: int) -> list[float]:
    """How many times as long as nothing the work takes, in each of some rounds. They take turns: both meet what else
    the machine does. A tenth of each, the slowest, is left out.
    """
    for turn in range(5):
        work(turn), nothing(turn)
    found = []
    each = max(2, count // ROUNDS)
    for number in range(ROUNDS):
        pairs = [(work(number * each + turn), nothing(turn)) for turn in range(each)]
        found.append(_mean(taken for taken, _ in pairs) / _mean(taken for _, taken in pairs))
    return found


def _mean(seconds: Iterable[float]) -> float:
    ranked = sorted(seconds)
    return statistics.mean(ranked[: max(1, len(ranked) * 9 // 10)])


def _against_serializers(count: int) -> dict[str, Any]:
    """The same answers by the ORM and nested serializers, held to be equal, and how much longer they take."""
    plates = _column(_FAILED, count)
    for plate in plates[:20]:
        at = timezone.now()
        assert json.loads(serializers.answer(plate, at=at)) == json.loads(_encoded(plate, at=at)), "the answers differ"
    each = count // ROUNDS
    ratios = []
    for number in range(ROUNDS):
        lot, at = plates[number * each : number * each + each], timezone.now()
        slow = [_seconds(serializers.answer, plate, at=at) for plate in lot]
        quick = [_seconds(_encoded, plate, at=at) for plate in lot]
        ratios.append(_mean(slow) / _mean(quick))
    limit = "times as quick as equal answers by the ORM, prefetch_related and nested serializers; failed vehicles"
    return _figure("lookup_vs_serializers", ratios, "higher", limit)


def _encoded(plate: str, *, at: datetime) -> bytes:
    return msgspec.json.encode(look_up(plate, at=at), enc_hook=str)


def _seconds(work: Callable[..., object], plate: str, *, at: datetime) -> float:
    started = time.perf_counter()
    work(plate, at=at)
    return time.perf_counter() - started


def _during_decisions(work: Callable[[], list[float]]) -> list[float]:
    """The work, while full decisions run one after the other."""
    done = threading.Event()

    def decisions() -> None:
        while not done.is_set():
            decide(at=timezone.now(), full=True)
        connection.close()

    thread = threading.Thread(target=decisions)
    thread.start()
    try:
        return work()
    finally:
        done.set()
        thread.join()


def _p99(work: Callable[[int], float], turns: Iterable[int]) -> float:
    samples = sorted(work(turn) for turn in turns)
    return samples[int(len(samples) * 0.99)]


def _column(query: str, count: int) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(query, [count])
        return [row[0] for row in cursor.fetchall()]


def _figure(name: str, samples: list[float], better: str, limit: str, unit: str = "ratio") -> dict[str, Any]:
    return {
        "name": name,
        "value": round(statistics.median(samples), 3),
        "unit": unit,
        "better": better,
        "limit": limit,
        "samples": [round(sample, 3) for sample in samples],
    }
