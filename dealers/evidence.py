"""Evidence in, statuses out: what sources claim is stored, and the verdicts it changes are written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from dealers import crowd, trust, verdicts
from dealers.models import Dealer, Evidence, Notice, SourceRecord, StatusChange, System, Unjudged
from dealers.peers import Case, judge_all
from dealers.status import LIVE_FOR, MANUFACTURER, NOTICES_LIVE_FOR, UNKNOWN, Item, trust_of
from dealers.swings import REMEMBERED, Change, Swings, look_back
from dealers.verdicts import from_micros
from garagehub.lib.lock import LockKind, try_lock, wait_for_lock

KEEP_FOR = timedelta(days=30)
CLOCK_SLACK = timedelta(minutes=1)  # a run that waited for another must not overlook what that one has already seen
SURE = 90  # percent; below it a report brings the system's automatic check forward
CHECK_REST = timedelta(seconds=15)  # but a check that has just run is not repeated for it
_ROUNDS = 2

Key = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one source says of one system at one dealer. `source` is stored, so it holds nothing personal."""

    dealer_id: int
    system: str
    kind: str
    source: str
    claim: str
    observed_at: datetime
    organisation: str = ""
    trust: float | None = None
    repeats: int = 1
    note: str = ""
    reporter_id: int | None = None


def record(claims: Iterable[Claim]) -> int:
    """Store claims, and answer how many: a check's replaces its last one, everyone else's are added.

    Verdicts do not change before `recompute`.
    """
    rows = [Evidence(**asdict(claim)) for claim in claims]
    checks = [row for row in rows if row.kind == Evidence.Kind.PROBE]
    with transaction.atomic():
        Evidence.objects.bulk_create([row for row in rows if row.kind != Evidence.Kind.PROBE], batch_size=2_000)
        if checks:
            _renew_checks(checks)
    return len(rows)


