"""Everything the sandbox knows, put together: the clock, the faults, the services, and who answers what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import partial
from http import HTTPStatus
from typing import Any

from garagehub.sandbox import dvla, dvsa
from garagehub.sandbox.archive import Archive
from garagehub.sandbox.clock import Clock
from garagehub.sandbox.control import Control
from garagehub.sandbox.dealers import DealerSystems
from garagehub.sandbox.faults import KINDS, FaultBoard, Stage
from garagehub.sandbox.feed import Row, SupplierFeed
from garagehub.sandbox.hooks import Hooks
from garagehub.sandbox.mailbox import Mailbox
from garagehub.sandbox.messages import Request, Response
from garagehub.sandbox.mishaps import answer_instead
from garagehub.sandbox.moth import moth_error
from garagehub.sandbox.refusals import RefusalError
from garagehub.sandbox.routing import Router
from garagehub.sandbox.suppliers import Supplier, Suppliers
from garagehub.scenario.dealers import demo_dealers
from garagehub.scenario.fleet import bulk_line, index_of, vehicle
from garagehub.scenario.offers import SUPPLIERS, DemoSupplier, supplier_offers
from garagehub.scenario.plates import registration_of
from garagehub.scenario.timeline import SYSTEMS, Timeline


def _utc_now() -> datetime:
    return datetime.now(UTC)


class World:
    """The outside world of one seed. `answer` is all of it; nothing here touches a socket."""

    def __init__(
        self, *, seed: int, vehicles: int, started_on: date, wall: Callable[[], datetime] = _utc_now, tls_url: str = ""
    ) -> None:
        self.seed = seed
        self.vehicles = vehicles
        self.tls_url = tls_url
        self.smtp = ""
        self.clock = Clock(started_on=started_on, wall=wall)
        self.faults = FaultBoard()
        timeline = Timeline(datetime.combine(started_on, time(), UTC))
        self._dealers = demo_dealers(seed)
        self._suppliers = {
            supplier.code: Supplier(
                supplier.name,
                supplier.adapter,
                SupplierFeed(
                    code=supplier.code,
                    offers=partial(_offers, supplier, seed=seed, timeline=timeline),
                    clock=self.clock,
                ),
            )
            for supplier in SUPPLIERS
        }
        self._archive = Archive(size=vehicles, vehicle=self._vehicle, line=bulk_line)
        regions = {dealer.code: dealer.region for dealer in self._dealers}
        targets = ["dvsa", "dvla", "hooks", "mail", *(f"dealers/{code}" for code in regions)]
        targets += [f"suppliers/{code}" for code in self._suppliers]
        self._stock = Suppliers(suppliers=self._suppliers, clock=self.clock)
        self._systems = DealerSystems(regions=regions, timeline=timeline, clock=self.clock)
        self._hooks = Hooks()
        self.mailbox = Mailbox(faults=self.faults)
        control = Control(clock=self.clock, faults=self.faults, targets=targets, about=self.about, forget=self._forget)
        services = (
            control,
            self._stock,
            self._systems,
            dvsa.Dvsa(find=self._find, archive=self._archive, clock=self.clock),
            dvla.Dvla(find=self._find, clock=self.clock),
            self._hooks,
            self.mailbox,
        )
        self.router = Router(route for service in services for route in service.routes())

    def answer(self, request: Request) -> Response:
        """What the world says to a request, spoilt by the faults it meets. Raises RefusalError; `hang` waits."""
        try:
            route, values = self.router.find(request)
        except RefusalError as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND and request.path.startswith("/dvsa/"):
                raise moth_error("MOTH-NF-02") from refusal
            raise
        if route.is_control:
            return route.handler(request, **values)
        met = self.faults.meet(request.path)
        for fault in met.values():
            if fault.kind.stage is Stage.INSTEAD:
                return answer_instead(fault, path=request.path, tls_url=self.tls_url)
        response = route.handler(request.with_faults(met), **values)
        response.faults = {name: fault for name, fault in met.items() if fault.kind.stage is Stage.DELIVERY}
        return response

    def close(self) -> None:
        """Let waiting requests go, and remove the files."""
        self.faults.clear()
        self.mailbox.close()
        self._archive.close()

    def about(self, base_url: str) -> dict[str, Any]:
        """Everything there is, as `GET /` shows it."""
        return {
            "sandbox": "The world outside GarageHub, invented. Nothing here is real.",
            "seed": self.seed,
            "vehicles": self.vehicles,
            "clock": self.clock.as_json(),
            "suppliers": [
                {
                    "code": code,
                    "name": supplier.name,
                    "adapter": supplier.adapter,
                    "url": f"{base_url}/suppliers/{code}/{_MAIN_ADDRESS[supplier.adapter]}",
                }
                for code, supplier in self._suppliers.items()
            ],
            "dvsa": {
                "DVSA_API_URL": f"{base_url}/dvsa",
                "DVSA_TOKEN_URL": f"{base_url}/dvsa/token",
                "DVSA_CLIENT_ID": dvsa.CLIENT_ID,
                "DVSA_CLIENT_SECRET": dvsa.CLIENT_SECRET,
                "DVSA_API_KEY": dvsa.API_KEY,
            },
            "dvla": {"DVLA_API_URL": f"{base_url}/dvla/vehicle-enquiry", "DVLA_API_KEY": dvla.API_KEY},
            "strangers": [registration_of(self.vehicles + index, seed=self.seed) for index in range(_SHOWN)],
            "dealers": [{"code": dealer.code, "name": dealer.name} for dealer in self._dealers],
            "systems": SYSTEMS,
            "mail": {"EMAIL_URL": self.smtp, "mailbox": f"{base_url}/mail"},
            "hooks": f"{base_url}/hooks/any-name",
            "invalid_tls": self.tls_url,
            "faults": {"kinds": sorted(KINDS), "up": [fault.as_json() for fault in self.faults.all()]},
            "addresses": [
                {
                    "method": route.method,
                    "path": route.pattern,
                    "note": route.note,
                    "faults": not route.is_control,
                }
                for route in self.router.routes
            ],
        }

    def _forget(self) -> None:
        self._stock.reset()
        self._systems.reset()
        self._hooks.reset()
        self.mailbox.reset()

    def _vehicle(self, index: int, today: date) -> dict[str, Any]:
        return vehicle(index, seed=self.seed, today=today)

    def _find(self, registration: str, today: date) -> dict[str, Any] | None:
        index = index_of(registration, seed=self.seed)
        return None if index is None or index >= self.vehicles + STRANGERS else self._vehicle(index, today)


# Vehicles that DVSA and DVLA know when asked, and that are in none of the files: what a look-up can be the first to meet.
STRANGERS = 500
_SHOWN = 5  # of them, by GET /

_MAIN_ADDRESS = {"ndjson": "offers.ndjson", "changes": "changes", "csv": "offers.csv"}


def _offers(supplier: DemoSupplier, at: datetime, *, seed: int, timeline: Timeline) -> list[Row]:
    return supplier_offers(supplier, seed=seed, at=at, timeline=timeline)
