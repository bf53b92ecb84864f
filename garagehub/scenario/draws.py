"""Repeatable chance: numbers that depend on a seed and a name only, the same in every process and on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

STEPS = 65_536


def fraction(seed: int, *names: object) -> float:
    """A number in [0, 1) for this seed and these names."""
    return number(seed, *names) / 2**64


def number(seed: int, *names: object) -> int:
    """A 64-bit number for this seed and these names."""
    text = "\x1f".join(map(str, names))
    return int.from_bytes(blake2b(text.encode(), digest_size=8, key=key_of(seed)).digest(), "little")


@lru_cache(maxsize=16)
def key_of(seed: int) -> bytes:
    """The seed as a hash key."""
    return blake2b(str(seed).encode(), digest_size=16).digest()


def spread(items: Sequence[T], weights: Sequence[float], *, steps: int = STEPS) -> tuple[T, ...]:
    """The items repeated in proportion to their weights, `steps` in all, so that one small number draws one."""
    total = sum(weights)
    drawn: list[T] = []
    upto = 0.0
    for item, weight in zip(items, weights, strict=True):
        upto += weight
        drawn.extend([item] * (round(upto / total * steps) - len(drawn)))
    return tuple(drawn)
