"""What the running sandbox says of itself: whether it plays the scenario that is to be loaded, and where."""

from __future__ import annotations

from datetime import date

import msgspec

from garagehub.lib.errors import DomainError, UnavailableError
from garagehub.lib.http import OutboundError, open_url


class _Clock(msgspec.Struct):
    started_on: date


class _Supplier(msgspec.Struct):
    code: str
    url: str


class Sandbox(msgspec.Struct):
    """The scenario a sandbox plays."""

    seed: int
    vehicles: int
    clock: _Clock
    suppliers: list[_Supplier]

    @property
    def addresses(self) -> dict[str, str]:
        """The address of each supplier's feed, by the supplier's code."""
        return {supplier.code: supplier.url for supplier in self.suppliers}


def ask_sandbox(url: str, *, seed: int) -> Sandbox:
    """The sandbox at this address. DomainError if it is none or plays another seed, UnavailableError if it is silent."""
    try:
        with open_url("GET", f"{url}/", is_internal=True, total_s=20) as body:
            sandbox = msgspec.json.decode(body.read(), type=Sandbox)
    except OutboundError as error:
        raise UnavailableError(f"The sandbox at {url} does not answer: {error}", code="sandbox_silent") from error
    except msgspec.DecodeError as error:
        raise DomainError(f"What answers at {url} is not the sandbox.", code="not_a_sandbox") from error
    if sandbox.seed != seed:
        raise DomainError(
            f"The sandbox at {url} plays seed {sandbox.seed}, not {seed}. Start it again with --seed {seed}.",
            code="other_seed",
        )
    return sandbox
