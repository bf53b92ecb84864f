"""Runs held for an admin: their bodies are kept, compressed, until somebody approves or discards them."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from parts.feeds.models import FeedRun, HeldChunk
from parts.feeds.spool import Spool

_CHUNK = 1024 * 1024


def keep(run: FeedRun, spool: Spool) -> None:
    """Keep the body of a run that is being held, in the caller's transaction. An older held run gives way to it."""
    release(run.feed_id, reason="A newer file was held in its place.", but=run.pk)
    for number, piece in enumerate(_regrouped(spool.gzipped_pieces())):
        HeldChunk.objects.create(run=run, number=number, data=piece)


def release(feed_id: int, *, reason: str, but: int | None = None) -> None:
    """Let go of held runs of the feed: they are over, and their bodies are deleted."""
    with transaction.atomic():
        held = FeedRun.objects.filter(feed_id=feed_id, state=FeedRun.State.HELD)
        if but is not None:
            held = held.exclude(pk=but)
        HeldChunk.objects.filter(run__in=held).delete()
        held.update(state=FeedRun.State.IGNORED, reason=reason)


def pieces(run: FeedRun) -> Iterator[bytes]:
    """The body kept, as gzip, one piece in memory at a time."""
    for number in range(HeldChunk.objects.filter(run=run).count()):
        yield bytes(HeldChunk.objects.get(run=run, number=number).data)


def _regrouped(small: Iterator[bytes]) -> Iterator[bytes]:
    buffer = bytearray()
    for piece in small:
        buffer += piece
        while len(buffer) >= _CHUNK:
            yield bytes(buffer[:_CHUNK])
            del buffer[:_CHUNK]
    if buffer:
        yield bytes(buffer)
