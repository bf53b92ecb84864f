"""From a file on disk to offers, in one transaction: stage, judge, compare, write what differs, mark what it touches.

Nothing is written for what did not change. How fresh an offer is stands on its supplier, once, not on each row.
"""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from parts.catalogue.supersession import note_replacements
from parts.feeds import gates
from parts.feeds.adapters.base import Adapter, Config, Fetched
from parts.feeds.coding import kind_of
from parts.feeds.models import Feed, FeedRun
from parts.feeds.places import Place, note_brands, note_places
from parts.feeds.spool import Spool
from parts.feeds.staging import COPY, DEFAULT_BRANCH, Staged, Stager, printable
from parts.stock.models import Branch

RECENT_RUNS = 7
_SETTINGS = """
SET LOCAL lock_timeout = '15s';
SET LOCAL statement_timeout = '10min';
SET LOCAL work_mem = '128MB';
SET LOCAL default_statistics_target = 10;
SET LOCAL jit = off
"""


class RefusedError(Exception):
    """The file is not taken in. What it held, as far as it was read, goes on the run."""

    def __init__(self, refusal: gates.Refusal, staged: Staged | None = None) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal
        self.staged = staged


@dataclass(frozen=True)
class Outcome:
    """What a run changed."""

    staged: Staged
    inserted: int
    updated: int
    removed: int
    duplicates: int
    late: int
    sequence: int

    @property
    def changed(self) -> int:
        """Offers that are not what they were."""
        return self.inserted + self.updated + self.removed


