"""Ask DVSA and DVLA about one plate: at once for somebody who waits, or when there is room.

A plate that neither knows is remembered for a day, so that asking again costs the authorities nothing. DVSA's history
can lag behind DVLA, so both are asked; DVLA alone knows who is off the road by choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection, transaction

from parts.marks.marks import Mark, mark
from parts.vehicles import dvla, dvsa
from parts.vehicles.dvsa import AuthorityError
from parts.vehicles.importing import import_reply
from parts.vehicles.models import Authority, Enquiry, Vehicle
from parts.vehicles.records import BadRecordError
from parts.vehicles.turns import note_answer, note_failure, take_turn

REMEMBERED = timedelta(days=1)
PATIENCE_S = 5.0  # of somebody who waits; the whole of it, for both authorities
MOST_TRIES = 6
_LEASE = timedelta(minutes=2)
_AT_ONCE = 40  # a worker's handful

_CLAIM = """
UPDATE parts_enquiry SET due_at = %(until)s, tries = tries + 1
WHERE id IN (SELECT id FROM parts_enquiry WHERE state = 'waiting' AND due_at <= %(at)s
             ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING registration, tries
"""

_ASK_LATER = """
INSERT INTO parts_enquiry AS e (registration, state, due_at, tries, error)
SELECT unnest(%(wanted)s::text[]), 'waiting', %(at)s, 0, ''
ON CONFLICT (registration) DO UPDATE SET state = 'waiting', due_at = excluded.due_at, tries = 0
WHERE e.state <> 'waiting' AND e.answered_at <= %(old)s
"""


@dataclass(frozen=True)
class _Said:
    """What the authorities said. `dvla` is None where DVLA does not know it, or was not asked; see `has_asked_dvla`."""

    history: bytes | None
    dvla: dvla.Enquiry | None
    has_asked_dvla: bool


def is_set_up() -> bool:
    """Whether a plate we do not know can be asked for."""
    return bool(settings.DVSA_API_URL and settings.DVSA_TOKEN_URL)


def enquire(registration: str, *, at: datetime, is_waited_for: bool = True) -> bool:
    """Ask about a normalised plate and take in what is said; whether it is known to anybody.

    Raises AuthorityError when DVSA did not answer: that says nothing about the vehicle.
    """
    if Enquiry.objects.filter(
        registration=registration, state=Enquiry.State.NOT_FOUND, answered_at__gt=at - REMEMBERED
    ).exists():
        return False
    said = _ask(registration, at=at, is_waited_for=is_waited_for)
    with transaction.atomic():
        is_known = _take_in(registration, said, at=at)
        state = Enquiry.State.KNOWN if is_known else Enquiry.State.NOT_FOUND
        values = {"state": state, "answered_at": at, "error": ""}
        Enquiry.objects.update_or_create(
            registration=registration, defaults=values, create_defaults={**values, "due_at": at}
        )
    return is_known


def ask_later(registrations: Iterable[str], *, at: datetime) -> None:
    """Let these be asked about when there is room. Those asked about within a day are left alone."""
    wanted = sorted(set(registrations))
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(_ASK_LATER, {"wanted": wanted, "at": at, "old": at - REMEMBERED})


def answered(registrations: Iterable[str], *, at: datetime) -> set[str]:
    """Which of these were asked about within a day, and are known to nobody."""
    found = Enquiry.objects.filter(
        registration__in=list(registrations), state=Enquiry.State.NOT_FOUND, answered_at__gt=at - REMEMBERED
    )
    return set(found.values_list("registration", flat=True))


def work_off(*, at: datetime, clock: Callable[[], datetime] | None = None) -> int:
    """Ask about those that wait, as far as the budget goes; how many were answered.

    `clock` says the time of each question, since a handful takes a while. A worker that dies gives its handful back
    after two minutes. What an authority does not answer waits longer each time and is given up after a few tries.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"at": at, "until": at + _LEASE, "limit": _AT_ONCE})
        claimed = cursor.fetchall()
    count = 0
    for registration, tries in claimed:
        now = clock() if clock else at
        try:
            enquire(registration, at=now, is_waited_for=False)
            count += 1
        except (AuthorityError, BadRecordError) as error:
            _put_back(registration, error, tries=tries, at=now)
    return count


