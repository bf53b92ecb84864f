"""What a garage watches: cars by their plates, parts by their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, FilteredRelation, Q, QuerySet
from django.utils.translation import gettext as _

from dealers.models import Dealer
from garagehub.lib.errors import DomainError, NotFoundError
from parts.catalogue.search import AMBIGUOUS, Match, resolve_numbers
from parts.lookup.live import look_up_many
from parts.notices import standing
from parts.notices.models import Watch
from parts.vehicles.models import Vehicle

MOST_VEHICLES: Final = 500
MOST_PARTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input: a watch, `is_new` or there before, or an error."""

    input: str
    watch: Watch | None = None
    is_new: bool = False
    error: DomainError | None = None


def of(dealer: Dealer) -> QuerySet[Watch]:
    """The dealer's watches with what they are of; a part's number as `part_number`. In no order, to be paged."""
    rows = Watch.objects.filter(dealer=dealer).select_related("vehicle", "part__brand")
    main = FilteredRelation("part__numbers", condition=Q(part__numbers__is_main=True))
    return rows.annotate(shown=main, part_number=F("shown__raw"))


def of_vehicles(dealer: Dealer) -> list[Watch]:
    """The cars it watches, in the order they were added."""
    return list(of(dealer).filter(vehicle__isnull=False).order_by("pk"))


def of_parts(dealer: Dealer) -> list[Watch]:
    """The parts it watches, in the order they were added."""
    return list(of(dealer).filter(part__isnull=False).order_by("pk"))


def watch_vehicles(dealer: Dealer, registrations: Sequence[str], *, note: str = "", at: datetime) -> list[Outcome]:
    """Watch cars, each its own error if it has one, in the order asked. A note replaces the one there was.

    DomainError `too_many_watches` when there would be more than `MOST_VEHICLES`. Constant queries.
    """
    answers = look_up_many(list(registrations), at=at)
    plates = [None if isinstance(one, DomainError) else one["registration"] for one in answers]
    ids = dict(Vehicle.objects.filter(registration__in=filter(None, plates)).values_list("registration", "id"))
    found = [ids.get(plate) if plate else None for plate in plates]
    gone = NotFoundError(_("We do not know this number plate."), code="vehicle_not_found")
    errors = [
        one if isinstance(one, DomainError) else (None if vehicle_id else gone)
        for one, vehicle_id in zip(answers, found, strict=True)
    ]
    return _watch(dealer, "vehicle_id", registrations, found, errors, note=note, at=at)


def watch_parts(dealer: Dealer, numbers: Sequence[str], *, note: str = "", at: datetime) -> list[Outcome]:
    """`watch_vehicles` for parts, at most `MOST_PARTS`. A number that several brands use is an error of its own."""
    matches = resolve_numbers(numbers)
    found = [match.part_id for match in matches]
    errors = [None if match.part_id else _no_part(match) for match in matches]
    return _watch(dealer, "part_id", numbers, found, errors, note=note, at=at)


def remove(dealer: Dealer, public_id: UUID) -> None:
    """Watch it no longer. NotFoundError for none, and for another dealer's."""
    gone, _kinds = Watch.objects.filter(dealer=dealer, public_id=public_id).delete()
    if not gone:
        raise NotFoundError(_("You watch nothing of that name."), code="watch_not_found")


@transaction.atomic
def _watch(
    dealer: Dealer,
    key: str,
    inputs: Sequence[str],
    found: Sequence[int | None],
    errors: Sequence[DomainError | None],
    *,
    note: str,
    at: datetime,
) -> list[Outcome]:
    Dealer.objects.select_for_update(no_key=True).get(pk=dealer.pk)  # two lists at once must not both fit
    theirs = Watch.objects.filter(dealer=dealer).exclude(**{key: None})
    wanted = list(dict.fromkeys(one for one in found if one))
    known = set(theirs.filter(**{f"{key}__in": wanted}).values_list(key, flat=True))
    fresh = [one for one in wanted if one not in known]
    _check_room(theirs.count() + len(fresh), MOST_VEHICLES if key == "vehicle_id" else MOST_PARTS)
    if key == "vehicle_id":
        states = standing.of_vehicles(fresh, region=dealer.region)
    else:
        states = standing.of_parts(fresh, region=dealer.region)
    Watch.objects.bulk_create(
        Watch(dealer=dealer, note=note, added_at=at, state=states[one], **{key: one}) for one in fresh
    )
    if note and known:
        theirs.filter(**{f"{key}__in": known}).update(note=note)
    rows: Mapping[Any, Watch] = {getattr(row, key): row for row in of(dealer).filter(**{f"{key}__in": wanted})}
    return [
        Outcome(typed, watch=rows[one], is_new=one not in known) if one else Outcome(typed, error=error)
        for typed, one, error in zip(inputs, found, errors, strict=True)
    ]


def _check_room(count: int, most: int) -> None:
    if count > most:
        message = _("That would be %(count)s; at most %(most)s can be watched. Remove some first.") % {
            "count": count,
            "most": most,
        }
        raise DomainError(message, code="too_many_watches")


def _no_part(match: Match) -> DomainError:
    if match.matched == AMBIGUOUS:
        brands = ", ".join(sorted({candidate.brand for candidate in match.candidates}))
        text = _("Several brands have a part of this number: %(brands)s.") % {"brands": brands}
        return DomainError(text, code="ambiguous_part_number")
    return NotFoundError(_("We do not know this part number."), code="part_not_found")
