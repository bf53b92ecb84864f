"""Planned work and waves of restoration as a calendar to subscribe to (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.conf import settings

from dealers import maintenance
from dealers.models import Maintenance
from dealers.statuspage.feeds import host

KEEP_FOR = timedelta(days=90)  # how long what is over stays in the calendar
_LINE_OCTETS = 75
_HEADER = (
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//GarageHub//Planned work//EN",
    "CALSCALE:GREGORIAN",
    "METHOD:PUBLISH",
    "X-WR-CALNAME:GarageHub: planned work",
    "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
)


def calendar(*, at: datetime) -> str:
    """What is planned, going on, called off, or over for less than 90 days, as an iCalendar text."""
    works = maintenance.for_calendars(since=at - KEEP_FOR)
    lines = [*_HEADER, *(line for work in works for line in _event(work)), "END:VCALENDAR"]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _event(work: Maintenance) -> Iterator[str]:
    last_word = [update.body for update in list(work.updates.all())[:1]]
    where = ", ".join(work.region_names) or "United Kingdom"
    what = ", ".join(work.system_names) or "All systems"
    make = work.make.name.title() if work.make else "every make"
    yield "BEGIN:VEVENT"
    yield f"UID:{work.public_id}@{host()}"
    yield f"SEQUENCE:{work.sequence}"
    yield f"DTSTAMP:{_time(work.updated_at)}"
    yield f"CREATED:{_time(work.created_at)}"
    yield f"LAST-MODIFIED:{_time(work.updated_at)}"
    yield f"DTSTART:{_time(work.scheduled_for)}"
    yield f"DTEND:{_time(work.completed_at if _ended_early(work) else work.scheduled_until)}"
    yield f"SUMMARY:{_text(work.title)}"
    yield f"DESCRIPTION:{_text(' '.join([f'{what} at dealers of {make}.', *last_word]))}"
    yield f"LOCATION:{_text(where)}"
    yield f"CATEGORIES:{'Restoration' if work.incident_id else 'Maintenance'}"
    yield f"STATUS:{'CANCELLED' if work.cancelled_at else 'CONFIRMED'}"
    yield "TRANSP:TRANSPARENT"
    yield f"URL:{settings.SITE_URL}{work.get_absolute_url()}"
    yield "END:VEVENT"


def _ended_early(work: Maintenance) -> bool:
    return work.completed_at is not None and work.scheduled_for < work.completed_at < work.scheduled_until


def _time(at: datetime | None) -> str:
    assert at is not None, "an event has its times"
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """A TEXT value with what has a meaning escaped."""
    value = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return value.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def _folded(line: str) -> str:
    """Lines of at most 75 octets, continued after a space, never inside a character."""
    folded, length = "", 0
    for character in line:
        octets = len(character.encode())
        if length + octets > _LINE_OCTETS:
            folded, length = f"{folded}\r\n ", 1
        folded += character
        length += octets
    return folded
