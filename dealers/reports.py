"""Reports: a garage, the dealer itself or anyone passing by says whether a system works."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import msgspec
from django.db import connection, transaction
from django.utils.translation import gettext as _

from dealers import crowd, evidence
from dealers.access import visible_dealers
from dealers.models import Dealer, Evidence, Status, System
from dealers.pace import Pace
from dealers.status import DOWN, OPERATIONAL
from garagehub.lib.errors import DomainError, NotAllowedError

NOTE_LENGTH = 500
MOST_AT_ONCE = 500
MOST_PER_HOUR = 600  # by one garage, whatever its number of people and keys
SAME_AGAIN_WITHIN = timedelta(minutes=5)

_SYSTEMS = tuple(System.values)

Key = tuple[int, str]


class TooManyReportsError(DomainError):
    """This source reports faster than people can look."""

    status = 429


@dataclass(frozen=True, slots=True)
class Said:
    """One report as sent: the dealer's code, the system, whether it works."""

    dealer: str
    system: str
    works: bool
    note: str = ""

    @property
    def claim(self) -> str:
        """What it says, as evidence has it."""
        return OPERATIONAL if self.works else DOWN


@dataclass(frozen=True, slots=True)
class Receipt:
    """A report taken: the stored claim, and what we now say of the system (None while nothing is known)."""

    evidence: Evidence
    status: Status | None


_pace = Pace(rest=20)  # here people wait for answers; what is left is judged by the beat's task
_task_pace = Pace(rest=2)


def submit(
    *, dealer: str, system: str, works: bool, by: Dealer | None, user: Any = None, note: str = "", at: datetime
) -> Receipt:
    """Take a report by the garage or dealer `by` about the dealer with code `dealer`, and judge at once.

    A dealer's report about itself is its own word; about another it is a garage's. One garage has one voice, the
    newest: the same report within five minutes renews the last one. The row is committed before anything else is
    done, so that no report is lost. Raises DomainError naming the field at fault, NotAllowedError without a garage,
    TooManyReportsError past 600 an hour.
    """
    (taken,) = _take([Said(dealer, system, works, note)], by=_garage(by), user=user, at=at)
    if isinstance(taken, DomainError):
        raise taken
    evidence.judge_new(at=at)
    return Receipt(taken, _status_of(taken))


def submit_many(
    said: Sequence[Said], *, by: Dealer | None, user: Any = None, at: datetime
) -> list[Evidence | DomainError]:
    """Take up to 500 reports of one garage at once: for each, in order, the stored claim or what is wrong with it.

    One wrong report does not refuse the others. What was taken is committed; the verdicts follow within seconds, at
    once unless judging already takes its share of this process. The number of queries does not depend on the number of reports. Raises DomainError
    for none or more than 500, NotAllowedError without a garage.
    """
    if not 0 < len(said) <= MOST_AT_ONCE:
        text = f"Send 1 to {MOST_AT_ONCE} reports."
        raise DomainError(text, code="bad_number_of_reports", fields={"reports": [text]})
    taken = _take(said, by=_garage(by), user=user, at=at)
    _pace.run(lambda: evidence.judge_new(at=at, wait=False))
    return taken


def judge_lists(*, at: datetime) -> None:
    """Judge what came in lists. In a storm a run has much to read: it rests twice as long as it took."""
    _task_pace.run(lambda: evidence.judge_new(at=at, wait=False))


