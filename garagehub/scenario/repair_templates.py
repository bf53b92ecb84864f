"""What the demonstration catalogue knows of each repair kind: its requirements, prices and how electronic it is.

The kinds are those of `parts/catalogue/data/repair_kinds.csv` that need a part. Prices are invented, in pence, of the
size such parts have.
"""

from __future__ import annotations

from typing import NamedTuple

# Whose part it is: made for one model, shared by neighbouring models of a make, or the same for every car.
MODEL = "model"
FAMILY = "family"
UNIVERSAL = "universal"

NONE = ""
AXLES = ("front", "rear")


class Need(NamedTuple):
    """One requirement: how many, what it costs, whose part it is, and how many aftermarket makers copy it at most."""

    name: str
    quantity: int
    price_pence: int
    scope: str = MODEL
    copies: int = 1
    by_vin: bool = False  # the catalogue names several, and only the maker's catalogue can tell by VIN which fits
    by_chassis: bool = False  # several, each with the range of chassis numbers it fits


class Template(NamedTuple):
    """A repair kind as the demonstration catalogue lists it for each model."""

    kind: str
    needs: tuple[Need, ...]
    positions: tuple[str, ...] = (NONE,)
    # The first year of manufacture from which the repair needs the system; 0: never.
    diagnostics_from: int = 0
    programming_from: int = 0
    fuel: str = ""  # only models with an engine of this fuel; "engine": any but electric
    last_year_at_least: int = 0  # only models still built in this year


GATEWAY_YEAR = 2017  # Secure Gateway: diagnostics through the manufacturer only
CLOUD_YEAR = 2021  # cloud authentication: new modules must be programmed by the manufacturer

