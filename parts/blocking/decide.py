"""Decide what changed, or everything, and write only what differs.

Writers append marks in the transaction of their change. One run at a time takes all marks there are and follows them
through the layers; what was committed after its take has its own marks, for the next. Dealers' statuses, the ages of
sources and the clock need no marks: the small lowest layers are compared whole by every run.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from django.db import connection, transaction

from garagehub.lib.lock import LockKind, try_lock, wait_for_lock
from parts.blocking import layers
from parts.blocking.layers import Layer, Scratch, sql
from parts.blocking.models import EngineClock, RepairStatus, Verdict
from parts.catalogue.mapping import ensure_new_references, ensure_references
from parts.marks.marks import Mark

# Above these, looking at every row is cheaper than looking up each key.
MARKS_LIMIT = 50_000
WHOLE_ABOVE = {
    layers.AVAILABILITY: 3_000,
    layers.READINESS: 3_000,
    layers.NEEDS: 100_000,
    layers.DEMAND: 10_000,
    layers.STATUSES: 100_000,
}
# A drain hands over to the next beat after this many takes, so that writers who never rest cannot keep it for ever.
MAX_TAKES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    branches: int = 0
    brands: int = 0
    makes: int = 0
    options: int = 0
    parts: int = 0
    repairs: int = 0
    needs: int = 0
    demands: int = 0
    vehicles: int | None = 0
    changed: int = 0
    newly_blocked: int = 0
    released: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts(_Written):
    """What a run did.

    `marks`: distinct marks taken. `branches` to `demands`: rows of each layer written. `vehicles`: looked at again, all
    of them (None) in a full run. `changed`: statuses written; `newly_blocked` and `released`: verdicts that became or
    ceased to be blocked. `blocked`: vehicles blocked now and not off the road by choice; counted in a full run only.
    """

    is_full: bool
    marks: int
    blocked: int | None
    seconds: float


def decide(*, at: datetime, full: bool = False, rebuild: bool = False) -> Counts:
    """Take the marks and decide what they touch, or everything; waits for a run that is under way.

    `at` is now; a run never goes back in time, so an earlier `at` counts as the time of the last run.

    `full` looks at every part, repair and vehicle. Which repair mends which defect changes by marked writes only, so a
    full run follows those marks, and starts afresh if the needs do not add up to the defects. `rebuild` is a full run
    that starts afresh in any case; it takes about three times as long.
    """
    with transaction.atomic():
        wait_for_lock(LockKind.DECISION)
        return _run(at=at, full=full or rebuild, rebuild=rebuild)


def drain(*, at: datetime) -> list[Counts]:
    """Take marks and decide until none are left; nothing if another run is under way, which does the same."""
    runs: list[Counts] = []
    while len(runs) < MAX_TAKES:
        with transaction.atomic():
            if not try_lock(LockKind.DECISION):
                break
            runs.append(_run(at=at))
        if not runs[-1].marks:
            break
    return runs


def count_blocked() -> int:
    """Vehicles blocked now, those off the road by choice not counted."""
    # All less the few: asking each blocked vehicle would read the whole table of vehicles.
    blocked = RepairStatus.objects.filter(status=Verdict.BLOCKED)
    return blocked.count() - blocked.filter(vehicle__is_sorn=True).count()


def _run(*, at: datetime, full: bool = False, rebuild: bool = False) -> Counts:
    started = time.monotonic()
    _plan_for_sets()
    clock = EngineClock.objects.select_for_update().first()
    now = max(at, clock.now) if clock else at
    with layers.scratch(now=now, last=clock.now if clock else now) as run:
        marks = _take_marks(run)
        is_full = full or clock is None or marks.total() > MARKS_LIMIT
        written = _follow(run, marks, is_full=is_full, rebuild=rebuild)
        counts = Counts(
            is_full=is_full,
            marks=marks.total(),
            blocked=count_blocked() if is_full else None,
            seconds=round(time.monotonic() - started, 3),
            **asdict(written),
        )
    clock = clock or EngineClock()
    clock.now = now
    clock.runs += 1
    clock.full_at = now if is_full else clock.full_at
    clock.last_counts = asdict(counts)
    clock.save()
    return counts


def _plan_for_sets() -> None:
    """Plan for tables in memory, whatever the server's defaults: no compiling, no sorting on disk, cheap look-ups."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL random_page_cost = 1.1")
        # It would sort every defect to meet its repair; a table of the repairs is small.
        cursor.execute("SET LOCAL enable_mergejoin = off")


def _take_marks(run: Scratch) -> Counter[str]:
    """Take every mark committed by now, and count them by kind, each key once.

    First of all: what a later statement sees too new is marked for the next run.
    """
    run.fill("dirty_mark", "SELECT kind, key FROM parts_dirty WITH NO DATA")
    return Counter(
        dict(
            run.rows(
                """
                WITH taken AS (DELETE FROM parts_dirty RETURNING kind, key),
                    kept AS (INSERT INTO dirty_mark SELECT DISTINCT kind, key FROM taken RETURNING kind)
                SELECT kind, count(*) FROM kept GROUP BY kind
                """
            )
        )
    )