def report_publicly(*, dealer: str, system: str, works: bool, address: str, at: datetime) -> Receipt:
    """Take a report of anyone, known by nothing but the network address the request came from.

    It weighs little, the public together at most `status.PUBLIC_CAP`, and alone decides nothing; the address is hashed
    with a salt that is deleted after the day. One address has one voice per system: the same within five minutes renews
    it. Raises DomainError naming the field at fault, TooManyReportsError when this address, or everyone about this
    system, or everyone at all has said enough for now.
    """
    said = Said(dealer, system, works)
    places = _places([said])
    if (wrong := _fault(said, places)) is not None:
        raise wrong
    about = places[_code(said)]
    who = crowd.trace(address, at=at)
    with transaction.atomic():
        lately = Evidence.objects.filter(source=who.source, dealer=about, system=system)
        row = lately.filter(claim=said.claim, observed_at__gt=at - SAME_AGAIN_WITHIN).order_by("-observed_at").first()
        if row is not None:
            Evidence.objects.filter(pk=row.pk).update(observed_at=at)
        elif (why := crowd.why_not(who, dealer_id=about.pk, system=system, at=at)) is not None:
            raise TooManyReportsError(why, code="too_many_reports")
        else:
            row = Evidence.objects.create(
                dealer=about,
                system=system,
                kind=Evidence.Kind.PUBLIC,
                source=who.source,
                organisation=who.organisation,
                claim=said.claim,
                observed_at=at,
                received_at=at,
            )
        evidence.mark([(about.pk, system)])
    evidence.judge_new(at=at)
    return Receipt(row, _status_of(row))


def source_of(garage: Dealer, *, about: Dealer) -> str:
    """The name under which a garage's claims are kept: one voice per garage."""
    return _source(garage, about.pk)


def _source(garage: Dealer, about_id: int) -> str:
    kind = Evidence.Kind.DEALER if garage.pk == about_id else Evidence.Kind.GARAGE
    return f"{kind}:{garage.code}"


def _garage(by: Dealer | None) -> Dealer:
    if by is None:
        raise NotAllowedError(
            _("Reports are for garages and dealers: send a key, or sign in with an account that belongs to one."),
            code="not_a_garage",
        )
    return by


def _code(said: Said) -> str:
    return said.dealer.strip().upper()


def _places(said: Collection[Said]) -> dict[str, Dealer]:
    codes = {code for report in said if "\0" not in (code := _code(report))}
    return {dealer.code: dealer for dealer in visible_dealers().filter(code__in=codes).only("code")}


def _fault(said: Said, places: Mapping[str, Dealer]) -> DomainError | None:
    """What is wrong with a report, naming the field; None when nothing is."""
    if _code(said) not in places:
        text = _("There is no dealer with the code %(code)r. A code is five letters or digits, like R4T02.")
        text %= {"code": said.dealer[:40]}
        return DomainError(text, code="unknown_dealer", fields={"dealer": [text]})
    if said.system not in _SYSTEMS:
        text = _("There is no system %(system)r. The systems are: %(known)s.")
        text %= {"system": said.system[:40], "known": ", ".join(_SYSTEMS)}
        return DomainError(text, code="unknown_system", fields={"system": [text]})
    if len(said.note) > NOTE_LENGTH:
        text = _("A note has at most %(most)d characters.") % {"most": NOTE_LENGTH}
        return DomainError(text, code="note_too_long", fields={"note": [text]})
    return None


def _status_of(row: Evidence) -> Status | None:
    return Status.objects.filter(dealer_id=row.dealer_id, system=row.system).first()


def _take(said: Sequence[Said], *, by: Dealer, user: Any, at: datetime) -> list[Evidence | DomainError]:
    """Store what is right of these reports, with the marks that they are to be judged: two reads and one write."""
    places = _places(said)
    last, room = _lately(by, at=at)
    reporter = user if user is not None and user.is_authenticated else None
    outcomes: list[Evidence | DomainError] = []
    new: list[Evidence] = []
    renewed: dict[int, Evidence] = {}
    for report in said:
        fault = _fault(report, places)
        if fault is not None:
            outcomes.append(fault)
            continue
        about = places[_code(report)]
        note = report.note.replace("\0", "")
        row = last.get((about.pk, report.system))
        if row is not None and row.claim == report.claim and at - row.observed_at < SAME_AGAIN_WITHIN:
            row.observed_at, row.note, row.dealer = at, note or row.note, about
            if row.pk:
                renewed[row.pk] = row
        elif len(new) >= room:
            text = _("That is more than %(most)d reports in an hour. Wait a while before sending more.")
            text %= {"most": MOST_PER_HOUR}
            outcomes.append(TooManyReportsError(text, code="too_many_reports"))
            continue
        else:
            row = _row(report, about=about, by=by, note=note, reporter=reporter, at=at)
            new.append(row)
            last[about.pk, report.system] = row
        outcomes.append(row)
    if new or renewed:
        _store(new, renewed.values())
    return outcomes


