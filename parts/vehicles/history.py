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

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from operator import attrgetter

import msgspec

from parts.vehicles.defects import FAILING, RENUMBERED_AT, Category, Reading, read
from parts.vehicles.records import Test
from parts.vehicles.road import uk_date, years_later

VISIT = timedelta(hours=1)
VALID_YEARS = 1


class Found(msgspec.Struct, frozen=True, gc=False):
    """A defect of the newest visit: its test, its place among those left, and what its text says."""

    number: str
    position: int
    text: str
    category: Category
    is_failing: bool
    reading: Reading


class Judgement(msgspec.Struct, frozen=True, gc=False):
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


def judge(tests: Sequence[Test]) -> Judgement:
    """What these tests come to, in whatever order they are given. A number given twice counts once: the first."""
    if not tests:
        return NEVER_TESTED
    newest_first = tests if _are_newest_first(tests) else _newest_first(tests)
    newest = newest_first[0]
    visit_began_at = newest.completed_at - VISIT
    kept: list[Test] = []
    newest_pass = longest = valid_until = None
    for test in newest_first:
        if test.completed_at >= visit_began_at:
            kept.append(test)
        if test.has_passed:
            newest_pass = newest_pass or test
            until = test.expires_on or _shortest(test)
            if valid_until is None or until > valid_until:
                longest, valid_until = test, until
    deciding = newest
    if newest_pass and longest:
        if newest_pass.completed_at >= visit_began_at:
            deciding = newest_pass
        else:
            kept.append(newest_pass)
        if longest not in kept:
            kept.append(longest)
    defects = _left_by(deciding)
    failing = [defect.category for defect in defects if defect.is_failing]
    return Judgement(
        tuple(kept), defects, len(failing), Category.DANGEROUS in failing, valid_until, newest.completed_at
    )


def _are_newest_first(tests: Sequence[Test]) -> bool:
    """Whether each is older than the one before and has a number of its own: so DVSA sends them.

    Told in a third of the time that sorting takes.
    """
    numbers: set[str] = set()
    before = None
    for test in tests:
        if before is not None and test.completed_at >= before:
            return False
        before = test.completed_at
        numbers.add(test.number)
    return len(numbers) == len(tests)


def _newest_first(tests: Sequence[Test]) -> Sequence[Test]:
    """In the order of their times; of those with one number, the first."""
    return sorted({test.number: test for test in reversed(tests)}.values(), key=_recency, reverse=True)


def _shortest(test: Test) -> date:
    """The last day of a pass without an expiry date: the shortest a pass can hold, a year less a day."""
    return years_later(uk_date(test.completed_at), VALID_YEARS) - timedelta(1)


def _left_by(test: Test) -> tuple[Found, ...]:
    """The defects that the deciding test leaves: of a pass only what may get worse, of a fail all not put right."""
    number, has_passed, is_old = test.number, test.has_passed, test.completed_at < RENUMBERED_AT
    found: list[Found] = []
    has_failed = False
    for text, category in test.defects:
        is_failing = category in FAILING
        if (is_failing and has_passed) or category is Category.RECTIFIED:
            continue
        has_failed = has_failed or is_failing
        found.append(Found(number, len(found), text, category, is_failing, read(text, is_old)))
    if not has_passed and not has_failed:
        found.append(Found(number, len(found), "", Category.UNDISCLOSED, True, read("", is_old)))
    return tuple(found)
