"""What the fleet's chances are made of: tables that a 16-bit number draws from. Sources are named in `fleet`."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from itertools import pairwise
from random import Random

from garagehub.scenario.dealers import POPULATION
from garagehub.scenario.draws import STEPS, spread
from garagehub.scenario.models import MODELS
from garagehub.scenario.reasons import Defect, drawn_fails, drawn_notes, drawn_old_fails

# Days as text, from the first day any of the fleet's dates can fall on.
DAY_0 = date(1976, 1, 1).toordinal()
DAYS = tuple(date.fromordinal(day).isoformat() for day in range(DAY_0, DAY_0 + 31_000))
_opening = Random("times of tests")
TIMES = tuple(
    f"T{_opening.randint(8, 16):02}:{_opening.randint(0, 59):02}:{_opening.randint(0, 59):02}.000Z"
    for _ in range(4_096)
)
LATER_TIMES = tuple(f"T17:{time[4:]}" for time in TIMES)

MODEL_PICKS = spread(range(len(MODELS)), [model.licensed for model in MODELS])
REGION_PICKS = spread(range(len(POPULATION)), POPULATION)
NORTHERN_IRELAND = 11
REGION_KNOWN = round(0.7 * STEPS)  # of vehicles: somebody has said where the car is kept
COLOURS = spread(
    ("Grey", "Black", "White", "Blue", "Silver", "Green", "Red", "Brown", "Beige", "Orange"),
    (29, 23, 15, 11, 10, 5, 4, 1.5, 1, 0.5),
    steps=4_096,
)
RECALLS = spread(("No", "Unknown", "Yes", "Unavailable"), (86, 8, 5, 1), steps=4_096)
FUELS = tuple(tuple(spread(model.engines, range(len(model.engines), 0, -1), steps=256)) for model in MODELS)

# Of cars over twelve: off the road since before the manual of May 2018, yet never scrapped.
RETIRED_AGE = 12
RETIRED_SHARE = round(0.01 * STEPS)

# Initial fails by age: DVSA's figures for 2020, straight lines between them.
_PUBLISHED_FAILS = ((1, 6.8), (2, 9.3), (3, 13.1), (6, 22.0), (8, 29.0), (10, 35.0), (12, 40.0), (16, 47.0), (20, 44.0))
_OLD_LAND_ROVER = 1.1
# Median miles at test by age, 2023; the first and last points carry on the lines.
_PUBLISHED_MILES = ((0, 0), (5, 36_750), (8, 61_250), (12, 89_750), (16, 104_750), (30, 140_000))
OLDEST = 60


def between(points: tuple[tuple[int, float], ...], age: int) -> float:
    """The value on the straight lines through the points; flat beyond them."""
    if age <= points[0][0]:
        return points[0][1]
    for (left, low), (right, high) in pairwise(points):
        if age <= right:
            return low + (high - low) * (age - left) / (right - left)
    return points[-1][1]


def fail_rate(age: int, *, make: str) -> float:
    """The chance that a car of this age fails its test at first, 0 to 1."""
    rate = between(_PUBLISHED_FAILS, age) / 100
    return rate * _OLD_LAND_ROVER if make == "LAND ROVER" and age > RETIRED_AGE else rate


FAIL_CHANCES = {
    make: tuple(round(fail_rate(age, make=make) * STEPS) for age in range(OLDEST + 1))
    for make in ("LAND ROVER", "JAGUAR")
}
MILES_IN_LIFE = tuple(between(_PUBLISHED_MILES, age) for age in range(OLDEST + 1))
MILES_FACTORS = tuple(0.45 + 1.1 * step / 4_096 for step in range(4_096))


def _counts(mean: float, most: int) -> tuple[int, ...]:
    """1 to `most`, geometric, with this mean before what exceeds `most` is cut."""
    again = 1 - 1 / mean
    return spread(range(1, most + 1), [again**extra for extra in range(most)], steps=4_096)


# A quarter of initial fails are put right at the station, those with few defects: 13 % of failing items.
PRS_SHARE = round(0.25 * STEPS)
PRS_COUNTS = _counts(1.45, 4)
FAIL_COUNTS = _counts(3.3, 10)
_NOTES_FOR_EACH_FAIL = 2.63
_REPEATED = 1.3  # a test never lists the same text twice, so a few more are drawn
_MEAN_FAILS = 2.59


def _note_counts(age: int) -> tuple[int, ...]:
    """How many advisories and minors a test lists: none in two of five, on average in step with the age's fails."""
    mean = max(0.9, _REPEATED * _NOTES_FOR_EACH_FAIL * _MEAN_FAILS * fail_rate(age, make="JAGUAR"))
    none = 0.4 if mean > 1.2 else 0.55  # noqa: PLR2004 - young cars
    some = mean / (1 - none)
    again = 1 - 1 / some
    return spread(range(13), [none, *((1 - none) * (1 - again) * again**extra for extra in range(12))], steps=4_096)


NOTE_COUNTS = tuple(_note_counts(age) for age in range(OLDEST + 1))

# Days by which a test comes before the old one runs out (negative: after). Early tests keep the anniversary.
DAYS_EARLY = spread(
    (*range(29), *range(-10, 0), *range(-75, -10)), (*[2.8] * 29, *[1.3] * 10, *[0.1] * 65), steps=4_096
)
# Days from a failed test to its retest; NEVER: not before the next year.
NEVER = 9_999
RETEST_DAYS = spread(
    (*range(4), *range(4, 15), *range(15, 61), NEVER), (*[40 / 4] * 4, *[30 / 11] * 11, *[26 / 46] * 46, 4), steps=4_096
)

_FUEL_NAMES = {fuel for model in MODELS for fuel, _ in model.engines}
FAIL_PICKS: dict[str, tuple[Defect, ...]] = {fuel: drawn_fails(fuel) for fuel in _FUEL_NAMES}
NOTE_PICKS: dict[str, tuple[Defect, ...]] = {fuel: drawn_notes(fuel) for fuel in _FUEL_NAMES}
OLD_FAIL_PICKS = drawn_old_fails()
NEW_MANUAL = date(2018, 5, 20).toordinal()


@lru_cache(maxsize=4)
def year_picks(newest: int) -> tuple[tuple[int, ...], ...]:
    """For each model, the years its cars were first used, up to `newest`: fewer of each year the older it is."""
    tables = []
    for model in MODELS:
        years = range(model.first_year, min(model.last_year, newest) + 1)
        tables.append(spread(years, [0.5 ** (max(0, newest - year - 6) / 6) for year in years], steps=1_024))
    return tuple(tables)