TEMPLATES: tuple[Template, ...] = (
    Template("number-plate", (Need("Number plate", 1, 1_450, UNIVERSAL, 3),)),
    Template("brake-pads", (Need("Brake pad set", 1, 8_900, FAMILY, 3),), AXLES),
    Template(
        "brake-discs", (Need("Brake disc", 2, 9_700, MODEL, 2), Need("Brake pad set", 1, 8_900, FAMILY, 3)), AXLES
    ),
    Template("brake-hose", (Need("Brake hose", 1, 3_400, FAMILY, 2),), AXLES),
    Template("brake-pipe", (Need("Brake pipe, copper-nickel, 25 ft", 1, 2_150, UNIVERSAL, 3),)),
    Template("brake-caliper", (Need("Brake caliper", 1, 21_800, FAMILY, 2),), AXLES),
    Template("brake-master-cylinder", (Need("Brake master cylinder", 1, 18_600, FAMILY, 1),)),
    Template("brake-pedal", (Need("Brake pedal rubber and pivot kit", 1, 1_900, FAMILY, 1),)),
    Template(
        "service-brake", (Need("Brake pad set, front", 1, 9_300, FAMILY, 3), Need("Brake fluid", 1, 900, UNIVERSAL, 3))
    ),
    Template("parking-brake-shoes", (Need("Parking brake shoe set", 1, 6_400, FAMILY, 2),)),
    Template("parking-brake-cable", (Need("Parking brake cable", 1, 4_200, MODEL, 1),)),
    Template(
        "parking-brake-actuator",
        (Need("Electronic parking brake actuator", 1, 41_500, FAMILY, 0),),
        diagnostics_from=2009,
        programming_from=CLOUD_YEAR,
        last_year_at_least=2009,
    ),
    Template("parking-brake-lever", (Need("Parking brake lever or switch", 1, 8_800, FAMILY, 0),)),
    Template("abs-sensor", (Need("Wheel speed sensor", 1, 6_900, FAMILY, 1),), diagnostics_from=GATEWAY_YEAR),
    Template("track-rod-end", (Need("Track rod end", 1, 3_900, FAMILY, 3),)),
    Template("steering-gaiter", (Need("Steering rack gaiter kit", 1, 2_700, FAMILY, 2),)),
    Template(
        "steering-rack",
        (Need("Steering rack", 1, 78_000, MODEL, 1, by_vin=True),),
        diagnostics_from=GATEWAY_YEAR,
        programming_from=CLOUD_YEAR,
    ),
    Template("steering-column-joint", (Need("Steering column joint", 1, 13_200, MODEL, 0),)),
    Template("power-steering", (Need("Power steering hose or pump", 1, 16_900, MODEL, 1, by_vin=True),)),
    Template(
        "steering-electronics",
        (Need("Electric power steering control unit", 1, 64_000, MODEL, 0),),
        diagnostics_from=2009,
        programming_from=GATEWAY_YEAR,
        last_year_at_least=2009,
    ),
    Template("steering-wheel", (Need("Steering wheel", 1, 28_000, FAMILY, 0),)),
    Template("bonnet-catch", (Need("Bonnet catch", 1, 5_100, FAMILY, 0),)),
    Template("windscreen", (Need("Windscreen", 1, 34_500, MODEL, 1, by_vin=True),), diagnostics_from=CLOUD_YEAR),
    Template("mirror", (Need("Door mirror glass", 1, 5_600, FAMILY, 1),)),
    Template("wiper-blade", (Need("Wiper blade", 2, 1_350, UNIVERSAL, 3),)),
    Template("washer", (Need("Washer pump", 1, 2_450, FAMILY, 2),)),
    Template("headlamp-bulb", (Need("Headlamp bulb", 1, 990, UNIVERSAL, 3),)),
    Template(
        "headlamp-unit",
        (Need("Headlamp unit", 1, 62_500, MODEL, 1),),
        diagnostics_from=GATEWAY_YEAR,
        programming_from=CLOUD_YEAR,
    ),
    Template("headlamp-switch", (Need("Lighting switch", 1, 7_800, FAMILY, 0),)),
    Template("headlamp-levelling", (Need("Headlamp level sensor", 1, 8_400, FAMILY, 1),), diagnostics_from=2005),
    Template("headlamp-washer", (Need("Headlamp washer jet", 1, 6_200, FAMILY, 0),)),
    Template("position-lamp", (Need("Side lamp bulb", 1, 450, UNIVERSAL, 3),)),
    Template("stop-lamp", (Need("Stop lamp bulb", 1, 480, UNIVERSAL, 3),)),
    Template("stop-lamp-switch", (Need("Stop lamp switch", 1, 2_300, FAMILY, 2),)),
    Template("indicator-lamp", (Need("Indicator bulb, amber", 1, 520, UNIVERSAL, 3),)),
    Template("fog-lamp", (Need("Fog lamp bulb", 1, 780, UNIVERSAL, 3),)),
    Template("reversing-lamp", (Need("Reversing lamp bulb", 1, 480, UNIVERSAL, 3),)),
    Template("number-plate-lamp", (Need("Number plate lamp bulb", 1, 390, UNIVERSAL, 3),)),
    Template("rear-reflector", (Need("Rear reflector", 1, 2_600, MODEL, 0),)),
    Template(
        "tell-tale", (Need("Instrument cluster", 1, 71_000, MODEL, 0),), diagnostics_from=2005, programming_from=2005
    ),
    Template("trailer-socket", (Need("Trailer socket, 13 pin", 1, 2_100, UNIVERSAL, 2),)),
    Template("battery", (Need("Battery", 1, 14_900, UNIVERSAL, 3),), diagnostics_from=CLOUD_YEAR),
    Template("swivel-joint", (Need("Swivel joint or hub bush kit", 1, 8_300, FAMILY, 2),)),
    Template("wheel-bearing", (Need("Wheel bearing", 1, 11_400, FAMILY, 3),), AXLES),
    Template("wheel-nut", (Need("Wheel nut", 1, 890, FAMILY, 2),)),
    Template("road-wheel", (Need("Road wheel", 1, 38_000, MODEL, 0, by_vin=True),)),
    Template("tyre", (Need("Tyre", 1, 13_900, FAMILY, 3),)),
    Template(
        "tyre-pressure-sensor",
        (Need("Tyre pressure sensor", 1, 7_200, FAMILY, 2),),
        diagnostics_from=2009,
        programming_from=2009,
        last_year_at_least=2009,
    ),
    Template("coil-spring", (Need("Coil spring", 1, 10_900, MODEL, 2),), AXLES),
    Template("shock-absorber", (Need("Shock absorber", 1, 17_800, MODEL, 2),), AXLES),
    Template("suspension-arm", (Need("Suspension arm", 1, 19_700, FAMILY, 2, by_chassis=True),), AXLES),
    Template("suspension-joint", (Need("Suspension joint, bush or link kit", 1, 6_900, FAMILY, 3),), AXLES),
    Template(
        "air-suspension",
        (Need("Air spring", 1, 58_000, MODEL, 1),),
        AXLES,
        diagnostics_from=2005,
        last_year_at_least=2009,
    ),
    Template(
        "exhaust",
        (Need("Exhaust section", 1, 26_400, MODEL, 2), Need("Exhaust clamp", 2, 1_150, FAMILY, 3)),
        fuel="engine",
    ),
    Template("fuel-system", (Need("Fuel pipe or cap", 1, 4_700, FAMILY, 0),), fuel="engine"),
    Template("driveshaft-gaiter", (Need("Driveshaft gaiter kit", 1, 3_100, FAMILY, 3),)),
    Template("driveshaft", (Need("Driveshaft", 1, 42_000, MODEL, 1),), AXLES),
    Template("engine-mount", (Need("Engine mounting", 1, 12_600, FAMILY, 2),)),
    Template("bumper", (Need("Bumper bracket kit", 1, 4_400, MODEL, 0),), AXLES),
    Template("door-latch", (Need("Door latch", 1, 15_800, FAMILY, 0),)),
    Template("seat", (Need("Seat catch or runner", 1, 9_900, FAMILY, 0),)),
    Template("seat-belt", (Need("Seat belt", 1, 24_900, MODEL, 0),)),
    Template(
        "airbag-system",
        (Need("Airbag contact reel or sensor", 1, 22_300, FAMILY, 0),),
        diagnostics_from=1999,
        programming_from=GATEWAY_YEAR,
        last_year_at_least=1999,
    ),
    Template(
        "steering-lock", (Need("Steering lock", 1, 19_500, FAMILY, 0),), diagnostics_from=2009, programming_from=2009
    ),
    Template("horn", (Need("Horn", 1, 3_300, FAMILY, 3),)),
    Template(
        "speedometer", (Need("Instrument cluster", 1, 71_000, MODEL, 0),), diagnostics_from=2005, programming_from=2005
    ),
    Template("noise-suppression", (Need("Engine undertray", 1, 11_800, MODEL, 1),), fuel="engine"),
    Template(
        "catalyst",
        (Need("Catalytic converter", 1, 88_000, MODEL, 1), Need("Exhaust gasket", 2, 1_250, FAMILY, 3)),
        fuel="engine",
    ),
    Template(
        "engine-management",
        (Need("Oxygen sensor or exhaust gas recirculation valve", 1, 18_900, FAMILY, 1, by_vin=True),),
        diagnostics_from=2005,
        programming_from=CLOUD_YEAR,
        fuel="engine",
    ),
    Template(
        "diesel-particulate-filter",
        (
            Need("Diesel particulate filter", 1, 124_000, MODEL, 1),
            Need("Differential pressure sensor", 1, 6_100, FAMILY, 2),
        ),
        diagnostics_from=2005,
        fuel="Diesel",
        last_year_at_least=2009,
    ),
    Template("fluid-leak", (Need("Gasket and seal kit", 1, 5_300, FAMILY, 2),), fuel="engine"),
    Template(
        "high-voltage-cable",
        (Need("High-voltage cable cover", 1, 13_900, MODEL, 0),),
        diagnostics_from=2018,
        fuel="Electric",
    ),
)