def _follow(run: Scratch, marks: Counter[str], *, is_full: bool, rebuild: bool) -> _Written:
    """Bring each layer in line, from the lowest up; the numbers for `Counts`."""
    branches, brands, makes = (
        _settle(run, layer, whole=True) for layer in (layers.BRANCH_REACH, layers.BRAND_COVER, layers.MAKE_REACH)
    )
    if not (is_full or marks or branches or brands or makes or _a_word_ran_out(run)):
        return _Written()
    are_options_marked = is_full or bool(marks[Mark.REPAIR])
    options = _expand_options(run, is_full=is_full) if are_options_marked else 0
    # Who took a branch away took its offers with it, and nobody can tell any more of which parts.
    is_branch_gone = bool(branches and run.rows("SELECT FROM delta_branch_reach WHERE op = 'D' LIMIT 1"))
    parts = _settle_dirty(run, layers.AVAILABILITY, is_full=is_full or is_branch_gone)
    repairs = _settle_dirty(run, layers.READINESS, is_full=is_full)
    are_needs_marked = bool(marks[Mark.VEHICLE] or marks[Mark.REPAIR] or marks[Mark.MANUAL_REFERENCE])
    needs = _settle_needs(run, is_full=is_full, rebuild=rebuild) if is_full or are_needs_marked else 0
    if needs and not are_options_marked:
        run.skip(layers.OPTIONS)
    demands = _settle_demand(run, rebuild=rebuild) if needs or are_options_marked else 0
    below = _Written(
        branches=branches,
        brands=brands,
        makes=makes,
        options=options,
        parts=parts,
        repairs=repairs,
        needs=needs,
        demands=demands,
    )
    if not (is_full or repairs or needs):
        return below
    if not (is_full or are_needs_marked):
        run.skip(layers.NEEDS)
        run.fill("before", sql("before"))
    return _settle_statuses(run, below, is_full=is_full)


def _a_word_ran_out(run: Scratch) -> bool:
    return bool(run.rows("SELECT FROM parts_override WHERE expires_at > %(last)s AND expires_at <= %(now)s LIMIT 1"))


def _settle(run: Scratch, layer: Layer, *, whole: bool) -> int:
    differences = run.compare(layer, whole=whole)
    if differences:
        run.write(layer)
    return differences


def _settle_dirty(run: Scratch, layer: Layer, *, is_full: bool) -> int:
    """Settle the dirty keys of a layer, or all of it in a full run or when the keys are many."""
    if is_full:
        return _settle(run, layer, whole=True)
    dirty = run.fill(layer.dirty, sql(layer.dirty))
    if not dirty:
        run.skip(layer)
        return 0
    return _settle(run, layer, whole=dirty > WHOLE_ABOVE[layer])


def _expand_options(run: Scratch, *, is_full: bool) -> int:
    """Write what meets the requirements of marked repairs, as the catalogue says now, and where chassis numbers part."""
    if is_full:
        return _settle(run, layers.OPTIONS, whole=True) + _settle(run, layers.SPLITS, whole=True)
    run.fill("marked_repair", "SELECT key AS id FROM dirty_mark WHERE kind = 'r'")
    run.parameters["requirements"] = [
        row[0] for row in run.rows("SELECT id FROM parts_requirement WHERE repair_id IN (SELECT id FROM marked_repair)")
    ]
    return _settle(run, layers.OPTIONS, whole=False) + _settle(run, layers.SPLITS, whole=False)


def _settle_needs(run: Scratch, *, is_full: bool, rebuild: bool) -> int:
    """Write which repair mends which defect, and remember in `before` how the vehicles stood until now."""
    layer = layers.NEEDS
    dirty = run.fill(layer.dirty, sql(layer.dirty))
    whole = rebuild or dirty > WHOLE_ABOVE[layer] or (is_full and not _needs_add_up(run, dirty))
    if whole:
        ensure_new_references()
    elif dirty:
        ensure_references(run.rows(sql("new_references")))
    differences = 0
    if whole or dirty:
        differences = run.compare(layer, whole=whole)
    else:
        run.skip(layer)
    run.fill("before", sql("before"))
    if differences:
        run.write(layer)
    return differences


def _settle_demand(run: Scratch, *, rebuild: bool) -> int:
    """Count again who waits for the parts that this run's options and needs are about."""
    if rebuild:
        return _settle(run, layers.DEMAND, whole=True)
    return _settle_dirty(run, layers.DEMAND, is_full=False)


def _needs_add_up(run: Scratch, dirty: int) -> bool:
    return bool(run.rows(sql("needs_add_up", whole=not dirty))[0][0])


def _settle_statuses(run: Scratch, below: _Written, *, is_full: bool) -> _Written:
    """Write the statuses that differ, and a change for each verdict that moved."""
    layer = layers.STATUSES
    touched = None if is_full else run.fill(layer.dirty, sql(layer.dirty))
    if touched == 0:
        run.skip(layer)
        changed = 0
    else:
        changed = run.compare(layer, whole=touched is None or touched > WHOLE_ABOVE[layer])
    if run.fill("moves", sql("moves")) or changed:
        run.execute(sql("write_statuses"))
    newly_blocked, released = run.rows(
        "SELECT count(*) FILTER (WHERE new = 'blocked'), count(*) FILTER (WHERE old = 'blocked') FROM moves"
    )[0]
    return replace(below, vehicles=touched, changed=changed, newly_blocked=newly_blocked, released=released)
