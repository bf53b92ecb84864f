"""What the data of our webhooks is made of.

An event's data is a TypedDict: what sends it fills it, and the API's document describes it, so neither can differ.
"""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta

Id = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Link = Annotated[str, Meta(extra_json_schema={"format": "uri"})]


class PingData(TypedDict):
    """Nothing has changed: somebody tries the webhook out."""

    endpoint: Annotated[Id, Meta(description="The webhook's `id`.")]
