"""What was decided in the past: of one vehicle as a timeline, of all of them as counts by day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Max, Min, Sum

from garagehub.lib import months
from parts.blocking.layers import sql
from parts.blocking.models import BlockChange, BlockedDay, Reason, Verdict
from parts.vehicles.models import Vehicle

# A car fails once a year: two past failures stay in sight.
MONTHS_KEPT = 25
DAYS_KEPT = 1_100
LONDON = ZoneInfo("Europe/London")  # days begin when people's do, whatever the site's own time zone
ANY_REASON = 0
COLUMNS = ("day", "make", "model", "region", "reason", "blocked", "unknown", "opened", "closed")


@dataclass(frozen=True, slots=True)
class Period:
    """A time during which a vehicle's verdict did not change. `until` None: to this day."""

    verdict: str
    reasons: list[str]
    since: datetime
    until: datetime | None
    days: int


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many vehicles stood how at the end of a UK day, and how many became or ceased to be blocked during it."""

    day: date
    blocked: int
    unknown: int
    opened: int
    closed: int


def keep_months(*, at: datetime) -> None:
    """Make the coming months of changes ready, and drop those older than we keep."""
    months.keep_months("parts_blockchange", kept=MONTHS_KEPT, at=at)


def timeline(vehicle: Vehicle, *, at: datetime) -> list[Period]:
    """How the vehicle stood since its first change that is kept, newest first. One query."""
    changes = list(BlockChange.objects.filter(vehicle=vehicle, at__lte=at).order_by("-at", "-id")[:200])
    ends: list[datetime | None] = [None, *(change.at for change in changes)]
    return [
        Period(
            verdict=Verdict(change.new).value,
            reasons=[Reason(bit).label for bit in Reason.values if change.reasons & bit],
            since=change.at,
            until=until,
            days=((until or at) - change.at).days,
        )
        for change, until in zip(changes, ends, strict=False)
    ]


def count_day(day: date) -> int:
    """Count a UK day anew and keep the counts in place of those there were; how many rows."""
    starts, ends = (datetime.combine(day + timedelta(days=n), time(), tzinfo=LONDON) for n in (0, 1))
    with connection.cursor() as cursor:
        cursor.execute(sql("blocked_day"), {"day": day, "starts": starts, "ends": ends, "reason_bits": Reason.values})
        return int(cursor.rowcount)


@transaction.atomic
def count_days(*, at: datetime) -> list[date]:
    """Count today so far, yesterday for good, and every day missed before it; the days counted.

    Without any counts it begins with the first change that is kept. Days older than we keep are forgotten.
    """
    today = at.astimezone(LONDON).date()
    known = BlockedDay.objects.aggregate(last=Max("day"))["last"]
    if known is None:
        first_change = BlockChange.objects.aggregate(first=Min("at"))["first"]
        known = first_change.astimezone(LONDON).date() if first_change else today
    first = min(known, today - timedelta(days=1))
    days = [first + timedelta(days=n) for n in range((today - first).days + 1)]
    for day in days:
        count_day(day)
    BlockedDay.objects.filter(day__lt=today - timedelta(days=DAYS_KEPT)).delete()
    return days


def counts_by_day(*, at: datetime, days: int = 90, make: str | None = None, reason: int = ANY_REASON) -> list[DayCount]:
    """The counts of the last `days` UK days up to today, oldest first, of all makes or of the make with this slug.

    `reason`: only vehicles with it among their reasons. A day between two others that has no row had no such vehicle.
    One query.
    """
    first = at.astimezone(LONDON).date() - timedelta(days=days - 1)
    rows = BlockedDay.objects.filter(day__gte=first, reason=reason)
    if make is not None:
        rows = rows.filter(make__slug=make)
    names = ("blocked", "unknown", "opened", "closed")
    sums = rows.values_list("day").annotate(*(Sum(name) for name in names))
    found = {row[0]: DayCount(*row) for row in sums}
    if not found:
        return []
    between = (max(found) - min(found)).days
    all_days = [min(found) + timedelta(days=n) for n in range(between + 1)]
    return [found.get(day, DayCount(day, 0, 0, 0, 0)) for day in all_days]


def table(*, since: date) -> Iterator[dict[str, object]]:
    """Every count since a day, with names in place of ids: what the admin's downloads hold."""
    names = {ANY_REASON: "any", **dict(Reason.choices)}
    fields = ("day", "make__name", "model__name", "region", "reason", "blocked", "unknown", "opened", "closed")
    rows = BlockedDay.objects.filter(day__gte=since).order_by("day", "make__name", "model__name", "region", "reason")
    for day, make, model, region, reason, *counts in rows.values_list(*fields).iterator():
        row: dict[str, object] = {
            "day": day.isoformat(), "make": make or "", "model": model or "",
            "region": BlockedDay(region=region).get_region_display(), "reason": names[reason],
        }  # fmt: skip
        yield row | dict(zip(fields[5:], counts, strict=True))
