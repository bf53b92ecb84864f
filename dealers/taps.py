"""One tap on a page, "works" or "does not work", and what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dealers import reports
from dealers.models import Dealer, Evidence, State, Status, System
from dealers.status import DOWN, OPERATIONAL

HEARD_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Effect:
    """What we said before and say after a report, and how many sources say the same, the reporter's among them."""

    system: str
    works: bool
    is_public: bool
    before: str
    before_confidence: int
    after: str
    confidence: int
    agreeing: int

    @property
    def words(self) -> str:
        """Thanks, and the effect, in plain sentences."""
        said = [
            _("Thank you. Your report counts."),
            _("%(system)s at this dealer: %(state)s.")
            % {"system": System(self.system).label, "state": State(self.after).label.lower()},
        ]
        if self.before != self.after:
            said.append(_("Before your report: %(state)s.") % {"state": State(self.before).label.lower()})
        if self.confidence and self.before == self.after and self.before_confidence != self.confidence:
            sure = {"now": self.confidence, "before": self.before_confidence}
            said.append(_("We are %(now)d%% sure; before, it was %(before)d%%.") % sure)
        elif self.confidence:
            said.append(_("We are %(now)d%% sure.") % {"now": self.confidence})
        if self.is_public and self.after != (OPERATIONAL if self.works else DOWN):
            said.append(
                _("The public alone does not change what we show; with a garage or a check that agrees, it does.")
            )
        return " ".join([*said, self._company])

    @property
    def _company(self) -> str:
        if self.agreeing <= 1:
            return _("You are the first to say so today.")
        others = self.agreeing - 1
        text = ngettext("You and %(n)d other say so today.", "You and %(n)d others say so today.", others)
        return text % {"n": others}


def tap(
    *,
    dealer: Dealer,
    system: str,
    works: bool,
    by: Dealer | None,
    user: Any,
    address: str,
    note: str = "",
    at: datetime,
) -> Effect:
    """Take the report of the garage `by`, or without one of the public from `address`, and say what it changed.

    Raises what `reports.submit` and `reports.report_publicly` raise.
    """
    before = Status.objects.filter(dealer=dealer, system=system).first()
    if by is None:
        receipt = reports.report_publicly(dealer=dealer.code, system=system, works=works, address=address, at=at)
    else:
        receipt = reports.submit(dealer=dealer.code, system=system, works=works, by=by, user=user, note=note, at=at)
    after = receipt.status
    return Effect(
        system=system,
        works=works,
        is_public=by is None,
        before=before.state if before else State.UNKNOWN.value,
        before_confidence=before.confidence if before else 0,
        after=after.state if after else State.UNKNOWN.value,
        confidence=after.confidence if after else 0,
        agreeing=_agreeing(receipt.evidence, at=at),
    )


def _agreeing(row: Evidence, *, at: datetime) -> int:
    """How many people's newest word of the past day is the same as this one, itself counted. Checks are no people."""
    newest = (
        Evidence.objects.filter(dealer=row.dealer_id, system=row.system, observed_at__gt=at - HEARD_WITHIN)
        .exclude(kind__in=[Evidence.Kind.PROBE, Evidence.Kind.MANUFACTURER])
        .order_by("source", "-observed_at", "-pk")
        .distinct("source")
        .values_list("claim", flat=True)
    )
    return sum(claim == row.claim for claim in newest)