def sweep(*, at: datetime) -> int:
    """Forget what was asked more than a day ago; how many rows went."""
    old = Enquiry.objects.exclude(state=Enquiry.State.WAITING).filter(answered_at__lte=at - REMEMBERED)
    return old.delete()[0]


def _ask(registration: str, *, at: datetime, is_waited_for: bool) -> _Said:
    """Both authorities at the same time. DVLA's silence costs its part of the answer only, DVSA's the whole."""
    patience_s = PATIENCE_S if is_waited_for else 30.0
    take_turn(Authority.Name.DVSA, at=at, is_waited_for=is_waited_for)
    asks_dvla = dvla.is_set_up() and _has_turn(Authority.Name.DVLA, at=at, is_waited_for=is_waited_for)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="dvla") as beside:
        second = beside.submit(dvla.by_registration, registration, patience_s=patience_s) if asks_dvla else None
        with _noted(Authority.Name.DVSA, at=at):
            history = dvsa.by_registration(registration, at=at, patience_s=patience_s)
    if second is None:
        return _Said(history, None, has_asked_dvla=False)
    try:
        with _noted(Authority.Name.DVLA, at=at):
            return _Said(history, second.result(), has_asked_dvla=True)
    except AuthorityError:
        return _Said(history, None, has_asked_dvla=False)


def _has_turn(name: Authority.Name, *, at: datetime, is_waited_for: bool) -> bool:
    try:
        take_turn(name, at=at, is_waited_for=is_waited_for)
    except AuthorityError:
        return False
    return True


@contextmanager
def _noted(name: Authority.Name, *, at: datetime) -> Iterator[None]:
    try:
        yield
    except AuthorityError as error:
        note_failure(name, error, at=at)
        raise
    note_answer(name)


def _take_in(registration: str, said: _Said, *, at: datetime) -> bool:
    """Store what was said, in the caller's transaction; whether there is such a vehicle."""
    body = said.history
    if body is None and said.dvla:
        body = _record(registration, said.dvla)
    if body is not None:
        import_reply(body, at=at)
    if said.has_asked_dvla:
        _note_dvla(registration, said.dvla, at=at)
    return body is not None


def _record(registration: str, said: dvla.Enquiry) -> bytes:
    """A vehicle that DVLA knows and DVSA does not, in DVSA's shape: never tested, as far as anybody knows."""
    record: dict[str, Any] = {
        "registration": registration,
        "make": said.make,
        "primaryColour": said.colour,
        "fuelType": said.fuel_type,
        "manufactureYear": said.year_of_manufacture,
        "motTests": [],
    }
    return msgspec.json.encode(record)


def _note_dvla(registration: str, said: dvla.Enquiry | None, *, at: datetime) -> None:
    vehicle = Vehicle.objects.filter(registration=registration).first()
    if vehicle is None:
        return
    was_sorn, vehicle.dvla_checked_at = vehicle.is_sorn, at
    if said:
        vehicle.is_sorn, vehicle.dvla_expires_on = said.is_sorn, said.mot_expiry_date
    vehicle.save(update_fields=["is_sorn", "dvla_expires_on", "dvla_checked_at"])
    if vehicle.is_sorn != was_sorn:
        mark(Mark.VEHICLE, [vehicle.pk])


def _put_back(registration: str, error: Exception, *, tries: int, at: datetime) -> None:
    wait_s = getattr(error, "retry_after_s", None) or min(30 * 2**tries, 3_600)
    is_over = tries >= MOST_TRIES or isinstance(error, BadRecordError)
    values = {"error": str(error)[:300], "due_at": at + timedelta(seconds=wait_s)}
    if is_over:
        values |= {"state": Enquiry.State.FAILED, "answered_at": at}
    Enquiry.objects.filter(registration=registration, state=Enquiry.State.WAITING).update(**values)
