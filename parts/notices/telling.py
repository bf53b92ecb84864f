"""Tells of what stands otherwise than was told. A batch's messages and what it told are written in one transaction.

Nothing keeps a place in a list of changes: every row says what was last told of it, so no change is overlooked, however
late its transaction ended, and none is told twice. What changed and changed back meanwhile is no news.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.utils import translation

from dealers.models import Event, Webhook
from garagehub.lib.errors import DomainError
from garagehub.lib.lock import LockKind, wait_for_lock
from garagehub.outbox.mail import Letter, queue_emails
from garagehub.outbox.webhooks import queue_event
from parts.blocking.models import Verdict
from parts.lookup.answer import look_up_from
from parts.lookup.place import Place
from parts.notices import alerts, digests, letters, standing
from parts.notices.payloads import MOST_ROWS, PartChangedData, VehicleChangedData, WatchedPart, WatchedVehicle

PAUSE: Final = timedelta(days=1)  # between two e-mails about one car, but for good news
GOOD: Final = (Verdict.REPAIRABLE.value, Verdict.NO_REPAIR_NEEDED.value)
# In one transaction; of watches more by those of the last garage, whose news are never torn apart.
_MOST_WATCHES, _MOST_ALERTS = 5_000, 500
_Row = TypeVar("_Row")

# A row without a plate is a car that was found to be another one, or lost its plate: nobody can be told which car it is.
_WATCHED_VEHICLES = f"""
SELECT w.id, w.dealer_id, w.public_id, vm.make_id, w.state, stands.state, v.registration, '', w.note,
       concat_ws(' ', make.name, vm.name)
FROM parts_watch w
JOIN dealers_dealer d ON d.id = w.dealer_id
JOIN parts_vehicle v ON v.id = w.vehicle_id
LEFT JOIN parts_vehiclemodel vm ON vm.id = v.model_id
LEFT JOIN dealers_make make ON make.id = vm.make_id
CROSS JOIN LATERAL (SELECT d.region) place
{standing.VEHICLE}
WHERE w.dealer_id > %(after)s AND v.registration IS NOT NULL AND w.state <> stands.state
ORDER BY w.dealer_id FETCH FIRST (%(most)s) ROWS WITH TIES
FOR UPDATE OF w
"""
_WATCHED_PARTS = f"""
SELECT w.id, w.dealer_id, w.public_id, NULL, w.state, stands.state, number.raw, brand.name, w.note, p.description
FROM parts_watch w
JOIN dealers_dealer d ON d.id = w.dealer_id
JOIN parts_part p ON p.id = w.part_id
JOIN parts_partnumber number ON number.part_id = p.id AND number.is_main
JOIN parts_brand brand ON brand.id = p.brand_id
CROSS JOIN LATERAL (SELECT d.region) place
{standing.PART}
WHERE w.dealer_id > %(after)s AND w.state <> stands.state
ORDER BY w.dealer_id FETCH FIRST (%(most)s) ROWS WITH TIES
FOR UPDATE OF w
"""
# Losing sight of a car is no news; finding it again in another state is.
_ALERTS = f"""
SELECT a.id, a.public_id, a.email, a.region, a.language, v.registration, stands.state
FROM parts_alert a
JOIN parts_vehicle v ON v.id = a.vehicle_id
CROSS JOIN LATERAL (SELECT coalesce(a.region, v.region) AS region) place
{standing.VEHICLE}
WHERE a.id > %(after)s AND a.confirmed_at IS NOT NULL AND v.registration IS NOT NULL
  AND stands.state NOT IN (a.told, 'unknown')
  AND (a.mailed_at IS NULL OR a.mailed_at <= %(at)s::timestamptz - %(pause)s::interval
       OR (stands.state = ANY(%(good)s) AND a.told <> ALL(%(good)s)))
ORDER BY a.id LIMIT %(most)s
FOR UPDATE OF a
"""
_SAW = """
UPDATE parts_watch w SET state = seen.state, changed_at = %(at)s
FROM unnest(%(ids)s::bigint[], %(states)s::text[]) AS seen (id, state) WHERE w.id = seen.id
"""
_TOLD = """
UPDATE parts_alert a SET told = seen.state, mailed_at = %(at)s,
    settled_at = CASE WHEN seen.state = ANY(%(good)s) THEN coalesce(a.settled_at, %(at)s) END
FROM unnest(%(ids)s::bigint[], %(states)s::text[]) AS seen (id, state) WHERE a.id = seen.id
"""


class _Seen(NamedTuple):
    """A watch whose car or part stands otherwise than its garage was told; `about`: the model, or the description."""

    id: int
    dealer_id: int
    public_id: UUID
    make_id: int | None
    old: str
    new: str
    name: str
    brand: str
    note: str
    about: str


class _News(NamedTuple):
    """All that changed of what one garage watches."""

    cars: list[_Seen]
    parts: list[_Seen]


class _Due(NamedTuple):
    """An alert whose owner is to be told now."""

    id: int
    public_id: UUID
    email: str
    region: int | None
    language: str
    registration: str
    state: str


def tell(*, at: datetime) -> int:
    """Write to owners, garages' webhooks and their members about what they wait for; answers how many messages."""
    return _tell_garages(at=at) + _tell_owners(at=at)


