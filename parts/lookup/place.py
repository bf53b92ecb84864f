"""Where an answer is for: a postcode, the place a vehicle is kept, or anywhere in the UK."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from garagehub.lib.errors import DomainError
from garagehub.lib.geography import REGION_NAMES, UK, about_miles, area_of, miles_between

# What garagehub.lib.geography calls the regions, which knows of no languages.
REGIONS_IN_WORDS = {
    gettext_noop("Scotland"),
    gettext_noop("North East"),
    gettext_noop("North West"),
    gettext_noop("Yorkshire and The Humber"),
    gettext_noop("East Midlands"),
    gettext_noop("West Midlands"),
    gettext_noop("East of England"),
    gettext_noop("London"),
    gettext_noop("South East"),
    gettext_noop("South West"),
    gettext_noop("Wales"),
    gettext_noop("Northern Ireland"),
}


@dataclass(frozen=True)
class Place:
    """A region, and the middle of its postcode area in degrees if a postcode was given."""

    region: int
    latitude: float | None = None
    longitude: float | None = None

    @property
    def name(self) -> str:
        """The place in words."""
        return _("the United Kingdom") if self.region == UK else _(REGION_NAMES[self.region])

    def miles_to(self, latitude: float | None, longitude: float | None) -> int | None:
        """About how far, to 5 miles; None when either end is not known."""
        if self.latitude is None or self.longitude is None or latitude is None or longitude is None:
            return None
        return _about(self.latitude, self.longitude, latitude, longitude)


@lru_cache(maxsize=16_384)  # middles of 121 areas, and branches: the same few distances again and again
def _about(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> int:
    return about_miles(miles_between(latitude, longitude, other_latitude, other_longitude))


ANYWHERE = Place(UK)


def place_of(postcode: str | None) -> Place | None:
    """The place of a postcode or its first half; None when none is given. DomainError `invalid_postcode` if unreadable."""
    if not postcode or not postcode.strip():
        return None
    area = area_of(postcode)
    if area is None:
        raise DomainError(
            _("That is not a UK postcode we know."),
            code="invalid_postcode",
            fields={"postcode": [_("Enter a postcode, or its first half, such as LE4 or SW1A 1AA.")]},
        )
    return Place(area.region, area.latitude, area.longitude)
