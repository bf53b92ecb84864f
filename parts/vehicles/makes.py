"""Makes and models as lines of MOT data first name them. There are few, so plain ORM makes them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from django.utils.text import slugify

from dealers.models import Make
from parts.vehicles.models import VehicleModel

_FIND = """
SELECT mk.name, mo.name, mo.id
FROM unnest(%s::text[], %s::text[]) AS w (make, model)
JOIN dealers_make mk ON mk.name = w.make
JOIN parts_vehiclemodel mo ON mo.make_id = mk.id AND mo.name = w.model
FOR KEY SHARE OF mo
"""


def models_of(cursor: Any, names: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The id of each (make, model), made if nobody had it. Until the transaction ends, none of them can be deleted."""
    found = _find(cursor, names)
    missing = sorted(names - found.keys())
    if missing:
        add_models(missing)
        found |= _find(cursor, set(missing))
    return found


def add_models(names: Iterable[tuple[str, str]]) -> None:
    """Make these (make, model)s that are not there yet."""
    for make_name, model_name in names:
        make = Make.objects.filter(name=make_name).first() or _add_make(make_name)
        VehicleModel.objects.get_or_create(make=make, name=model_name)


def _find(cursor: Any, names: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    cursor.execute(_FIND, [[make for make, _ in names], [model for _, model in names]])
    return {(make, model): model_id for make, model, model_id in cursor.fetchall()}


def _add_make(name: str) -> Make:
    """A make under a slug that nobody has: ROLLS ROYCE and ROLLS-ROYCE are two to DVSA."""
    slug = slugify(name)[:56] or "make"
    taken = set(Make.objects.filter(slug__startswith=slug).values_list("slug", flat=True))
    free = next(option for option in _slugs(slug) if option not in taken)
    return Make.objects.get_or_create(name=name, defaults={"slug": free})[0]


def _slugs(slug: str) -> Iterable[str]:
    yield slug
    yield from (f"{slug}-{number}" for number in itertools.count(2))
