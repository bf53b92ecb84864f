"""The places of the scenario: franchised dealers and independent garages that do not exist, in towns that do.

Names are invented, telephone numbers are from the ranges Ofcom keeps free for drama, postcodes are outward halves
only, and a place lies near the middle of its postcode area.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from garagehub.lib.geography import AREAS
from garagehub.scenario.draws import number
from garagehub.scenario.timeline import INDEPENDENT_PREFIX

FRANCHISED, INDEPENDENT = "franchised", "independent"
FRANCHISED_COUNT, INDEPENDENT_COUNT = 110, 40

# Residents in millions by region (ONS, mid-2023, rounded): cars and dealers are spread like people.
POPULATION = (5.5, 2.7, 7.6, 5.5, 4.9, 6.1, 6.4, 8.9, 9.4, 5.8, 3.2, 1.9)


class DemoDealer(NamedTuple):
    """A fictional dealer or garage. `makes` are those it holds a franchise for, `group` the company it belongs to."""

    code: str
    slug: str
    name: str
    kind: str
    makes: tuple[str, ...]
    region: int
    town: str
    postcode: str
    latitude: float
    longitude: float
    phone: str
    group: str


# Per region: town and outward postcode.
_TOWNS = """
0: Aberdeen AB12; Dundee DD2; Dumfries DG1; Edinburgh EH12; Falkirk FK2; Glasgow G51; Inverness IV1; Ayr KA7; Dunfermline KY11; Motherwell ML1; Paisley PA3; Perth PH1; Galashiels TD1
1: Durham DH1; Darlington DL1; Newcastle upon Tyne NE15; Hexham NE46; Sunderland SR5; Middlesbrough TS2; Stockton-on-Tees TS18
2: Blackburn BB1; Bolton BL1; Carlisle CA1; Chester CH1; Crewe CW1; Blackpool FY4; Liverpool L3; Lancaster LA1; Manchester M11; Oldham OL1; Preston PR2; Stockport SK3; Warrington WA2; Wigan WN5
3: Bradford BD4; Doncaster DN4; Grimsby DN31; Huddersfield HD1; Harrogate HG1; Hull HU3; Halifax HX1; Leeds LS12; Sheffield S9; Wakefield WF2; York YO30
4: Derby DE24; Leicester LE4; Loughborough LE11; Lincoln LN6; Nottingham NG7; Newark NG24; Northampton NN4; Kettering NN16
5: Birmingham B7; Solihull B91; Coventry CV6; Leamington Spa CV31; Dudley DY2; Hereford HR4; Stoke-on-Trent ST4; Stafford ST16; Shrewsbury SY1; Telford TF3; Worcester WR4; Walsall WS2; Wolverhampton WV1
6: St Albans AL1; Cambridge CB5; Chelmsford CM2; Colchester CO4; Ipswich IP2; Bury St Edmunds IP32; Luton LU1; Norwich NR5; Peterborough PE1; Stevenage SG1; Southend-on-Sea SS2; Watford WD24
7: Bromley BR1; Croydon CR0; Dartford DA1; Stratford E15; Enfield EN1; Harrow HA1; Ilford IG1; Kingston upon Thames KT1; Tottenham N17; Cricklewood NW2; Romford RM7; Lewisham SE13; Sutton SM1; Battersea SW11; Hounslow TW3; Uxbridge UB8; Park Royal W3
8: Brighton BN1; Eastbourne BN22; Canterbury CT1; Guildford GU1; Farnborough GU14; High Wycombe HP11; Maidstone ME15; Milton Keynes MK6; Oxford OX4; Portsmouth PO3; Reading RG2; Basingstoke RG21; Crawley RH10; Slough SL1; Southampton SO15; Winchester SO23; Tunbridge Wells TN2; Ashford TN24
9: Bath BA2; Bournemouth BH8; Bristol BS4; Dorchester DT1; Exeter EX2; Gloucester GL2; Cheltenham GL51; Plymouth PL6; Swindon SN3; Salisbury SP2; Taunton TA1; Torquay TQ2; Truro TR1
10: Cardiff CF24; Bridgend CF31; Llandrindod Wells LD1; Wrexham LL13; Bangor LL57; Newport NP19; Swansea SA1; Carmarthen SA31
11: Belfast BT12; Lisburn BT28; Antrim BT41; Newry BT35; Omagh BT78; Londonderry BT47
"""

_HOUSES = (
    "Amberquill", "Brackenmere", "Cindervale", "Dunwhistle", "Eastermoor", "Fennimarsh", "Gorsewick", "Hazelmarch",
    "Inglebeck", "Juniper Vale", "Kestrelby", "Larkmarsh", "Mossingham", "Nettlecombe Vale", "Oakenshaw Vale", "Pemberwick",
    "Quillhurst", "Rookmere", "Saltermoor", "Thistlewick", "Umberleigh Vale", "Vixenholt", "Wrenmarsh", "Yarrowmere",
)  # fmt: skip
_GARAGES = (
    "Cotter Pin", "Tappet Lane", "Feeler Gauge", "Odd Sock", "Second Gear", "Brass Monkey Wrench", "Left-Hand Thread",
    "Slow Puncture", "Half Moon Spanner", "Copper Grease", "Penny Washer", "Grub Screw", "Sunday Driver", "Split Pin",
    "Blue Tarpaulin", "Kettle's On", "Woodruff Key", "Jubilee Clip", "Top Dead Centre", "Castle Nut",
)  # fmt: skip
_TRADES = ("Garage", "Motors", "MOT Centre", "Autos", "Car Repairs")

# Ofcom's numbers for drama, all but the last three digits.
_PHONES_BY_TOWN = {
    "Leeds": "0113 496 0", "Sheffield": "0114 496 0", "Nottingham": "0115 496 0", "Leicester": "0116 496 0",
    "Bristol": "0117 496 0", "Reading": "0118 496 0", "Birmingham": "0121 496 0", "Edinburgh": "0131 496 0",
    "Glasgow": "0141 496 0", "Liverpool": "0151 496 0", "Manchester": "0161 496 0", "Newcastle upon Tyne": "0191 498 0",
    "Cardiff": "029 2018 0",
}  # fmt: skip
_PHONES_BY_REGION = {7: "020 7946 0", 11: "028 9649 6"}
_PHONES_ELSEWHERE = "01632 960"

_BOTH, _LAND_ROVER, _JAGUAR = ("LAND ROVER", "JAGUAR"), ("LAND ROVER",), ("JAGUAR",)
_CODE_LETTERS = "ABCDEFHJKLMNPRSTUVWXY"  # without the prefix of independents


def demo_dealers(seed: int) -> list[DemoDealer]:
    """About 150 fictional places: the same list for the same seed, codes and slugs unique, franchised ones first."""
    chance = Random(number(seed, "dealers"))
    taken: set[str] = set()
    phones: set[str] = set()
    places = []
    for kind, count in ((FRANCHISED, FRANCHISED_COUNT), (INDEPENDENT, INDEPENDENT_COUNT)):
        for region, here in enumerate(_shares(count)):
            towns = chance.sample(_TOWNS_OF[region], len(_TOWNS_OF[region]))
            for position in range(here):
                town, postcode = towns[position % len(towns)]
                place = _place(
                    chance, kind=kind, region=region, town=town, postcode=postcode, taken=taken, phones=phones
                )
                places.append(place)
    return places


def _shares(count: int) -> list[int]:
    """`count` split over the regions like their population, at least two each, largest remainders first."""
    exact = [max(2.0, count * people / sum(POPULATION)) for people in POPULATION]
    floors = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda region: floors[region] - exact[region])
    for region in by_remainder[: max(0, count - sum(floors))]:
        floors[region] += 1
    return floors


def _place(
    chance: Random, *, kind: str, region: int, town: str, postcode: str, taken: set[str], phones: set[str]
) -> DemoDealer:
    makes = chance.choices((_BOTH, _LAND_ROVER, _JAGUAR), (65, 22, 13))[0] if kind == FRANCHISED else ()
    name = _fresh(taken, lambda: _name(chance, makes, town))
    first = _CODE_LETTERS if kind == FRANCHISED else INDEPENDENT_PREFIX
    code = _fresh(
        taken,
        lambda: f"{chance.choice(first)}{chance.randrange(10)}{chance.choice(_CODE_LETTERS)}{chance.randrange(100):02}",
    )
    area = AREAS[postcode.rstrip("0123456789")]
    return DemoDealer(
        code=code,
        slug=name.lower().replace("&", "and").replace("'", "").replace(" ", "-"),
        name=name,
        kind=kind,
        makes=makes,
        region=region,
        town=town,
        postcode=postcode,
        latitude=round(area.latitude + chance.uniform(-0.05, 0.05), 3),
        longitude=round(area.longitude + chance.uniform(-0.05, 0.05), 3),
        phone=_fresh(phones, lambda: _phone(chance, region, town)),
        group=next((house for house in _HOUSES if name.startswith(house)), ""),
    )


def _name(chance: Random, makes: tuple[str, ...], town: str) -> str:
    if makes:
        franchise = {_BOTH: "Jaguar Land Rover", _LAND_ROVER: "Land Rover", _JAGUAR: "Jaguar"}[makes]
        return f"{chance.choice(_HOUSES)} {franchise} {town}"
    return f"{chance.choice(_GARAGES)} {chance.choice(_TRADES)} {town}"


def _phone(chance: Random, region: int, town: str) -> str:
    prefix = _PHONES_BY_TOWN.get(town) or _PHONES_BY_REGION.get(region) or _PHONES_ELSEWHERE
    return f"{prefix}{chance.randrange(1000):03}"


def _fresh(taken: set[str], draw: Callable[[], str]) -> str:
    """The first drawn text nobody has yet; it is taken from then on."""
    text = draw()
    while text in taken:
        text = draw()
    taken.add(text)
    return text


def _parsed_towns() -> tuple[tuple[tuple[str, str], ...], ...]:
    lines = (line.partition(": ")[2].split("; ") for line in _TOWNS.strip().splitlines())
    return tuple(tuple((item.rpartition(" ")[0], item.rpartition(" ")[2]) for item in line) for line in lines)


_TOWNS_OF = _parsed_towns()