def _rows(statement: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def _tell_garages(*, at: datetime) -> int:
    """Batch after batch of whole garages: few messages for each, however many of its cars and parts changed."""
    written, after = 0, 0
    while True:
        with transaction.atomic():
            wait_for_lock(LockKind.ALERTS)
            news = _news(after=after)
            if not news:
                return written
            hooks = Webhook.objects.filter(dealer_id__in=news).select_related("endpoint")
            for webhook in hooks.prefetch_related("makes").order_by("pk"):
                written += _post_vehicles(webhook, news[webhook.dealer_id].cars, at)
                written += _post_parts(webhook, news[webhook.dealer_id].parts, at)
            written += _mail(news, at=at)
            seen = [one for garage in news.values() for one in (*garage.cars, *garage.parts)]
            _rows(_SAW, ids=[one.id for one in seen], states=[one.new for one in seen], at=at)
            after = max(news)


def _news(*, after: int) -> dict[int, _News]:
    """The news of the next garages by their ids, each garage's complete: what was read of one list only waits."""
    cars, parts = (
        [_Seen(*row) for row in _rows(statement, after=after, most=_MOST_WATCHES)]
        for statement in (_WATCHED_VEHICLES, _WATCHED_PARTS)
    )
    last = min((rows[-1].dealer_id for rows in (cars, parts) if len(rows) >= _MOST_WATCHES), default=None)
    found: dict[int, _News] = defaultdict(lambda: _News([], []))
    for kind, rows in enumerate((cars, parts)):
        for one in sorted(rows):  # by id: in the order they were added
            if last is None or one.dealer_id <= last:
                found[one.dealer_id][kind].append(one)
    return found


def _mail(news: Mapping[int, _News], *, at: datetime) -> int:
    """One letter for each member who wants it; it tells of everything."""
    ready = []
    for reader in digests.readers(news):
        of, token = reader.membership, digests.ENDING.token(reader.public_id)
        cars, parts = (_changes(seen) for seen in news[of.dealer_id])
        ready.append(letters.watched(of.user.email, garage=of.dealer.name, cars=cars, parts=parts, token=token))
    if ready:
        queue_emails(ready, kind="watches.changed", at=at)
    return len(ready)


def _changes(seen: Sequence[_Seen]) -> list[letters.Change]:
    return [letters.Change(one.name, one.about, one.note, one.old, one.new) for one in seen]


def _post_vehicles(webhook: Webhook, seen: Sequence[_Seen], at: datetime) -> int:
    wanted = {make.pk for make in webhook.makes.all()}
    rows = [
        WatchedVehicle(watch=str(one.public_id), registration=one.name, old=one.old, new=one.new)
        for one in seen
        if not wanted or one.make_id in wanted
    ]
    return _post(webhook, Event.VEHICLE_CHANGED, [VehicleChangedData(vehicles=lot) for lot in _lots(rows)], at=at)


def _post_parts(webhook: Webhook, seen: Sequence[_Seen], at: datetime) -> int:
    rows = [
        WatchedPart(watch=str(one.public_id), part_number=one.name, brand=one.brand, old=one.old, new=one.new)
        for one in seen
    ]
    return _post(webhook, Event.PART_CHANGED, [PartChangedData(parts=lot) for lot in _lots(rows)], at=at)


def _lots(rows: list[_Row]) -> Iterator[list[_Row]]:
    for start in range(0, len(rows), MOST_ROWS):
        yield rows[start : start + MOST_ROWS]


def _post(webhook: Webhook, event: Event, messages: Sequence[Mapping[str, Any]], *, at: datetime) -> int:
    if not webhook.wants(event):
        return 0
    return sum(
        queue_event(endpoint=webhook.endpoint, event_type=event.value, data=data, at=at) is not None
        for data in messages
    )


def _tell_owners(*, at: datetime) -> int:
    written, after = 0, 0
    while True:
        with transaction.atomic():
            wait_for_lock(LockKind.ALERTS)
            rows = _rows(_ALERTS, after=after, most=_MOST_ALERTS, at=at, pause=PAUSE, good=list(GOOD))
            if not rows:
                return written
            due = [_Due(*row) for row in rows]
            ready = _written(due, at=at)
            queue_emails([letter for _, letter in ready], kind="alert.changed", at=at)
            told = [one for one, _ in ready]
            _rows(_TOLD, ids=[one.id for one in told], states=[one.state for one in told], at=at, good=list(GOOD))
            written += len(ready)
            after = due[-1].id


def _written(due: Sequence[_Due], *, at: datetime) -> list[tuple[_Due, Letter]]:
    """Each with its letter; one whose answer is not what was decided waits, as its car's new test was not decided yet."""
    alike: dict[tuple[int | None, str], list[_Due]] = defaultdict(list)
    for one in due:
        alike[one.region, one.language].append(one)
    found: list[tuple[_Due, Letter]] = []
    for (region, language), here in alike.items():
        place = None if region is None else Place(region)
        with translation.override(language):
            answers = look_up_from([one.registration for one in here], place=place, at=at)
            found += [
                (one, letters.changed(one.email, answer, alerts.ENDING.token(one.public_id)))
                for one, answer in zip(here, answers, strict=True)
                if not isinstance(answer, DomainError) and answer["repair_status"] == one.state
            ]
    return found
