"""Reasons for which the scenario's cars fail an MOT, and what testers advise, with how often each is met.

A category's share of defects is DVSA's for initial failures of classes 3 and 4 in the second quarter of 2019/20, as is
the share of dangerous ones in it; the weights inside a category follow counts of the published test items. References
are those of the inspection manual for classes 3, 4, 5 and 7. The wording follows the manual's grammar.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from garagehub.scenario.draws import spread

# Share of defects in percent, and how many of a thousand of them are dangerous.
CATEGORIES: dict[str, tuple[float, int]] = {
    "lamps": (27.0, 12),
    "suspension": (18.1, 48),
    "brakes": (16.8, 300),
    "tyres": (11.6, 800),
    "visibility": (8.0, 4),
    "body": (6.8, 56),
    "emissions": (5.6, 14),
    "steering": (2.9, 60),
    "restraints": (1.9, 10),
    "identification": (0.7, 0),
    "wheels": (0.6, 160),
}


class Reason(NamedTuple):
    """One text a tester may enter. `where` says which places it is given for; `fuel` limits it to such engines."""

    category: str
    type: str
    weight: int
    where: str
    fuel: str
    text: str
    ref: str


# category | type | weight | where | fuel | text | reference
_FAILS = """
lamps | MAJOR | 1168 | side | | Headlamp aim too low | 4.1.2 (a)
lamps | MAJOR | 310 | side | | Headlamp aim projected beam image is obviously incorrect | 4.1.2 (c)
lamps | MAJOR | 884 | corner | | Position lamp not working | 4.2.1 (a) (ii)
lamps | MAJOR | 660 | side | | Stop lamp not working | 4.3.1 (a) (ii)
lamps | DANGEROUS | 37 | | | Stop lamp(s) all not working | 4.3.1 (a) (iii)
lamps | MAJOR | 558 | side | | Headlamp not working on dipped beam | 4.1.1 (a) (ii)
lamps | MAJOR | 370 | | | Registration plate lamp inoperative in the case of a single lamp or all lamps | 4.7.1 (b) (ii)
lamps | MAJOR | 226 | corner | | Direction indicator not working | 4.4.1 (a) (ii)
lamps | MAJOR | 163 | | | Rear fog lamp inoperative | 4.5.1 (a) (ii)
lamps | MAJOR | 101 | | | Horn not working | 7.7 (a) (ii)
lamps | MAJOR | 56 | side | | Headlamp has a product on the lens which reduces light output | 4.1.4 (b) (ii)
lamps | MAJOR | 54 | corner | | Position lamp insecure | 4.2.1 (b) (ii)
lamps | MAJOR | 52 | side | | Headlamp reflector or lens seriously defective | 4.1.1 (b) (ii)
lamps | MAJOR | 40 | side | | Headlamp levelling device inoperative | 4.1.5 (a)
lamps | MAJOR | 30 | | | Battery insecure and likely to fall or cause a short circuit | 4.13 (a) (ii)
lamps | MAJOR | 18 | | | Electrical wiring badly supported and likely to become damaged | 4.11 (a) (ii)
suspension | MAJOR | 900 | lower corner | | Suspension arm pin or bush excessively worn | 5.3.4 (a) (i)
suspension | MAJOR | 344 | corner | | Anti-roll bar linkage ball joint excessively worn | 5.3.4 (a) (i)
suspension | MAJOR | 860 | corner | | Coil spring fractured or broken | 5.3.1 (b) (i)
suspension | MAJOR | 474 | lower corner | | Suspension arm ball joint dust cover no longer prevents the ingress of dirt | 5.3.4 (b) (ii)
suspension | MAJOR | 274 | corner | | Shock absorber damaged to the extent that it does not function | 5.3.2 (b)
suspension | MAJOR | 44 | corner | | Shock absorber bush excessively worn | 5.3.2 (c)
suspension | MAJOR | 215 | corner | | Suspension component mounting prescribed area is excessively corroded | 5.3.6 (a) (i)
suspension | MAJOR | 90 | corner | | Suspension arm excessively corroded | 5.3.3 (b) (i)
suspension | MAJOR | 95 | corner | | Wheel bearing excessively rough | 5.1.3 (b) (i)
suspension | MAJOR | 52 | corner | | Wheel bearing has excessive play | 5.1.3 (a) (i)
suspension | MAJOR | 30 | side | | Front Stub axle swivel pin or bush excessively worn | 5.1.2 (b) (i)
suspension | MAJOR | 120 | axle | | Air suspension system does not operate as intended | 5.3.5 (a)
suspension | DANGEROUS | 68 | lower corner | | Suspension arm ball joint likely to become detached | 5.3.4 (a) (ii)
suspension | DANGEROUS | 34 | corner | | Suspension arm fractured and likely to fail | 5.3.3 (b) (ii)
suspension | DANGEROUS | 9 | corner | | Wheel bearing play so excessive it is likely to break up | 5.1.3 (a) (ii)
brakes | DANGEROUS | 620 | axle | | Brake pad(s) less than 1.5 mm thick | 1.1.13 (a) (ii)
brakes | DANGEROUS | 84 | corner | | Brake disc in such a condition that it is seriously weakened | 1.1.14 (a) (ii)
brakes | DANGEROUS | 31 | corner | | Brake pipe leaking on the hydraulic system | 1.1.11 (b) (i)
brakes | MAJOR | 380 | | | Parking brake efficiency below requirements | 1.4.2 (a) (i)
brakes | MAJOR | 291 | corner | | Service brake binding | 1.2.1 (f)
brakes | MAJOR | 233 | corner | | Brake pipe excessively corroded | 1.1.11 (c)
brakes | MAJOR | 196 | corner | | Brake disc significantly and obviously worn | 1.1.14 (a) (i)
brakes | MAJOR | 170 | side | | Parking brake inoperative on one side | 1.4.1 (a)
brakes | MAJOR | 166 | axle | | Brakes imbalanced across an axle | 1.2.1 (b) (i)
brakes | MAJOR | 136 | | | Anti-lock braking system warning lamp indicates an ABS fault | 1.6 (b)
brakes | MAJOR | 102 | corner | | Service brake excessively fluctuating | 1.2.1 (e)
brakes | MAJOR | 64 | | | Parking brake lever has excessive movement | 1.1.6 (c)
brakes | MAJOR | 63 | | | Service brake efficiency below requirements | 1.2.2 (a) (i)
brakes | MAJOR | 59 | | | Electronic stability control warning lamp indicates a fault | 7.12 (e)
brakes | MAJOR | 58 | | | Electronic parking brake warning lamp indicates a malfunction | 1.1.6 (e)
brakes | MAJOR | 55 | axle | | Brake pad(s) worn down to the wear indicator | 1.1.13 (a) (i)
brakes | MAJOR | 40 | corner | | Brake hose excessively damaged, deteriorated, chafed or twisted | 1.1.12 (b) (ii)
brakes | MAJOR | 27 | corner | | Brake hose ferrule excessively corroded | 1.1.12 (f) (ii)
brakes | MAJOR | 25 | corner | | Brake calliper leaking | 1.1.16 (b) (i)
brakes | MAJOR | 12 | | | Brake servo defective | 1.1.10 (a) (i)
tyres | DANGEROUS | 850 | corner | | Tyre tread depth below requirements of 1.6mm | 5.2.3 (e)
tyres | DANGEROUS | 457 | corner | | Tyre has ply or cords exposed | 5.2.3 (d) (ii)
tyres | DANGEROUS | 59 | corner | | Tyre has a lump or bulge, caused by separation or partial failure of its structure | 5.2.3 (d) (ii)
tyres | MAJOR | 743 | corner | | Tyre has a cut in excess of the requirements deep enough to reach the ply or cords | 5.2.3 (d) (i)
tyres | MAJOR | 160 | | | Tyre pressure monitoring system malfunctioning | 5.2.3 (h) (ii)
tyres | MAJOR | 41 | axle | | Tyres on same axle of different sizes | 5.2.3 (c) (i)
visibility | MAJOR | 470 | side | | Front Windscreen wiper does not clear the windscreen effectively | 3.4 (b) (ii)
visibility | MAJOR | 330 | | | Windscreen washer provides insufficient washer liquid | 3.5 (a) (ii)
visibility | MAJOR | 150 | | | Windscreen has damage to an area in excess of a 10mm circle within zone 'A' | 3.2 (a) (ii)
visibility | MAJOR | 60 | side | | Mirror damaged so as to seriously impair the driver's view to the rear | 3.3 (b) (ii)
visibility | MAJOR | 14 | | | Bonnet cannot be secured in the closed position | 3.1 (b) (i)
visibility | MAJOR | 20 | | | Obstruction seriously affects the driver's view | 3.1 (a) (ii)
visibility | DANGEROUS | 4 | | | Bonnet likely to open inadvertently | 3.1 (b) (ii)
body | MAJOR | 453 | outer corner | | Drive shaft joint constant velocity boot split or insecure, no longer prevents the ingress of dirt | 6.1.7 (g) (ii)
body | MAJOR | 350 | | engine | Exhaust has a major leak of exhaust gases | 6.1.2 (a)
body | MAJOR | 79 | corner | | Vehicle structure corroded to the extent that the rigidity of the assembly is significantly reduced | 6.1.1 (c) (i)
body | MAJOR | 64 | corner | | Door cannot be opened from outside the vehicle | 6.2.3 (a)
body | MAJOR | 46 | | engine | Fuel system leaking | 6.1.3 (b) (i)
body | MAJOR | 35 | corner | | Body panel damaged and likely to cause injury | 6.2.1 (a) (i)
body | MAJOR | 31 | axle | | Bumper insecure | 6.1.4 (a) (i)
body | MAJOR | 10 | | engine | Engine mounting severely damaged resulting in misalignment | 6.1.8 (a) (i)
body | MAJOR | 8 | | | Driver's seat fore and aft adjustment mechanism not functioning as intended | 6.2.5 (b) (i)
body | DANGEROUS | 19 | | engine | Fuel system leaking excessively, with a risk of fire | 6.1.3 (b) (ii)
body | DANGEROUS | 10 | | | Body panel likely to become detached | 6.2.1 (a) (ii)
emissions | MAJOR | 476 | | spark | Engine MIL inoperative or indicates a malfunction | 8.2.1.2 (h)
emissions | MAJOR | 129 | | spark | Exhaust emissions carbon monoxide content excessive | 8.2.1.2 (a)
emissions | MAJOR | 173 | | spark | Exhaust lambda reading outside the specified limits | 8.2.1.2 (b)
emissions | MAJOR | 118 | | Diesel | Exhaust smoke opacity exceeds the manufacturer's specified limit | 8.2.2.2 (b)
emissions | MAJOR | 90 | | Diesel | Engine MIL indicates a malfunction | 8.2.2.2 (h)
emissions | MAJOR | 14 | | Diesel | Diesel particulate filter missing or obviously modified | 8.2.2.1 (a)
emissions | MAJOR | 58 | | spark | Exhaust leak that could affect emissions | 8.2.1.1 (b)
emissions | MAJOR | 52 | | engine | Oil leaking excessively and likely to harm the environment | 8.4.1 (a) (i)
emissions | MAJOR | 12 | | engine | Engine undertray insecure | 8.1.1 (b) (i)
emissions | DANGEROUS | 5 | | engine | Oil leaking continuously and posing a serious risk to others | 8.4.1 (a) (ii)
steering | MAJOR | 353 | side | | Track rod end ball joint has excessive play | 2.1.3 (b) (i)
steering | MAJOR | 178 | side | | Steering rack gaiter no longer prevents the ingress of dirt | 2.1.3 (g) (ii)
steering | MAJOR | 23 | | | Power steering fluid leaking | 2.1.5 (a) (i)
steering | MAJOR | 12 | | | Steering free play at the rim exceeds the limits | 2.3 (a) (i)
steering | MAJOR | 20 | | | Electronic power steering MIL indicates a malfunction | 2.6 (a)
steering | MAJOR | 5 | | | Steering rack insecure | 2.1.1 (b) (i)
steering | DANGEROUS | 23 | side | | Track rod end ball joint worn to the extent that there is a serious risk of detachment | 2.1.3 (b) (ii)
restraints | MAJOR | 120 | | | Supplementary restraint system warning lamp indicates a fault | 7.1.6 (a)
restraints | MAJOR | 46 | corner | | Seat belt webbing significantly weakened | 7.1.2 (b) (ii)
restraints | MAJOR | 30 | corner | | Seat belt does not retract | 7.1.2 (e) (i)
restraints | MAJOR | 3 | | | Airbag obviously inoperative | 7.1.5 (a) (ii)
restraints | MAJOR | 3 | | | Speedometer inoperative | 7.8 (a) (ii)
restraints | DANGEROUS | 1 | corner | | Seat belt anchorage so insecure that it is likely to become detached | 7.1.1 (a) (ii)
identification | MAJOR | 60 | axle | | Registration plate does not conform to the specified requirements | 0.1 (c)
identification | MAJOR | 24 | axle | | Registration plate missing or so insecure that it is likely to become detached | 0.1 (a)
identification | MAJOR | 16 | axle | | Registration plate inscription illegible | 0.1 (b)
wheels | MAJOR | 50 | corner | | Road wheel distorted or worn | 5.2.2 (c) (i)
wheels | MAJOR | 34 | corner | | Wheel nut loose or missing | 5.2.1 (a) (i)
wheels | DANGEROUS | 16 | corner | | Wheel nuts loose or missing, road safety seriously affected | 5.2.1 (a) (ii)
"""

_NOTES = """
tyres | ADVISORY | 900 | corner | | Tyre worn close to legal limit/worn on edge | 5.2.3 (e)
tyres | ADVISORY | 520 | corner | | Tyre slightly damaged/cracking or perishing | 5.2.3 (d) (ii)
brakes | ADVISORY | 610 | axle | | Brake disc worn, pitted or scored, but not seriously weakened | 1.1.14 (a) (ii)
brakes | ADVISORY | 430 | axle | | Brake pad(s) wearing thin | 1.1.13 (a) (ii)
brakes | ADVISORY | 300 | corner | | Brake pipe corroded, covered in grease or other material | 1.1.11 (c)
brakes | ADVISORY | 130 | corner | | Brake hose has slight corrosion to ferrule | 1.1.12 (f) (i)
brakes | ADVISORY | 90 | axle | | Brakes imbalanced but not excessively | 1.2.1 (b) (i)
suspension | ADVISORY | 420 | lower corner | | Suspension arm pin or bush worn but not resulting in excessive movement | 5.3.4 (a) (i)
suspension | ADVISORY | 190 | corner | | Coil spring corroded | 5.3.1 (b) (i)
suspension | ADVISORY | 170 | corner | | Shock absorber has light misting of oil or has limited damping effect | 5.3.2 (b)
suspension | ADVISORY | 210 | axle | | Sub-frame corroded but not seriously weakened | 5.3.3 (b) (i)
suspension | ADVISORY | 100 | corner | | Anti-roll bar linkage ball joint has slight play | 5.3.4 (a) (i)
steering | ADVISORY | 120 | side | | Track rod end ball joint has slight play | 2.1.3 (b) (i)
emissions | ADVISORY | 320 | | engine | Oil leak, but not excessive | 8.4.1 (a) (i)
body | ADVISORY | 160 | | | Vehicle structure is corroded but structural rigidity is not significantly reduced | 6.1.1 (c) (i)
body | ADVISORY | 120 | | engine | Exhaust has a minor leak of exhaust gases | 6.1.2 (a)
lamps | ADVISORY | 80 | side | | Headlamp lens slightly defective | 4.1.1 (b) (i)
body | ADVISORY | 260 | | | Engine covers and undertrays fitted, limiting inspection |
suspension | MINOR | 210 | lower corner | | Suspension arm ball joint dust cover severely deteriorated | 5.3.4 (b) (i)
visibility | MINOR | 120 | | | Windscreen damaged but not adversely affecting driver's view | 3.2 (a) (i)
visibility | MINOR | 100 | | | Windscreen washer provides insufficient washer liquid | 3.5 (a) (i)
lamps | MINOR | 160 | side | | Registration plate lamp inoperative in the case of multiple lamps or light sources | 4.7.1 (b) (i)
body | MINOR | 60 | outer corner | | Drive shaft joint constant velocity boot severely deteriorated | 6.1.7 (g) (i)
"""

# Before 20 May 2018: no deficiency category, and another numbering.
_OLD_FAILS = """
suspension | FAIL | 30 | corner | | Coil spring broken | 2.4.C.1a
suspension | FAIL | 12 | corner | | Shock absorber has a serious fluid leak | 2.7.3
suspension | FAIL | 25 | lower corner | | Suspension arm has excessive play in a pin/bush | 2.4.G.2
brakes | FAIL | 18 | axle | | Brake pad(s) less than 1.5 mm thick | 3.5.1g
brakes | FAIL | 15 | | | Parking brake: efficiency below requirements | 3.7.B.7
tyres | FAIL | 28 | corner | | Tyre tread depth below requirements of 1.6mm | 4.1.E.1
lamps | FAIL | 40 | side | | Headlamp aim too low | 1.8
lamps | FAIL | 20 | side | | Stop lamp not working | 1.2.1b
visibility | FAIL | 16 | side | | Windscreen wiper does not clear the windscreen effectively | 8.2.2
visibility | FAIL | 12 | | | Windscreen washer provides insufficient washer liquid | 8.2.3
body | FAIL | 9 | | | Exhaust has a major leak of exhaust gases | 7.1.2
"""

_PLACES = {
    "": ("",),
    "axle": ("Front ", "Rear "),
    "side": ("Nearside ", "Offside "),
    "corner": ("Nearside Front ", "Offside Front ", "Nearside Rear ", "Offside Rear "),
    "lower corner": ("Nearside Front Lower ", "Offside Front Lower ", "Nearside Rear Lower ", "Offside Rear Lower "),
    "outer corner": ("Nearside Front Outer ", "Offside Front Outer ", "Nearside Rear Outer ", "Offside Rear Outer "),
}


def _parsed(table: str) -> tuple[Reason, ...]:
    rows = ([cell.strip() for cell in line.split("|")] for line in table.strip().splitlines())
    return tuple(Reason(row[0], row[1], int(row[2]), *row[3:]) for row in rows)


FAILS = _parsed(_FAILS)
NOTES = _parsed(_NOTES)
OLD_FAILS = _parsed(_OLD_FAILS)


def share(reason: Reason, *, among: Sequence[Reason] = FAILS) -> float:
    """How often a failing reason is met, in percent of failing defects, where these are the possible ones."""
    percent, dangerous = CATEGORIES[reason.category]
    is_dangerous = reason.type == "DANGEROUS"
    peers = [peer for peer in among if peer.category == reason.category and (peer.type == "DANGEROUS") == is_dangerous]
    thousandths = dangerous if is_dangerous else 1_000 - dangerous
    return percent * thousandths / 1_000 * reason.weight / sum(peer.weight for peer in peers)


def suits(reason: Reason, fuel: str) -> bool:
    """Whether a car with this fuel can have the defect: hybrids have spark ignition, electric cars no engine."""
    ignition = {"Diesel": {"", "engine", "Diesel"}, "Electric": {""}}
    return reason.fuel in ignition.get(fuel, {"", "engine", "spark"})


def texts(reason: Reason) -> list[str]:
    """The reason as testers' texts, one for each place it is given for."""
    ref = f" ({reason.ref})" if reason.ref else ""
    return [f"{place}{reason.text}{ref}" for place in _PLACES[reason.where]]


Defect = dict[str, str | bool]


def drawn_fails(fuel: str) -> tuple[Defect, ...]:
    """Failing defects as DVSA sends them, for one 16-bit number to draw from, for a car with this fuel."""
    possible = [reason for reason in FAILS if suits(reason, fuel)]
    return _drawn(possible, [share(reason, among=possible) for reason in possible])


def drawn_notes(fuel: str) -> tuple[Defect, ...]:
    """Advisories and minor defects, for one 16-bit number to draw from."""
    possible = [reason for reason in NOTES if suits(reason, fuel)]
    return _drawn(possible, [reason.weight for reason in possible])


def drawn_old_fails() -> tuple[Defect, ...]:
    """Failing defects of the manual before 20 May 2018."""
    return _drawn(OLD_FAILS, [reason.weight for reason in OLD_FAILS])


def _drawn(reasons: Sequence[Reason], weights: Sequence[float]) -> tuple[Defect, ...]:
    items: list[Defect] = []
    each: list[float] = []
    for reason, weight in zip(reasons, weights, strict=True):
        here = texts(reason)
        for text in here:
            items.append({"text": text, "type": reason.type, "dangerous": reason.type == "DANGEROUS"})
            each.append(weight / len(here))
    return spread(items, each)
