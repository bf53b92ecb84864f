"""The scenario's suppliers and the places where their stock lies. None of them exists."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from garagehub.lib.geography import ALL_REGIONS, AREAS, REGION_NAMES, mask, reach_of
from garagehub.scenario.catalogue import AFTERMARKET_BRANDS, GENUINE_BRANDS, RECONDITIONER
from garagehub.scenario.dealers import FRANCHISED, demo_dealers


class DemoSupplier(NamedTuple):
    """Who sends stock data in the scenario, by which adapter, and the brands it sells."""

    code: str
    name: str
    adapter: str
    brands: tuple[str, ...]


class DemoBranch(NamedTuple):
    """A place of a supplier: on a dealer's shelf, at a branch, or central. `region` is None for the whole country."""

    code: str
    name: str
    tier: str
    dealer_code: str
    makes: tuple[str, ...]
    region: int | None
    reach: int
    latitude: float | None
    longitude: float | None


DISTRIBUTOR = DemoSupplier("meridian", "Meridian Genuine Parts", "ndjson", tuple(GENUINE_BRANDS.values()))
DEALER_NETWORK = DemoSupplier("shelfwatch", "Shelfwatch Dealer Stock", "changes", tuple(GENUINE_BRANDS.values()))
MOTOR_FACTOR = DemoSupplier("tollgate", "Tollgate & Hare Motor Factors", "csv", (*AFTERMARKET_BRANDS, RECONDITIONER))
SUPPLIERS = (DISTRIBUTOR, DEALER_NETWORK, MOTOR_FACTOR)

CENTRE = "CENTRE"
HUB = "HUB"

# Where the motor factor's depots lie: one postcode area for each region.
_DEPOTS = ("G", "NE", "M", "LS", "NG", "B", "CB", "E", "RG", "BS", "CF", "BT")


@lru_cache(maxsize=16)
def demo_branches(supplier: DemoSupplier, *, seed: int) -> tuple[DemoBranch, ...]:
    """The supplier's places. A dealer's shelf or branch has the dealer's code as its own."""
    if supplier is MOTOR_FACTOR:
        return (_national(HUB, "Tollgate & Hare national hub"), *_depots())
    if supplier is DEALER_NETWORK:
        return tuple(_dealer_branches("shelf", seed=seed))
    return (_national(CENTRE, "Meridian parts centre"), *_dealer_branches("branch", seed=seed))


def _national(code: str, name: str) -> DemoBranch:
    return DemoBranch(code, name, "central", "", tuple(GENUINE_BRANDS), None, ALL_REGIONS, None, None)


def _dealer_branches(tier: str, *, seed: int) -> list[DemoBranch]:
    return [
        DemoBranch(
            code=dealer.code,
            name=dealer.name,
            tier=tier,
            dealer_code=dealer.code,
            makes=dealer.makes,
            region=dealer.region,
            reach=mask(dealer.region) if tier == "shelf" else reach_of(dealer.region),
            latitude=dealer.latitude,
            longitude=dealer.longitude,
        )
        for dealer in demo_dealers(seed)
        if dealer.kind == FRANCHISED
    ]


def _depots() -> list[DemoBranch]:
    return [
        DemoBranch(
            code=f"TH{region + 1:02}",
            name=f"Tollgate & Hare {REGION_NAMES[region]}",
            tier="branch",
            dealer_code="",
            makes=tuple(GENUINE_BRANDS),
            region=region,
            reach=reach_of(region),
            latitude=AREAS[letters].latitude,
            longitude=AREAS[letters].longitude,
        )
        for region, letters in enumerate(_DEPOTS)
    ]