_LATELY = """
SELECT DISTINCT ON (dealer_id, system)
       dealer_id, system, id, claim, note, observed_at, kind, count(*) OVER ()
  FROM dealers_evidence
 WHERE source = ANY(%s) AND observed_at > %s
 ORDER BY dealer_id, system, observed_at DESC, id DESC
"""


def _lately(by: Dealer, *, at: datetime) -> tuple[dict[Key, Evidence], int]:
    """The newest claim of this garage about each system in the past hour, and how many more it may send."""
    sources = [f"{kind}:{by.code}" for kind in (Evidence.Kind.DEALER, Evidence.Kind.GARAGE)]
    with connection.cursor() as cursor:
        cursor.execute(_LATELY, [sources, at - timedelta(hours=1)])
        rows = cursor.fetchall()
    newest = {
        (dealer_id, system): Evidence(
            pk=pk,
            dealer_id=dealer_id,
            system=system,
            kind=kind,
            source=f"{kind}:{by.code}",
            claim=claim,
            note=note,
            observed_at=observed_at,
        )
        for dealer_id, system, pk, claim, note, observed_at, kind, _ in rows
    }
    return newest, max(0, MOST_PER_HOUR - (rows[0][-1] if rows else 0))


def _row(said: Said, *, about: Dealer, by: Dealer, note: str, reporter: Any, at: datetime) -> Evidence:
    return Evidence(
        dealer=about,
        system=said.system,
        kind=Evidence.Kind.DEALER if by.pk == about.pk else Evidence.Kind.GARAGE,
        source=_source(by, about.pk),
        organisation=by.group or by.code,
        claim=said.claim,
        note=note,
        observed_at=at,
        received_at=at,
        reporter=reporter,
    )


_STORE = """
WITH again AS (
    SELECT * FROM json_to_recordset(%s::json)
               AS said (id bigint, dealer_id bigint, system text, observed_at timestamptz, note text)
), new AS (
    SELECT * FROM ROWS FROM (json_to_recordset(%s::json)
                             AS (dealer_id bigint, system text, kind text, source text, organisation text, claim text,
                                 note text, observed_at timestamptz, received_at timestamptz, reporter_id bigint))
             WITH ORDINALITY
), renewed AS (
    UPDATE dealers_evidence AS kept
       SET observed_at = again.observed_at, note = again.note
      FROM again
     WHERE kept.id = again.id
), marked AS (
    INSERT INTO dealers_unjudged (dealer_id, system)
    SELECT dealer_id, system FROM again UNION SELECT dealer_id, system FROM new
)
INSERT INTO dealers_evidence (dealer_id, system, kind, source, organisation, claim, note, repeats, observed_at,
                              received_at, reporter_id)
SELECT dealer_id, system, kind, source, organisation, claim, note, 1, observed_at, received_at, reporter_id
  FROM new
 ORDER BY ordinality
RETURNING id
"""

_AGAIN = ("id", "dealer_id", "system", "observed_at", "note")
_NEW = (
    *("dealer_id", "system", "kind", "source", "organisation"),
    *("claim", "note", "observed_at", "received_at", "reporter_id"),
)


def _store(new: Sequence[Evidence], renewed: Iterable[Evidence]) -> None:
    """Add the new claims, give the others the time and note of a report that said the same again, and mark all of them.

    One statement, which is a transaction of its own: a storm is mostly made of these. As JSON the values are written and
    read by C, where the driver puts together arrays value by value.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [_json(renewed, _AGAIN), _json(new, _NEW)])
        for row, (pk,) in zip(new, cursor.fetchall(), strict=True):
            row.pk = pk


def _json(rows: Iterable[Evidence], names: Sequence[str]) -> str:
    values = attrgetter(*names)
    return msgspec.json.encode([dict(zip(names, values(row), strict=True)) for row in rows]).decode()