def ingest(
    feed: Feed,
    adapter: Adapter,
    spool: Spool,
    fetched: Fetched,
    *,
    at: datetime,
    is_approved: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Take the file in. RefusedError if a gate closes (`is_approved`: an admin opened them), BrokenFileError if it is torn.

    Runs in the caller's transaction, under the feed's lock; on any error the caller rolls back.
    """
    assert connection.in_atomic_block, "a run is one transaction"
    with connection.cursor() as cursor:
        cursor.execute(_SETTINGS)
        cursor.execute(_sql("stage"))
        staged = _stage(cursor, feed, adapter, spool, progress)
        places = _places_of(staged)
        if not is_approved:
            _judge(feed, fetched, staged)
        config = adapter.config(feed.config)
        keys = {"at": at, "is_demo": feed.supplier.is_demo}
        brands = note_places(cursor, feed.supplier, places)
        _note_words(cursor, staged, config)
        cursor.execute("ANALYZE feed_stage (number, place_id, word_id)")
        apply = _apply_snapshot if fetched.is_snapshot else _apply_changes
        outcome = apply(cursor, feed, fetched, staged, keys)
        sure = places if config.covers_brands else []
        listed = {brands[place.brand] for place in sure if place.good and place.brand in brands}
        note_brands(cursor, feed.supplier, sorted(listed), is_all=fetched.is_snapshot)
        _note_replacements(cursor, feed, staged, brands)
        cursor.execute("DROP TABLE feed_stage, feed_place, feed_word, feed_delta")
    return outcome


@cache
def _sql(name: str) -> str:
    text = (Path(__file__).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    return text.replace("{rows}", _sql("rows")) if "{rows}" in text else text


def _stage(
    cursor: CursorWrapper, feed: Feed, adapter: Adapter, spool: Spool, progress: Callable[[int], None]
) -> Staged:
    config = adapter.config(feed.config)
    has_branches = Branch.objects.filter(supplier=feed.supplier).exclude(code=DEFAULT_BRANCH).exists()
    stager = Stager(config, named_branches=has_branches)
    with cursor.copy(COPY) as sink, _without_collection():
        stager.write(adapter.read(spool.chunks(), config), sink, progress)
    staged = stager.staged
    if staged.has_unplaced and staged.names_branches:
        _refuse_unplaced(cursor, staged)
    return staged


def _refuse_unplaced(cursor: CursorWrapper, staged: Staged) -> None:
    """The implied branch is not meant by rows without one, as others name theirs."""
    unplaced = {number for (_, branch), number in staged.places.items() if branch is None}
    cursor.execute("DELETE FROM feed_stage WHERE place_id = ANY (%s)", [list(unplaced)])
    staged.refuse("bad_branch", cursor.rowcount)
    staged.counts = Counter({codes: count for codes, count in staged.counts.items() if codes[0] not in unplaced})
    cursor.execute("SELECT coalesce(max(seq), 0) FROM feed_stage")
    staged.max_seq = cursor.fetchone()[0]


@contextmanager
def _without_collection() -> Iterator[None]:
    """No cyclic garbage is made while rows stream by, and looking for it would cost as much as reading them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _places_of(staged: Staged) -> list[Place]:
    """The brands and branches of what was staged, as sent, and how many rows each has; those of all go on `staged`."""
    kinds = list(map(kind_of, staged.words))
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for (place, word), count in staged.counts.items():
        counts[place][kinds[word]] += count
    places = []
    for (brand, branch), number in staged.places.items():
        if number in counts:
            good, removed = counts[number]["o"], counts[number]["d"]
            places.append(Place(number, printable(brand), printable(branch or DEFAULT_BRANCH), good, removed))
            staged.good += good
            staged.removed += removed
    return places


def _note_words(cursor: CursorWrapper, staged: Staged, config: Config) -> None:
    """Fill feed_word with what the staged words mean, and the feed's defaults where they do not say."""
    rows = [
        (number, kind_of(word), word[0], word[1] or "active", word[2] or config.default_currency, word[3] or "genuine")
        for word, number in staged.words.items()
    ]
    cursor.execute(
        'INSERT INTO feed_word SELECT * FROM unnest(%s::int[], %s::"char"[], %s::text[], %s::text[], %s::text[], %s::text[])',
        [list(column) for column in zip(*rows, strict=True)],
    )
    cursor.execute("ANALYZE feed_word")


def _judge(feed: Feed, fetched: Fetched, staged: Staged) -> None:
    """Close a gate if what came cannot be believed."""
    refusal = gates.completeness(records=staged.records, promised=fetched.promised_rows)
    if refusal is None and fetched.is_snapshot:
        refusal = gates.size(
            good=staged.good,
            rejected=staged.rejected,
            recent=recent_rows(feed),
            limit_percent=feed.drop_limit_percent,
        )
    if refusal:
        raise RefusedError(refusal, staged)


def recent_rows(feed: Feed) -> list[int]:
    """Rows of the last good snapshots: what a usual one has."""
    good = (FeedRun.State.SUCCEEDED, FeedRun.State.UNCHANGED)
    runs = FeedRun.objects.filter(feed=feed, kind="snapshot", state__in=good, rows__gt=0)
    return list(runs.order_by("-started_at").values_list("rows", flat=True)[:RECENT_RUNS])


def _apply_snapshot(
    cursor: CursorWrapper, feed: Feed, fetched: Fetched, staged: Staged, keys: Mapping[str, Any]
) -> Outcome:
    sequence = fetched.sequence
    if sequence is None:
        # Nothing says how new it is: it came last, so it counts as no older than anything before.
        sequence = max(feed.last_seq, staged.max_seq)
    own = list(Branch.objects.filter(supplier=feed.supplier).values_list("pk", flat=True))
    keys = {**keys, "sequence": sequence, "own_branches": own}
    if staged.removed:
        cursor.execute("DELETE FROM feed_stage s USING feed_word w WHERE w.id = s.word_id AND w.kind = 'd'")
    duplicates = 0
    is_simple = staged.kept == 0 and feed.last_seq <= sequence
    if is_simple:
        cursor.execute(_sql("snapshot_delta"), keys)
    if not is_simple or _has_duplicates(cursor, staged.good, own):
        cursor.execute(_sql("drop_duplicates"), {**keys, "is_snapshot": True})
        duplicates, disputed = cursor.fetchone()
        if disputed:
            staged.refuse("disputed", disputed)
            staged.good -= disputed
        cursor.execute(_sql("snapshot_delta"), keys)
    if feed.last_seq > sequence:
        cursor.execute(_BURIED, {"sequence": sequence})
    counts = _apply(cursor, keys)
    cursor.execute("DELETE FROM parts_tombstone WHERE branch_id = ANY (%s) AND seq <= %s", [own, sequence])
    return Outcome(staged, duplicates=duplicates, late=0, sequence=sequence, **counts)


# A snapshot older than a removal does not bring the offer back.
_BURIED = """
DELETE FROM feed_delta d USING parts_tombstone t
WHERE d.op = 'I' AND t.branch_id = d.branch_id AND t.part_id = d.part_id AND t.seq > %(sequence)s
"""


def _has_duplicates(cursor: CursorWrapper, good: int, own: list[int]) -> bool:
    """Whether any offer is named twice, told from the delta's counts: it costs no sort of half a million rows.

    Without duplicates, rows that met a stored offer are as many as stored offers that met a row.
    """
    cursor.execute(
        """
        SELECT (SELECT count(*) FROM parts_offer WHERE branch_id = ANY (%s)),
            count(*) FILTER (WHERE op = 'D'), count(*) FILTER (WHERE op = 'I') FROM feed_delta
        """,
        [own],
    )
    stored, gone, new = cursor.fetchone()
    if good - new != stored - gone:
        return True
    if not new:
        return False
    cursor.execute(
        """
        SELECT count(*) FROM (
            SELECT FROM feed_delta WHERE op = 'I'
            GROUP BY branch_id, part_id, CASE WHEN part_id IS NULL THEN brand_id END, CASE WHEN part_id IS NULL THEN norm END
        ) named
        """
    )
    return bool(cursor.fetchone()[0] != new)


def _apply_changes(
    cursor: CursorWrapper, feed: Feed, fetched: Fetched, staged: Staged, keys: Mapping[str, Any]
) -> Outcome:
    sequence = fetched.sequence if fetched.sequence is not None else feed.last_seq + 1
    keys = {**keys, "sequence": sequence}
    cursor.execute(
        "DELETE FROM feed_stage WHERE word_id <> 0 AND coalesce(seq, %s) <= %s", [sequence, feed.snapshot_seq]
    )
    late = cursor.rowcount
    cursor.execute(_sql("drop_duplicates"), {**keys, "is_snapshot": False})
    duplicates, _ = cursor.fetchone()
    cursor.execute(_sql("changes_delta"), keys)
    cursor.execute("SELECT (SELECT count(*) FROM feed_stage WHERE word_id <> 0), count(*) FROM feed_delta")
    distinct, newer = cursor.fetchone()
    counts = _apply(cursor, keys)
    cursor.execute(_sql("apply_changes"))
    newest = max(sequence if fetched.sequence is not None else 0, staged.max_seq, feed.last_seq)
    return Outcome(staged, duplicates=duplicates, late=late + distinct - newer, sequence=newest, **counts)


def _apply(cursor: CursorWrapper, keys: Mapping[str, Any]) -> dict[str, int]:
    """Write the delta; how many offers are new, changed and gone."""
    cursor.execute("SELECT op, count(*), count(*) FILTER (WHERE part_id IS NULL) FROM feed_delta GROUP BY op")
    found = cursor.fetchall()
    by_op = {op if isinstance(op, str) else op.decode(): count for op, count, _ in found}
    if any(unknown for _, _, unknown in found):
        cursor.execute(_sql("number_new_parts"), keys)
    if by_op:
        cursor.execute("ANALYZE feed_delta (branch_id, part_id, op)")
        cursor.execute(_sql("apply_delta"), keys)
    return {"inserted": by_op.get("I", 0), "updated": by_op.get("U", 0), "removed": by_op.get("D", 0)}


def _note_replacements(cursor: CursorWrapper, feed: Feed, staged: Staged, brands: Mapping[str, int]) -> None:
    """Hand on which numbers replace which. A replaced number that nobody lists becomes a part of its brand."""
    notes = sorted(note for note in staged.replacements if note[0] in brands)
    if not notes:
        return
    keys: dict[str, Any] = {
        "brands": [brands[brand] for brand, _, _ in notes],
        "old": [old for _, old, _ in notes],
        "new": [new for _, _, new in notes],
        "is_demo": feed.supplier.is_demo,
    }
    cursor.execute(_sql("number_replaced_parts"), keys)
    cursor.execute(
        """
        SELECT old.part_id, new.part_id
        FROM unnest(%(brands)s::bigint[], %(old)s::text[], %(new)s::text[]) AS note (brand_id, old_norm, new_norm)
        JOIN parts_partnumber old ON old.norm = note.old_norm AND old.brand_id = note.brand_id
        JOIN parts_partnumber new ON new.norm = note.new_norm AND new.brand_id = note.brand_id
        WHERE old.part_id <> new.part_id
        """,
        keys,
    )
    pairs: Iterable[tuple[int, int]] = cursor.fetchall()
    note_replacements(pairs, source=f"feed {feed.supplier.code}"[:80])
