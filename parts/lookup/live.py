"""Look-ups that go on where our own data ends: a plate we do not know is asked of DVSA and DVLA.

Somebody who asks about one plate waits for the authorities, a few seconds at most. In a list, those we do not know are
asked when there is room, so that 200 plates neither take a minute nor use up the budget that people wait for.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from garagehub.lib.errors import DomainError, UnavailableError
from parts.blocking import decide
from parts.lookup import answer
from parts.vehicles import enquiries
from parts.vehicles.dvsa import AuthorityError
from parts.vehicles.records import BadRecordError
from parts.vehicles.registration import normalise
from parts.vehicles.road import Road

NOT_FOUND = "vehicle_not_found"
_UNAVAILABLE = "authority_unavailable"
_DOUBTFUL = {Road.REPAIR_OR_TEST_JOURNEY_ONLY, Road.OFF_ROAD_BY_CHOICE, Road.UNKNOWN}
_DECIDING_S = 2.0  # how long somebody waits for another decision to end
_PAUSE_S = 0.1


def look_up(typed: str, *, postcode: str | None = None, at: datetime) -> dict[str, Any]:
    """The answer about one plate, asked of DVSA and DVLA if we do not know it.

    Raises what `answer.look_up` raises, and UnavailableError `authority_unavailable` when DVSA does not answer:
    then nobody knows whether there is such a vehicle.
    """
    try:
        found = answer.look_up(typed, postcode=postcode, at=at)
    except DomainError as error:
        if error.code != NOT_FOUND or not enquiries.is_set_up():
            raise
        if not _enquire(normalise(typed), at=at):
            raise
    else:
        _ask_again([found], at=at)
        return found
    _decide(at=at)
    return answer.look_up(typed, postcode=postcode, at=at)


def look_up_many(typed: list[str], *, postcode: str | None = None, at: datetime) -> list[dict[str, Any] | DomainError]:
    """The answers about many plates; one we do not know is an error that says to come back, and is asked about soon."""
    found = answer.look_up_many(typed, postcode=postcode, at=at)
    unknown = {
        index: normalise(typed[index])
        for index, one in enumerate(found)
        if isinstance(one, DomainError) and one.code == NOT_FOUND
    }
    _ask_again([one for one in found if not isinstance(one, DomainError)], at=at)
    if not unknown or not enquiries.is_set_up():
        return found
    settled = enquiries.answered(unknown.values(), at=at)
    waiting = {index: plate for index, plate in unknown.items() if plate not in settled}
    enquiries.ask_later(waiting.values(), at=at)
    text = _("We are asking DVSA about this plate. Check it again in a minute.")
    for index in waiting:
        found[index] = UnavailableError(text, code="vehicle_being_asked", fields={"registration": [text]})
    return found


def _ask_again(found: list[dict[str, Any]], *, at: datetime) -> None:
    """Let those be asked about soon of which a newer pass, or being declared off the road, would change the answer."""
    if enquiries.is_set_up():
        enquiries.ask_later((one["registration"] for one in found if one["road"]["status"] in _DOUBTFUL), at=at)


def _enquire(registration: str, *, at: datetime) -> bool:
    try:
        return enquiries.enquire(registration, at=at)
    except (AuthorityError, BadRecordError) as error:
        wait_s = getattr(error, "retry_after_s", None) or 30
        text = _(
            "We do not have this vehicle, and DVSA's service did not answer when we asked. That does not mean that it"
            " has no MOT record. Try again in a few minutes."
        )
        raise UnavailableError(text, code=_UNAVAILABLE, retry_after_s=wait_s) from error


def _decide(*, at: datetime) -> None:
    """Decide about what was just taken in; where another decision is under way, that or the next one does."""
    deadline = time.monotonic() + _DECIDING_S
    while not decide.drain(at=at) and time.monotonic() < deadline:
        time.sleep(_PAUSE_S)
