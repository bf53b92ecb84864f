"""Part numbers and words as people type them, found: set-based, whatever their number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
from django.contrib.postgres.search import SearchQuery
from django.db.models import Exists, OuterRef, Q, QuerySet

from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.lib.prepared import prepared_cursor
from parts.catalogue.models import DESCRIPTION_WORDS, Brand, Part, PartNumber, PartQuerySet
from parts.catalogue.numbers import normalise
from parts.catalogue.supersession import MAX_CHAIN

MAX_NUMBERS = 500
_MAX_WORDS = 8

EXACT = "exact"
NORMALISED = "normalised"
SUPERSEDED = "superseded"
AMBIGUOUS = "ambiguous"
UNKNOWN = "unknown"

_RESOLVE = (Path(__file__).parent / "sql" / "resolve_numbers.sql").read_text(encoding="utf-8")


class Successor(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A part that replaces the one asked for, perhaps through others. `is_set`: only together with its group."""

    part_id: int
    part_number: str
    brand: str
    description: str
    depth: int
    ratio: int
    is_set: bool
    group: int
    grade: str


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A part whose number it may be."""

    part_id: int
    part_number: str
    brand: str
    description: str
    lifecycle: str
    grade: str
    successors: tuple[Successor, ...]


class Match(msgspec.Struct, frozen=True, gc=False):
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


_SUCCESSORS = msgspec.json.Decoder(tuple[Successor, ...])


def known_part(part_number: str, *, brand: str) -> Match:
    """The part of the brand that has the number. NotFoundError `part_not_found`. One query."""
    for candidate in resolve_numbers([part_number])[0].candidates:
        if candidate.brand == brand:
            return match_of(candidate, SUPERSEDED if candidate.successors else EXACT)
    raise NotFoundError(f"We know no part {part_number} of {brand}.", code="part_not_found")


def resolve_numbers(numbers: Sequence[str]) -> list[Match]:
    """One match per number, in the order given, repeats repeated. One query.

    DomainError `too_many_numbers` above `MAX_NUMBERS`.
    """
    if len(numbers) > MAX_NUMBERS:
        message = f"Ask for at most {MAX_NUMBERS} part numbers at a time."
        raise DomainError(message, code="too_many_numbers", fields={"part_numbers": [message]})
    norms = [normalise(number) for number in numbers]
    found = _find({norm for norm in norms if norm})
    return [_match(number, found.get(norm, ())) for number, norm in zip(numbers, norms, strict=True)]


def search_parts(text: str) -> PartQuerySet:
    """Parts whose number starts with the text, or whose description or brand has words that begin with all of its.

    Words are compared by their stems, so that "springs" finds a spring. Those with just this number come first, then
    those whose number begins with it, then by description.
    """
    norm, words = normalise(text), re.findall(r"[^\W_]+", text.lower())[:_MAX_WORDS]
    if not words:
        return Part.objects.none()
    starting = PartNumber.objects.filter(norm__startswith=norm) if norm else PartNumber.objects.none()
    # A union, not OR: each half can use its index.
    found = starting.order_by().values("part_id").union(_with_words(words).order_by().values("pk"))
    return (
        Part.objects.filter(pk__in=found)
        .select_related("brand")
        .order_by(
            ~Exists(PartNumber.objects.filter(part=OuterRef("pk"), norm=norm)),
            ~Exists(starting.filter(part=OuterRef("pk"))),
            "description",
            "pk",
        )
    )


def _with_words(words: Sequence[str]) -> QuerySet[Part]:
    brands = [(pk, name.lower().split()) for pk, name in Brand.objects.values_list("pk", "name")]
    parts = Part.objects.annotate(words=DESCRIPTION_WORDS)
    elsewhere = []
    for word in words:
        named = [pk for pk, name in brands if any(own.startswith(word) for own in name)]
        if named:
            parts = parts.filter(Q(words=_beginning(word)) | Q(brand__in=named))
        else:
            elsewhere.append(word)
    return parts.filter(words=_beginning(*elsewhere)) if elsewhere else parts


def _beginning(*words: str) -> SearchQuery:
    return SearchQuery(" & ".join(f"'{word}':*" for word in words), config="english", search_type="raw")


def _find(norms: set[str]) -> dict[str, list[tuple[str, Candidate]]]:
    """By number as compared: each part it may be, with the number as stored."""
    found: dict[str, list[tuple[str, Candidate]]] = {}
    with prepared_cursor() as cursor:
        # As one text: the driver sends many ten times as quickly as one by one. No number has a line's end in it.
        cursor.execute(_RESOLVE, {"norms": "\n".join(sorted(norms)), "depth": MAX_CHAIN})
        for norm, raw, successors, part_id, number, brand, description, lifecycle, grade in cursor.fetchall():
            replaced_by = _SUCCESSORS.decode(successors) if successors else ()
            candidate = Candidate(part_id, number, brand, description, lifecycle, grade, replaced_by)
            found.setdefault(norm, []).append((raw, candidate))
    return found


def _match(number: str, found: Sequence[tuple[str, Candidate]]) -> Match:
    if not found:
        return Match(number, UNKNOWN)
    if len(found) > 1:
        return Match(number, AMBIGUOUS, candidates=tuple(candidate for _, candidate in found))
    [(raw, candidate)] = found
    spelling = EXACT if raw == number.strip() else NORMALISED
    return match_of(candidate, SUPERSEDED if candidate.successors else spelling, typed=number)


def match_of(candidate: Candidate, matched: str, *, typed: str | None = None) -> Match:
    """What is found for what was typed: by default, for a part found in another way, its number."""
    return Match(
        candidate.part_number if typed is None else typed,
        matched,
        candidate.part_id,
        candidate.part_number,
        candidate.brand,
        candidate.description,
        candidate.lifecycle,
        candidate.grade,
        candidate.successors,
        (candidate,),
    )