def _renew_checks(rows: Sequence[Evidence]) -> None:
    """One statement for the whole round. An older result never replaces a newer one."""
    columns = zip(
        *(
            (row.dealer_id, row.system, row.source, row.claim, row.trust, row.repeats, row.note, row.observed_at)
            for row in rows
        ),
        strict=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO dealers_evidence AS kept (kind, dealer_id, system, source, organisation, claim, trust, repeats,
                                                  note, observed_at, received_at)
            SELECT 'probe', dealer_id, system, source, '', claim, trust, repeats, note, observed_at, now()
              FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::float8[], %s::smallint[], %s::text[],
                          %s::timestamptz[])
                AS new (dealer_id, system, source, claim, trust, repeats, note, observed_at)
             ORDER BY dealer_id, system
                ON CONFLICT (dealer_id, system) WHERE kind = 'probe' DO UPDATE
               SET source = excluded.source, claim = excluded.claim, trust = excluded.trust,
                   repeats = excluded.repeats, note = excluded.note, observed_at = excluded.observed_at,
                   received_at = excluded.received_at
             WHERE kept.observed_at <= excluded.observed_at
            """,
            [list(column) for column in columns],
        )


def sweep(*, at: datetime) -> int:
    """Delete evidence too old to matter or to be asked about; answers how many rows."""
    crowd.forget(at=at)
    return Evidence.objects.filter(observed_at__lt=at - KEEP_FOR).delete()[0]


def recompute(
    dealer_ids: Collection[int] | None = None, *, at: datetime, systems: Collection[str] = tuple(System.values)
) -> int:
    """Judge these dealers' systems (by default all) again; answers how many statuses changed their state.

    One at a time, so that two runs never write over each other. What differs is written, the rest is not touched.
    The number of queries does not depend on the number of dealers.
    """
    with transaction.atomic():
        wait_for_lock(LockKind.STATUS)
        places = _places(dealer_ids)
        wanted = places.keys() if dealer_ids is None else places.keys() & set(dealer_ids)
        before = verdicts.read(places, systems=systems)
        swings = _swings(places, systems=systems, at=at)
        cases = _cases(places, systems=systems, before=before, swings=swings, at=at)
        only = {(dealer_id, system) for dealer_id in wanted for system in systems}
        judged = judge_all(cases, at=at, only=only)
        return verdicts.write(judged, before=before, swings=swings, at=at)


def mark(keys: Iterable[Key]) -> None:
    """Note, in the transaction of the evidence, that these systems of dealers are to be judged."""
    Unjudged.objects.bulk_create(Unjudged(dealer_id=dealer_id, system=system) for dealer_id, system in sorted(keys))


def judge_new(*, at: datetime, wait: bool = True) -> int:
    """Judge what is marked, whoever marked it; answers how many statuses changed their state.

    Many reports at a time share one run: who waited for another's finds nothing left to do. Without `wait` nothing is
    done while another runs, which looks again before it ends; the regular run is the net.
    """
    changed = 0
    for _ in range(_ROUNDS):
        with transaction.atomic():
            if wait:
                wait_for_lock(LockKind.STATUS)
            elif not try_lock(LockKind.STATUS):
                return changed
            keys = _take_marks()
            if not keys:
                return changed
            changed += recompute({key[0] for key in keys}, at=at, systems=sorted({key[1] for key in keys}))
            _check_sooner(keys, at=at)
        if not Unjudged.objects.exists():
            break
    return changed


def _check_sooner(keys: Collection[Key], *, at: datetime) -> None:
    """Have the automatic checks of these systems run at once where we are not sure, as far as they have not just run."""
    values: dict[str, Any] = {
        "at": at,
        "dealers": [key[0] for key in keys],
        "systems": [key[1] for key in keys],
        "sure": SURE,
        "rest": CHECK_REST,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE dealers_probe AS probe
               SET next_at = %(at)s
              FROM dealers_status AS said, unnest(%(dealers)s::bigint[], %(systems)s::text[]) AS told (dealer_id, system)
             WHERE said.dealer_id = told.dealer_id AND said.system = told.system
               AND (said.confidence < %(sure)s OR said.is_unstable)
               AND probe.dealer_id = told.dealer_id AND probe.system = told.system
               AND probe.is_enabled AND probe.next_at > %(at)s
               AND (probe.last_at IS NULL OR probe.last_at <= %(at)s - %(rest)s)
            """,
            values,
        )


def _take_marks() -> set[Key]:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM dealers_unjudged RETURNING dealer_id, system")
        return set(cursor.fetchall())


def discard(claims: QuerySet[Evidence], *, at: datetime) -> int:
    """Delete false claims and judge their dealers again; answers how many statuses changed."""
    dealer_ids = set(claims.order_by().values_list("dealer_id", flat=True))
    claims.delete()
    return recompute(dealer_ids, at=at)


def withdraw(notices: QuerySet[Notice], *, at: datetime) -> int:
    """A manufacturer's notices no longer hold; answers how many statuses changed."""
    notices.filter(withdrawn_at=None).update(withdrawn_at=at)
    return recompute(at=at)


def refresh(*, at: datetime) -> int:
    """The net under everything else: delete old evidence, learn whom to trust, judge every dealer again.

    Answers how many statuses changed.
    """
    sweep(at=at)
    trust.learn(at=at)
    return recompute(at=at)


@dataclass(frozen=True, slots=True)
class _Place:
    region: int
    makes: tuple[int, ...]


def _places(dealer_ids: Collection[int] | None) -> dict[int, _Place]:
    """The active dealers to judge and every peer that shares a make with one of them."""
    dealers = Dealer.objects.active()
    if dealer_ids is not None:
        makes = Dealer.makes.through.objects.filter(dealer__in=dealer_ids).values("make_id")
        dealers = dealers.filter(Q(pk__in=dealer_ids) | Q(pk__in=Dealer.objects.filter(makes__in=makes)))
    rows = dealers.annotate(make_ids=ArrayAgg("makes", filter=~Q(makes=None), default=[])).order_by("pk")
    return {
        pk: _Place(region, tuple(sorted(make_ids)))
        for pk, region, make_ids in rows.values_list("pk", "region", "make_ids")
    }


