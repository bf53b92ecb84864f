"""Which MOT test decides, and what it leaves open. Plain Python.

- The newest visit decides. A visit is what was tested within an hour of its newest test: a failed item put right at
  the station within the hour is recorded as a fail and a pass (PRS, "pass after rectification at station"; DVSA's MOT
  testing guide), often in the same second and in either order. A visit with a pass has passed.
- A later pass clears earlier fails; an earlier fail says nothing any more.
- A fail that names no failing defect (Northern Ireland's tests carry none) leaves one `undisclosed`: not clear, unknown.
- Advisories and minor defects never fail; an item put right is not open.

Tests can be judged in portions, in any order: judging what was kept together with the next portion gives the same as
judging all at once. That is what lets an older file follow a newer one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from parts.vehicles.defects import FAILING, RENUMBERED_AT, Category, Reading, read
from parts.vehicles.records import Test
from parts.vehicles.road import uk_date, years_later

VISIT = timedelta(hours=1)
VALID_YEARS = 1


class Found(NamedTuple):
    """A defect of the newest visit: its test, its place among those left, and what its text says."""

    number: str
    position: int
    text: str
    category: Category
    is_failing: bool
    reading: Reading


class Judgement(NamedTuple):
    """What a vehicle's tests come to. `tests`: those that still decide something, newest first."""

    tests: tuple[Test, ...] = ()
    defects: tuple[Found, ...] = ()
    open_fails: int = 0
    is_dangerous: bool = False
    mot_expires_on: date | None = None
    last_tested_at: datetime | None = None


NEVER_TESTED = Judgement()

# Of two tests in one second the pass is the later: it follows the repair.
_recency = attrgetter("completed_at", "has_passed", "number")


def judge(tests: Iterable[Test]) -> Judgement:
    """What these tests come to, in whatever order they are given. A number given twice counts once: the first."""
    newest_first = sorted({test.number: test for test in reversed(list(tests))}.values(), key=_recency, reverse=True)
    if not newest_first:
        return NEVER_TESTED
    newest = newest_first[0]
    visit_began_at = newest.completed_at - VISIT
    kept = list(itertools.takewhile(lambda test: test.completed_at >= visit_began_at, newest_first))
    passes = [test for test in newest_first if test.has_passed]
    deciding, longest = newest, None
    if passes:
        longest = max(passes, key=_valid_until)
        if passes[0].completed_at >= visit_began_at:
            deciding = passes[0]
        else:
            kept.append(passes[0])
        if longest not in kept:
            kept.append(longest)
    defects = _left_by(deciding)
    failing = [defect.category for defect in defects if defect.is_failing]
    return Judgement(
        tests=tuple(kept),
        defects=defects,
        open_fails=len(failing),
        is_dangerous=Category.DANGEROUS in failing,
        mot_expires_on=_valid_until(longest) if longest else None,
        last_tested_at=newest.completed_at,
    )


def _valid_until(test: Test) -> date:
    """The last day of a pass. Without an expiry date, the shortest a pass can hold: a year less a day."""
    return test.expires_on or years_later(uk_date(test.completed_at), VALID_YEARS) - timedelta(1)


def _left_by(test: Test) -> tuple[Found, ...]:
    """The defects that the deciding test leaves: of a pass only what may get worse, of a fail all not put right."""
    is_old = test.completed_at < RENUMBERED_AT
    found: list[Found] = []
    for text, category in test.defects:
        is_failing = category in FAILING
        if (is_failing and test.has_passed) or category is Category.RECTIFIED:
            continue
        found.append(Found(test.number, len(found), text, category, is_failing, read(text, is_old)))
    if not test.has_passed and not any(defect.is_failing for defect in found):
        reading = read("", is_old)
        found.append(Found(test.number, len(found), "", Category.UNDISCLOSED, True, reading))
    return tuple(found)
