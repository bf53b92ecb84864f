"""What the law lets an owner do with a vehicle on a given day. Plain date arithmetic: read, never stored.

Sources: Road Traffic Act 1988 s.47 (a certificate after three years, four in Northern Ireland), Motor Vehicles (Tests)
Regulations 1981 reg. 6(2) (journeys without one), gov.uk/getting-an-mot. The pages say more than we should: link to them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from parts.vehicles.working_days import Nation, add_working_days

LONDON = ZoneInfo("Europe/London")

FIRST_MOT_YEARS = 3
FIRST_MOT_YEARS_NORTHERN_IRELAND = 4
EXEMPT_AFTER_YEARS = 40
PARTIAL_RETEST_WORKING_DAYS = 10
NORTHERN_IRELAND_SOURCE = "DVA NI"

AFTER_THE_TEST_URL = "https://www.gov.uk/getting-an-mot/after-the-test"
WHEN_TO_TEST_URL = "https://www.gov.uk/getting-an-mot"
CHECK_STATUS_URL = "https://www.gov.uk/check-mot-status"
SORN_URL = "https://www.gov.uk/sorn-statutory-off-road-notification"
EXEMPTION_URL = "https://www.gov.uk/government/publications/historic-classic-vehicles-mot-exemption-criteria"


class Road(enum.StrEnum):
    """What may be done with the vehicle on the road."""

    VALID = "valid"
    MAY_DRIVE_UNTIL = "may_drive_until"
    REPAIR_OR_TEST_JOURNEY_ONLY = "repair_or_test_journey_only"
    DO_NOT_DRIVE = "do_not_drive"
    NOT_DUE = "not_due"
    OFF_ROAD_BY_CHOICE = "off_road_by_choice"
    UNKNOWN = "unknown"


class Note(enum.StrEnum):
    """Something that may change the answer and that no data says."""

    MAY_BE_EXEMPT = "may_be_exempt"  # over 40 years old: no MOT needed if unchanged and declared to DVLA


@dataclass(frozen=True, kw_only=True)
class RoadFacts:
    """What is known of a vehicle; each may be missing. `has_failed`: its newest visit failed."""

    mot_expires_on: date | None = None
    first_mot_due_on: date | None = None
    registered_on: date | None = None
    first_used_on: date | None = None
    manufactured_on: date | None = None
    is_sorn: bool = False
    has_failed: bool = False
    is_dangerous: bool = False
    last_tested_on: date | None = None
    last_source: str = ""
    nation: Nation = Nation.ENGLAND_AND_WALES


@dataclass(frozen=True, kw_only=True)
class RoadStatus:
    """The answer for one day. `until` is the last day it holds, where it ends by itself."""

    status: Road
    until: date | None = None
    guidance_url: str = CHECK_STATUS_URL
    partial_retest_until: date | None = None
    note: Note | None = None


def uk_date(at: datetime) -> date:
    """The day an instant falls on in the UK, where an MOT runs out at midnight."""
    return at.astimezone(LONDON).date()


def road_status(facts: RoadFacts, *, on: date) -> RoadStatus:
    """What the law lets the owner do on the day `on` (a UK date).

    - Off the road by choice (SORN) comes first: nothing else applies until that ends.
    - Failed on a dangerous defect: do not drive, whatever certificate still runs.
    - A certificate holds on its expiry day. Failed without a dangerous defect, it still runs to its end.
    - Run out, failed or not: only to a repair or a booked test.
    - Never passed: nothing is due before the first MOT is. Over 40 years old: unknown, since an exemption is declared
      to DVLA and is in no data we have.
    """
    if facts.is_sorn:
        return RoadStatus(status=Road.OFF_ROAD_BY_CHOICE, guidance_url=SORN_URL)
    retest = _retest_until(facts, on=on)
    if facts.is_dangerous:
        return RoadStatus(status=Road.DO_NOT_DRIVE, guidance_url=AFTER_THE_TEST_URL, partial_retest_until=retest)
    is_old = _may_be_exempt(facts, on=on)
    note = Note.MAY_BE_EXEMPT if is_old else None
    ends_on = facts.mot_expires_on or (None if is_old else first_mot_due(facts))
    if ends_on is None:
        url = EXEMPTION_URL if is_old else CHECK_STATUS_URL
        return RoadStatus(status=Road.UNKNOWN, guidance_url=url, partial_retest_until=retest, note=note)
    if on > ends_on:
        url = AFTER_THE_TEST_URL if facts.has_failed else WHEN_TO_TEST_URL
        return RoadStatus(
            status=Road.REPAIR_OR_TEST_JOURNEY_ONLY, guidance_url=url, partial_retest_until=retest, note=note
        )
    if facts.has_failed:
        return RoadStatus(
            status=Road.MAY_DRIVE_UNTIL, until=ends_on, guidance_url=AFTER_THE_TEST_URL, partial_retest_until=retest
        )
    status = Road.VALID if facts.mot_expires_on else Road.NOT_DUE
    return RoadStatus(status=status, until=ends_on, guidance_url=WHEN_TO_TEST_URL)


def first_mot_due(facts: RoadFacts) -> date | None:
    """The last day on which a vehicle without any pass needs no MOT: DVSA's word, else registration and three years
    less a day (DVSA's own rule for cars), four years in Northern Ireland; None when its age is not known.

    Used on roads before it was registered, as an import is, its age counts from its making (Road Traffic Act 1988
    s.47(2)(b)), for which the section takes the last day of that year.
    """
    if facts.first_mot_due_on:
        return facts.first_mot_due_on
    registered_on = facts.registered_on or facts.first_used_on
    if registered_on is None:
        return None
    is_northern_irish = facts.last_source == NORTHERN_IRELAND_SOURCE or facts.nation is Nation.NORTHERN_IRELAND
    years = FIRST_MOT_YEARS_NORTHERN_IRELAND if is_northern_irish else FIRST_MOT_YEARS
    due = years_later(registered_on, years)
    if facts.first_used_on and facts.first_used_on < registered_on:
        made_on = facts.manufactured_on or facts.first_used_on
        due = min(due, date(made_on.year + years, 12, 31))
    return due - timedelta(1)


def partial_retest_until(failed_on: date, *, nation: Nation = Nation.ENGLAND_AND_WALES) -> date:
    """The last day for a partial retest at the same station: ten working days after the fail (gov.uk "Retests")."""
    return add_working_days(failed_on, PARTIAL_RETEST_WORKING_DAYS, nation=nation)


def years_later(day: date, years: int) -> date:
    """The anniversary; of 29 February in a common year, 28 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _retest_until(facts: RoadFacts, *, on: date) -> date | None:
    if not facts.has_failed or facts.last_tested_on is None:
        return None
    last_day = partial_retest_until(facts.last_tested_on, nation=facts.nation)
    return last_day if on <= last_day else None


def _may_be_exempt(facts: RoadFacts, *, on: date) -> bool:
    """Built or first registered more than 40 years ago; which cars were changed since is in no data."""
    known = [day for day in (facts.manufactured_on, facts.registered_on, facts.first_used_on) if day]
    return bool(known) and on > years_later(min(known), EXEMPT_AFTER_YEARS)