def _swings(places: Collection[int], *, systems: Collection[str], at: datetime) -> dict[Key, Swings]:
    """How often each system turned back lately, and when it last came back, of those that changed at all."""
    lately = StatusChange.objects.filter(
        at__gt=at - REMEMBERED, at__lte=at, dealer_id__in=list(places), system__in=list(systems)
    )
    changes: dict[Key, list[Change]] = defaultdict(list)
    for dealer_id, system, old, new, then in lately.values_list("dealer_id", "system", "old", "new", "at"):
        changes[dealer_id, system].append(Change(old, new, then))
    return {key: look_back(of_one, at=at) for key, of_one in changes.items()}


def _cases(
    places: dict[int, _Place],
    *,
    systems: Collection[str],
    before: dict[Key, verdicts.Said],
    swings: dict[Key, Swings],
    at: datetime,
) -> dict[Key, Case]:
    items = _live_items(places, systems=systems, at=at)
    notices = _live_notices(at=at)
    cases = {}
    for dealer_id, place in places.items():
        for system in systems:
            key = (dealer_id, system)
            said = _notices_about(notices, dealer_id=dealer_id, place=place, system=system)
            previous = before[key].state if key in before else UNKNOWN
            groups = tuple((make, system) for make in place.makes)
            back_at = swings[key].back_at if key in swings else None
            cases[key] = Case((*items.get(key, ()), *said), previous, groups, back_at)
    return cases


def _live_items(places: Iterable[int], *, systems: Collection[str], at: datetime) -> dict[Key, list[Item]]:
    """The newest claim of each source, with the trust its record has earned."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (dealer_id, system, source)
                   dealer_id, system, kind, source, organisation, claim, trust, repeats,
                   (extract(epoch FROM observed_at) * 1000000)::bigint
              FROM dealers_evidence
             WHERE dealer_id = ANY(%s) AND system = ANY(%s) AND observed_at > %s AND observed_at <= %s
             ORDER BY dealer_id, system, source, observed_at DESC, id DESC
            """,
            [list(places), list(systems), at - LIVE_FOR, at + CLOCK_SLACK],
        )
        newest = cursor.fetchall()
    records = {
        source: (agreed, disagreed)
        for source, agreed, disagreed in SourceRecord.objects.values_list("source", "agreed", "disagreed")
    }
    found: dict[Key, list[Item]] = defaultdict(list)
    for dealer_id, system, kind, source, organisation, claim, given, repeats, micros in newest:
        record = records.get(source) if given is None else None
        earned = trust_of(kind, agreed=record[0], disagreed=record[1]) if record else given
        item = Item(kind, source, claim, from_micros(micros), organisation, earned, repeats)
        found[dealer_id, system].append(item)
    return found


def _live_notices(*, at: datetime) -> list[Notice]:
    live = Notice.objects.filter(
        withdrawn_at=None,
        published_at__gt=at - NOTICES_LIVE_FOR,
        published_at__lte=at,
    )
    named = ArrayAgg("dealers", filter=~Q(dealers=None), default=[])
    return list(live.annotate(named=named).order_by("-published_at", "-pk"))


def _notices_about(notices: Iterable[Any], *, dealer_id: int, place: _Place, system: str) -> list[Item]:
    """The newest notice of each manufacturer about this system at this dealer."""
    newest: dict[int, Notice] = {}
    for notice in notices:
        is_named = not notice.named or dealer_id in notice.named
        if is_named and notice.make_id in place.makes and notice.covers(system=system, region=place.region):
            newest.setdefault(notice.make_id, notice)
    return [Item(MANUFACTURER, f"notice:{make}", notice.claim, notice.published_at) for make, notice in newest.items()]
