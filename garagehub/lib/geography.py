"""UK regions as bits, postcode areas, and distances between their middles.

A region is a bit number 0 to 11 (ITL1); bit 12, `UK`, means "anywhere in the United Kingdom" and stands
for a place we do not know. A set of regions is an int, so "any of" is `|`, "all of" is `&`.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

REGIONS = (
    (0, "Scotland"),
    (1, "North East"),
    (2, "North West"),
    (3, "Yorkshire and The Humber"),
    (4, "East Midlands"),
    (5, "West Midlands"),
    (6, "East of England"),
    (7, "London"),
    (8, "South East"),
    (9, "South West"),
    (10, "Wales"),
    (11, "Northern Ireland"),
)
UK = 12
REGION_CHOICES = (*REGIONS, (UK, "United Kingdom (place not known)"))
REGION_NAMES = dict(REGION_CHOICES)
REGION_SLUGS = {number: name.lower().replace(" ", "-") for number, name in REGIONS}
ALL_REGIONS = (1 << (UK + 1)) - 1

# Regions that border each other by land; who serves a region usually delivers to its neighbours.
_NEIGHBOURS = {
    0: (1, 2),
    1: (0, 3),
    2: (0, 3, 4, 5, 10),
    3: (1, 2, 4),
    4: (2, 3, 5, 6, 8),
    5: (2, 4, 8, 9, 10),
    6: (4, 7, 8),
    7: (6, 8),
    8: (4, 5, 6, 7, 9),
    9: (5, 8, 10),
    10: (2, 5, 9),
    11: (),
}


def mask(*regions: int) -> int:
    """The set of these regions, with the `UK` bit that any non-empty set has."""
    bits = 0
    for region in regions:
        bits |= 1 << region
    return bits | (1 << UK) if bits else 0


def reach_of(region: int) -> int:
    """The set a place in `region` serves by default: its own region and those bordering it. `UK`: anywhere, not where."""
    return mask(region, *_NEIGHBOURS.get(region, ()))


def has(bits: int, region: int) -> bool:
    """Whether the set holds the region (`UK` asks "anywhere")."""
    return bool(bits >> region & 1)


class Area(NamedTuple):
    """A postcode area: its letters, region, and the middle of its districts in degrees."""

    letters: str
    region: int
    latitude: float
    longitude: float


# Middles are medians of each area's districts, to 0.01 degree; the region is the majority's. Facts, rounded: say "about".
_AREAS = """
0: AB 57.20 -2.37; DD 56.50 -2.92; DG 55.06 -3.66; EH 55.92 -3.19; FK 56.14 -3.92; G 55.87 -4.26; HS 57.80 -6.96;
0: IV 57.55 -4.46; KA 55.61 -4.66; KW 58.33 -3.47; KY 56.20 -3.20; ML 55.77 -3.96; PA 55.95 -5.40; PH 56.77 -4.00;
0: TD 55.66 -2.54; ZE 60.15 -1.23;
1: DH 54.84 -1.57; DL 54.55 -1.64; NE 54.98 -1.62; SR 54.90 -1.38; TS 54.57 -1.24;
2: BB 53.79 -2.30; BL 53.59 -2.42; CA 54.61 -3.37; CH 53.34 -3.05; CW 53.17 -2.45; FY 53.82 -3.02; L 53.43 -2.95;
2: LA 54.22 -2.92; M 53.48 -2.26; OL 53.56 -2.11; PR 53.74 -2.69; SK 53.40 -2.13; WA 53.39 -2.63; WN 53.53 -2.64;
3: BD 53.81 -1.78; DN 53.56 -0.65; HD 53.65 -1.78; HG 54.01 -1.53; HU 53.76 -0.36; HX 53.72 -1.89; LS 53.81 -1.55;
3: S 53.38 -1.44; WF 53.68 -1.52; YO 54.01 -0.99;
4: DE 52.91 -1.51; LE 52.63 -1.13; LN 53.27 -0.33; NG 52.99 -1.15; NN 52.27 -0.85;
5: B 52.48 -1.89; CV 52.38 -1.51; DY 52.47 -2.17; HR 52.10 -2.77; ST 52.98 -2.15; SY 52.62 -3.03; TF 52.67 -2.47;
5: WR 52.19 -2.20; WS 52.63 -1.96; WV 52.58 -2.15;
6: AL 51.79 -0.26; CB 52.21 0.17; CM 51.75 0.35; CO 51.90 0.91; IP 52.21 1.13; LU 51.89 -0.47; NR 52.64 1.28;
6: PE 52.64 0.00; SG 51.91 -0.19; SS 51.56 0.60; WD 51.67 -0.40;
7: BR 51.39 0.04; CR 51.35 -0.08; DA 51.44 0.19; E 51.54 -0.02; EC 51.52 -0.10; EN 51.70 -0.06; HA 51.59 -0.33;
7: IG 51.58 0.07; KT 51.36 -0.31; N 51.60 -0.10; NW 51.55 -0.20; RM 51.55 0.20; SE 51.47 -0.05; SM 51.36 -0.20;
7: SW 51.48 -0.15; TW 51.45 -0.39; UB 51.52 -0.42; W 51.51 -0.15; WC 51.52 -0.12;
8: BN 50.83 -0.15; CT 51.27 1.25; GU 51.25 -0.73; HP 51.72 -0.72; ME 51.34 0.55; MK 52.05 -0.73; OX 51.78 -1.26;
8: PO 50.79 -1.10; RG 51.41 -1.03; RH 51.11 -0.15; SL 51.52 -0.63; SO 50.93 -1.38; TN 51.09 0.45;
9: BA 51.15 -2.43; BH 50.74 -1.89; BS 51.45 -2.60; DT 50.74 -2.47; EX 50.81 -3.60; GL 51.84 -2.22; PL 50.42 -4.31;
9: SN 51.56 -1.80; SP 51.08 -1.82; TA 51.04 -2.96; TQ 50.44 -3.61; TR 50.17 -5.26;
10: CF 51.53 -3.34; LD 52.20 -3.38; LL 53.19 -4.08; NP 51.70 -3.03; SA 51.80 -4.29;
11: BT 54.58 -6.23;
"""

AREAS: dict[str, Area] = {}
for _line in _AREAS.strip().splitlines():
    _region, _, _items = _line.partition(":")
    for _item in filter(None, (part.strip() for part in _items.split(";"))):
        _letters, _latitude, _longitude = _item.split()
        AREAS[_letters] = Area(_letters, int(_region), float(_latitude), float(_longitude))

_POSTCODE = re.compile(r"^([A-Z]{1,2})[0-9][0-9A-Z]?(?:[0-9][A-Z]{2})?$")


def area_of(postcode: str) -> Area | None:
    """The postcode area of a full postcode or its outward half (`LE4 2BN`, `le4`), or None if it is not one.

    Crown dependencies (GY, JE, IM) are outside the MOT scheme and give None.
    """
    match = _POSTCODE.match(re.sub(r"[^A-Z0-9]", "", postcode.upper()))
    return AREAS.get(match[1]) if match else None


def miles_between(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Great-circle distance in statute miles (haversine on a sphere of radius 3,958.8 miles)."""
    phi, other_phi = math.radians(latitude), math.radians(other_latitude)
    half_chord = (
        math.sin((other_phi - phi) / 2) ** 2
        + math.cos(phi) * math.cos(other_phi) * math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    )
    return 2 * 3958.8 * math.asin(math.sqrt(half_chord))


def about_miles(distance: float) -> int:
    """A distance as we show it: to the nearest 5 miles, never 0, since our middles are rough."""
    return max(5, round(distance / 5) * 5)
