"""The data of webhooks about what a garage watches."""

from __future__ import annotations

from typing import Annotated, Final, TypedDict

from msgspec import Meta

from dealers.models import Event
from garagehub.outbox.payloads import Id
from parts.blocking.models import Verdict
from parts.notices.models import Supply

MOST_ROWS: Final = 100  # in one message

_Watch = Annotated[Id, Meta(description="The watch's `id`.")]
_Verdict = Annotated[str, Meta(extra_json_schema={"enum": Verdict.values})]
_Supply = Annotated[str, Meta(extra_json_schema={"enum": Supply.values})]


class WatchedVehicle(TypedDict):
    """A car whose answer is another one than was told last, seen from your region."""

    watch: _Watch
    registration: str
    old: _Verdict
    new: _Verdict


class WatchedPart(TypedDict):
    """A part that can be had, or cannot any more, in your region."""

    watch: _Watch
    part_number: str
    brand: str
    old: _Supply
    new: _Supply


class VehicleChangedData(TypedDict):
    """Cars that you watch, in the order you added them."""

    vehicles: Annotated[list[WatchedVehicle], Meta(min_length=1, max_length=MOST_ROWS)]


class PartChangedData(TypedDict):
    """Parts that you watch, in the order you added them."""

    parts: Annotated[list[WatchedPart], Meta(min_length=1, max_length=MOST_ROWS)]


BY_EVENT: Final[dict[str, type]] = {Event.VEHICLE_CHANGED: VehicleChangedData, Event.PART_CHANGED: PartChangedData}
