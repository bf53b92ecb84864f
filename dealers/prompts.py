"""Works again? People say when something breaks, and seldom when it works again: so those who said the first are asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dealers.models import Dealer, Evidence, State, Status, System
from dealers.status import LIVE_FOR, OPERATIONAL

ASK_AFTER = timedelta(hours=1)  # and again an hour after each "still down"
ASK_FOR = LIVE_FOR  # as long as the word may count
MOST = 10  # a page is no questionnaire


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question to a garage: it said at `said_at` that this system at `dealer` does not work. And now?

    `state` is what we say of the system by now.
    """

    dealer: Dealer
    system: str
    said_at: datetime
    state: str
    is_own: bool

    @property
    def system_label(self) -> str:
        """The system in words."""
        return str(System(self.system).label)


def prompts_for(garage: Dealer, *, at: datetime) -> list[Prompt]:
    """What to ask this garage or dealer: what it last said does not work, an hour ago or longer; its own systems first.

    Oldest first otherwise, at most ten. An answer is a report: after "works again" it is not asked about that again,
    after "still down" in an hour. Two queries, however much it said.
    """
    sources = [f"{kind}:{garage.code}" for kind in (Evidence.Kind.DEALER, Evidence.Kind.GARAGE)]
    newest = (
        Evidence.objects.filter(source__in=sources, observed_at__gt=at - ASK_FOR, dealer__is_active=True)
        .order_by("dealer", "system", "-observed_at", "-pk")
        .distinct("dealer", "system")
        .select_related("dealer")
    )
    due = [row for row in newest if row.claim != OPERATIONAL and row.observed_at <= at - ASK_AFTER]
    due.sort(key=lambda row: (row.dealer_id != garage.pk, row.observed_at, row.pk))
    due = due[:MOST]
    states = {
        (dealer_id, system): state
        for dealer_id, system, state in Status.objects.filter(
            dealer_id__in={row.dealer_id for row in due}, system__in={row.system for row in due}
        ).values_list("dealer_id", "system", "state")
    }
    return [
        Prompt(
            dealer=row.dealer,
            system=row.system,
            said_at=row.observed_at,
            state=states.get((row.dealer_id, row.system), State.UNKNOWN.value),
            is_own=row.dealer_id == garage.pk,
        )
        for row in due
    ]
