"""Part numbers and words as people type them, found: set-based, whatever their number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from garagehub.lib.errors import DomainError
from garagehub.lib.prepared import prepared_cursor
from parts.catalogue.models import Part, PartNumber
from parts.catalogue.numbers import normalise
from parts.catalogue.supersession import MAX_CHAIN

MAX_NUMBERS = 500

EXACT = "exact"
NORMALISED = "normalised"
SUPERSEDED = "superseded"
AMBIGUOUS = "ambiguous"
UNKNOWN = "unknown"

_RESOLVE = (Path(__file__).parent / "sql" / "resolve_numbers.sql").read_text(encoding="utf-8")


class Successor(NamedTuple):
    """A part that replaces the one asked for, perhaps through others. `is_set`: only together with its group."""

    part_id: int
    part_number: str
    brand: str
    description: str
    depth: int
    ratio: int
    is_set: bool
    group: int


class Candidate(NamedTuple):
    """A part whose number it may be."""

    part_id: int
    part_number: str
    brand: str
    description: str
    lifecycle: str
    grade: str
    successors: tuple[Successor, ...]


class Match(NamedTuple):
    """What was found for one input. The part's fields are empty when it is unknown or ambiguous.

    `matched`: `exact` as stored, `normalised` but for case and separators, `superseded` found and since replaced,
    `ambiguous` the number of several brands (then `candidates` has each), `unknown`.
    """

    input: str
    matched: str
    part_id: int | None = None
    part_number: str | None = None
    brand: str | None = None
    description: str | None = None
    lifecycle: str | None = None
    grade: str | None = None
    successors: tuple[Successor, ...] = ()
    candidates: tuple[Candidate, ...] = ()


def resolve_numbers(numbers: Sequence[str]) -> list[Match]:
    """One match per number, in the order given, repeats repeated. One query.

    DomainError `too_many_numbers` above `MAX_NUMBERS`.
    """
    if len(numbers) > MAX_NUMBERS:
        message = f"Ask for at most {MAX_NUMBERS} part numbers at a time."
        raise DomainError(message, code="too_many_numbers", fields={"part_numbers": [message]})
    norms = [normalise(number) for number in numbers]
    found = _find({norm for norm in norms if norm})
    return [_match(number, found.get(norm, [])) for number, norm in zip(numbers, norms, strict=True)]


def search_parts(text: str) -> QuerySet[Part]:
    """Parts whose number starts with the text, or whose description or brand has all its words; by number."""
    words = text.replace("\0", "").split()
    if not words:
        return Part.objects.none()
    by_words = Q()
    for word in words:
        by_words &= Q(description__icontains=word) | Q(brand__name__icontains=word)
    norm = normalise(text)
    by_number = Q(pk__in=PartNumber.objects.filter(norm__startswith=norm).values("part")) if norm else Q()
    return Part.objects.filter(by_number | by_words).select_related("brand").order_by("pk")


class _Found(NamedTuple):
    raw: str
    candidate: Candidate


def _find(norms: set[str]) -> dict[str, list[_Found]]:
    found: dict[str, list[_Found]] = {}
    with prepared_cursor() as cursor:
        cursor.execute(_RESOLVE, {"norms": sorted(norms), "depth": MAX_CHAIN})
        for norm, raw, successors, *part in cursor.fetchall():
            found.setdefault(norm, []).append(_Found(raw, _candidate(part, successors)))
    return found


def _candidate(part: list[Any], successors: str | None) -> Candidate:
    part_id, number, brand, description, lifecycle, grade = part
    replaced_by = tuple(Successor(*row) for row in json.loads(successors or "[]"))
    return Candidate(part_id, number, brand, description, lifecycle, grade, replaced_by)


def _match(number: str, found: list[_Found]) -> Match:
    if not found:
        return Match(number, UNKNOWN)
    candidates = tuple(candidate for _, candidate in found)
    if len(candidates) > 1:
        return Match(number, AMBIGUOUS, candidates=candidates)
    [(raw, candidate)] = found
    spelling = EXACT if raw == number.strip() else NORMALISED
    return Match(
        input=number,
        matched=SUPERSEDED if candidate.successors else spelling,
        part_id=candidate.part_id,
        part_number=candidate.part_number,
        brand=candidate.brand,
        description=candidate.description,
        lifecycle=candidate.lifecycle,
        grade=candidate.grade,
        successors=candidate.successors,
        candidates=candidates,
    )
