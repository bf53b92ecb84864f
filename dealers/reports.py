"""Reports: a garage, or the dealer itself, says whether a system works."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dealers import evidence
from dealers.access import visible_dealers
from dealers.models import Dealer, Evidence, Status, System
from dealers.status import DOWN, OPERATIONAL
from garagehub.lib.errors import DomainError, NotAllowedError

NOTE_LENGTH = 500
MOST_PER_HOUR = 300  # by one garage, whatever its number of people and keys
SAME_AGAIN_WITHIN = timedelta(minutes=5)


class TooManyReportsError(DomainError):
    """This garage reports faster than people can look."""

    status = 429


@dataclass(frozen=True, slots=True)
class Receipt:
    """A report taken: the stored claim, and what we now say of the system (None while nothing is known)."""

    evidence: Evidence
    status: Status | None


def submit(
    *, dealer: str, system: str, works: bool, by: Dealer | None, user: Any = None, note: str = "", at: datetime
) -> Receipt:
    """Take a report by the garage or dealer `by` about the dealer with code `dealer`, and judge at once.

    A dealer's report about itself is its own word; about another it is a garage's. One garage has one voice, the
    newest: the same report within five minutes renews the last one. The row is committed before anything else is
    done, so that no report is lost. Raises DomainError naming the field at fault, NotAllowedError without a garage,
    TooManyReportsError past 300 an hour.
    """
    if by is None:
        raise NotAllowedError(
            "Reports are for garages and dealers: send a key, or sign in with an account that belongs to one.",
            code="not_a_garage",
        )
    about = _dealer(dealer)
    if system not in System.values:
        known = ", ".join(System.values)
        text = f"There is no system {system!r}. The systems are: {known}."
        raise DomainError(text, code="unknown_system", fields={"system": [text]})
    if len(note) > NOTE_LENGTH:
        text = f"A note has at most {NOTE_LENGTH} characters."
        raise DomainError(text, code="note_too_long", fields={"note": [text]})
    row = _store(about=about, system=system, works=works, by=by, user=user, note=note.replace("\0", ""), at=at)
    evidence.recompute([about.pk], systems=[system], at=at)
    return Receipt(row, Status.objects.filter(dealer=about, system=system).first())


def source_of(garage: Dealer, *, about: Dealer) -> str:
    """The name under which a garage's claims are kept: one voice per garage."""
    kind = Evidence.Kind.DEALER if garage.pk == about.pk else Evidence.Kind.GARAGE
    return f"{kind}:{garage.code}"


def _dealer(code: str) -> Dealer:
    found = visible_dealers().filter(code=code.strip().upper()).first()
    if found is None:
        text = f"There is no dealer with the code {code!r}. A code is five letters or digits, like R4T02."
        raise DomainError(text, code="unknown_dealer", fields={"dealer": [text]})
    return found


def _store(*, about: Dealer, system: str, works: bool, by: Dealer, user: Any, note: str, at: datetime) -> Evidence:
    source = source_of(by, about=about)
    recent = Evidence.objects.filter(source=source, observed_at__gt=at - timedelta(hours=1))
    last = recent.filter(dealer=about, system=system).order_by("-observed_at", "-pk").first()
    claim = OPERATIONAL if works else DOWN
    if last is not None and last.claim == claim and at - last.observed_at < SAME_AGAIN_WITHIN:
        last.observed_at, last.note = at, note or last.note
        last.save(update_fields=["observed_at", "note"])
        return last
    if recent.count() >= MOST_PER_HOUR:
        raise TooManyReportsError(
            f"That is more than {MOST_PER_HOUR} reports in an hour. Wait a while before sending more.",
            code="too_many_reports",
        )
    return Evidence.objects.create(
        dealer=about,
        system=system,
        kind=Evidence.Kind.DEALER if by.pk == about.pk else Evidence.Kind.GARAGE,
        source=source,
        organisation=by.group or by.code,
        claim=claim,
        note=note,
        observed_at=at,
        received_at=at,
        reporter=user if user is not None and user.is_authenticated else None,
    )
