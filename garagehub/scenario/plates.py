"""Invented number plates: a bijection between an index and a plate that nobody has.

They have the shape of today's plates with an age identifier from 80 to 99, which is not issued before September 2030.
The first few indexes have the plates DVLA publishes for its own test service.
"""

from __future__ import annotations

from functools import lru_cache

from garagehub.scenario.draws import number

# DVLA's mock plates, in the order of `garagehub.scenario.mock_vehicles`.
MOCK_PLATES = ("AA19AAA", "AA19EEE", "AA19PPP", "L2WPS", "AA19SRN", "AA19DSL", "AA19MOT", "AA19AMP")

_TAG = "ABCDEFGHJKLMNOPRSTUVWXY"  # no I, Q, Z
_ENDING = "ABCDEFGHJKLMNOPRSTUVWXYZ"  # no I, Q
_FIRST_AGE, _AGES = 80, 20
_TAGS, _ENDINGS = len(_TAG) ** 2, len(_ENDING) ** 3
CAPACITY = _TAGS * _AGES * _ENDINGS
_LENGTH = 7
# Coprime to CAPACITY, whose prime factors are 2, 3, 5 and 23.
_MULTIPLIER = 88_172_641


@lru_cache(maxsize=16)
def _shift(seed: int) -> int:
    return number(seed, "plates") % CAPACITY


def registration_of(index: int, *, seed: int) -> str:
    """The plate of a vehicle. Raises ValueError for an index below 0 or beyond the plates there are."""
    if index < len(MOCK_PLATES):
        if index < 0:
            raise ValueError("An index is 0 or more.")
        return MOCK_PLATES[index]
    if index >= CAPACITY:
        raise ValueError(f"There are plates for {CAPACITY:,} vehicles.")
    code = (index * _MULTIPLIER + _shift(seed)) % CAPACITY
    code, last = divmod(code, 24)
    code, middle = divmod(code, 24)
    code, first = divmod(code, 24)
    code, age = divmod(code, _AGES)
    tag, second_tag = divmod(code, 23)
    return f"{_TAG[tag]}{_TAG[second_tag]}{_FIRST_AGE + age}{_ENDING[first]}{_ENDING[middle]}{_ENDING[last]}"


def index_of(registration: str, *, seed: int) -> int | None:
    """The vehicle that has the plate (capitals, no spaces), whatever the size of the fleet; None for other plates."""
    if registration in MOCK_PLATES:
        return MOCK_PLATES.index(registration)
    tags, age, endings = registration[:2], registration[2:4], registration[4:]
    if len(registration) != _LENGTH or not (age.isascii() and age.isdigit() and int(age) >= _FIRST_AGE):
        return None
    if any(letter not in _TAG for letter in tags) or any(letter not in _ENDING for letter in endings):
        return None
    code = _TAG.index(tags[0]) * 23 + _TAG.index(tags[1])
    code = code * _AGES + int(age) - _FIRST_AGE
    for letter in endings:
        code = code * 24 + _ENDING.index(letter)
    index = (code - _shift(seed)) * pow(_MULTIPLIER, -1, CAPACITY) % CAPACITY
    return index if index >= len(MOCK_PLATES) else None
