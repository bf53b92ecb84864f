"""The makes and models of the scenario's fleet, as DVSA spells them: capitals, no trim level.

How many of each are on the road follows the shape of DfT's VEH0120 (UK, third quarter of 2025, licensed): GenModel
totals are published, their split into the models DVSA names (Discovery into Discovery, Discovery Sport and the
numbered ones, and so on) is a judgement.
"""

from __future__ import annotations

from typing import NamedTuple


class DemoModel(NamedTuple):
    """A model: how many are licensed (an estimate), and when and with what engines it was first sold in the UK."""

    make: str
    name: str
    licensed: int
    first_year: int
    last_year: int  # a model still sold ends in 9999
    engines: tuple[tuple[str, int], ...]  # (DVSA's fuel type, cc; 0 for electric)


STILL_SOLD = 9999

_DIESEL_20 = ("Diesel", 1999)
_DIESEL_22 = ("Diesel", 2179)
_DIESEL_27 = ("Diesel", 2720)
_DIESEL_30 = ("Diesel", 2993)
_PETROL_20 = ("Petrol", 1997)
_PETROL_30 = ("Petrol", 2995)
_PETROL_50 = ("Petrol", 5000)
_HYBRID_15 = ("Hybrid Electric (Clean)", 1498)
_HYBRID_20 = ("Hybrid Electric (Clean)", 1997)
_HYBRID_30 = ("Hybrid Electric (Clean)", 2996)

MODELS: tuple[DemoModel, ...] = (
    DemoModel(
        "LAND ROVER", "RANGE ROVER EVOQUE", 225_800, 2011, STILL_SOLD, (_DIESEL_20, _DIESEL_22, _PETROL_20, _HYBRID_15)
    ),
    DemoModel(
        "LAND ROVER", "DISCOVERY SPORT", 128_000, 2014, STILL_SOLD, (_DIESEL_20, _DIESEL_22, _PETROL_20, _HYBRID_15)
    ),
    DemoModel(
        "LAND ROVER", "DISCOVERY", 79_000, 1998, STILL_SOLD, (_DIESEL_30, _DIESEL_20, ("Diesel", 2495), _PETROL_30)
    ),
    DemoModel("LAND ROVER", "DISCOVERY 3", 31_000, 2004, 2009, (_DIESEL_27, ("Petrol", 4394))),
    DemoModel("LAND ROVER", "DISCOVERY 4", 40_700, 2009, 2017, (_DIESEL_30, _DIESEL_27)),
    DemoModel("LAND ROVER", "DEFENDER", 91_000, 2020, STILL_SOLD, (_DIESEL_30, _HYBRID_20, _PETROL_30)),
    DemoModel("LAND ROVER", "DEFENDER 90", 28_000, 1990, 2016, (("Diesel", 2402), ("Diesel", 2198), ("Diesel", 2495))),
    DemoModel("LAND ROVER", "DEFENDER 110", 36_000, 1990, 2016, (("Diesel", 2402), ("Diesel", 2198), ("Diesel", 2495))),
    DemoModel(
        "LAND ROVER", "RANGE ROVER SPORT", 146_000, 2005, STILL_SOLD, (_DIESEL_30, _DIESEL_27, _HYBRID_20, _HYBRID_30)
    ),
    DemoModel(
        "LAND ROVER", "RANGE ROVER", 90_700, 1996, STILL_SOLD, (_DIESEL_30, ("Diesel", 4367), _HYBRID_30, _PETROL_50)
    ),
    DemoModel(
        "LAND ROVER", "RANGE ROVER VELAR", 47_200, 2017, STILL_SOLD, (_DIESEL_20, _DIESEL_30, _PETROL_20, _HYBRID_20)
    ),
    DemoModel("LAND ROVER", "FREELANDER", 34_700, 1997, 2006, (("Diesel", 1951), ("Petrol", 1796), ("Petrol", 2497))),
    DemoModel("LAND ROVER", "FREELANDER 2", 70_000, 2006, 2015, (_DIESEL_22, ("Petrol", 3192))),
    DemoModel("LAND ROVER", "110", 6_500, 1983, 1990, (("Diesel", 2495), ("Petrol", 2495), ("Petrol", 3528))),
    DemoModel("JAGUAR", "XF", 82_000, 2008, 2024, (_DIESEL_20, _DIESEL_22, _DIESEL_30, _PETROL_20)),
    DemoModel("JAGUAR", "XF SPORTBRAKE", 8_000, 2012, 2024, (_DIESEL_20, _DIESEL_22, _DIESEL_30)),
    DemoModel("JAGUAR", "F-PACE", 68_500, 2016, STILL_SOLD, (_DIESEL_20, _DIESEL_30, _PETROL_20, _HYBRID_20)),
    DemoModel("JAGUAR", "XE", 43_100, 2015, 2024, (_DIESEL_20, _PETROL_20, _PETROL_30)),
    DemoModel("JAGUAR", "E-PACE", 35_900, 2017, 2024, (_DIESEL_20, _PETROL_20, _HYBRID_15)),
    DemoModel("JAGUAR", "I-PACE", 28_800, 2018, 2024, (("Electric", 0),)),
    DemoModel("JAGUAR", "XJ", 13_600, 2009, 2019, (_DIESEL_30, _PETROL_30, _PETROL_50)),
    DemoModel("JAGUAR", "XJ6", 5_400, 1994, 2008, (_DIESEL_27, ("Petrol", 2967), ("Petrol", 3980))),
    DemoModel("JAGUAR", "XJ8", 5_000, 1997, 2008, (("Petrol", 3555), ("Petrol", 4196))),
    DemoModel("JAGUAR", "XK", 9_600, 2006, 2014, (_PETROL_50, ("Petrol", 4196))),
    DemoModel("JAGUAR", "XK8", 6_400, 1996, 2006, (("Petrol", 3996), ("Petrol", 4196))),
    DemoModel("JAGUAR", "XKR", 4_300, 1998, 2014, (("Petrol", 4196), _PETROL_50)),
    DemoModel(
        "JAGUAR", "X-TYPE", 16_900, 2001, 2010, (("Diesel", 1998), ("Diesel", 2198), ("Petrol", 2099), ("Petrol", 2495))
    ),
    DemoModel("JAGUAR", "F-TYPE", 15_800, 2013, 2024, (_PETROL_20, _PETROL_30, _PETROL_50)),
    DemoModel("JAGUAR", "S-TYPE", 8_300, 1999, 2008, (_DIESEL_27, ("Petrol", 2967), ("Petrol", 2497))),
    DemoModel("JAGUAR", "XJS", 2_600, 1983, 1996, (("Petrol", 3980), ("Petrol", 5343))),
)

MAKES: tuple[str, ...] = tuple(dict.fromkeys(model.make for model in MODELS))
