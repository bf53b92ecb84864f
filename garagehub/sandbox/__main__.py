"""`python -m garagehub.sandbox --port 9100 --seed 1 --vehicles 20000 --started-on 2026-11-10`"""

from __future__ import annotations

import argparse
import contextlib
import signal
import ssl
import sys
import tempfile
from datetime import UTC, date, datetime
from types import FrameType

from garagehub.sandbox.certificate import make_certificate
from garagehub.sandbox.server import SandboxServer
from garagehub.sandbox.world import World


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop. Prints one line when it listens."""
    chosen = _parser().parse_args(arguments)
    world = World(seed=chosen.seed, vehicles=chosen.vehicles, started_on=chosen.started_on)
    try:
        server = SandboxServer((chosen.host, chosen.port), world=world)
        untrusted = SandboxServer((chosen.host, 0), world=world, tls=_self_signed())
        smtp_port = world.mailbox.listen(host=chosen.host, port=chosen.smtp_port)
    except OSError as error:
        print(f"sandbox: cannot listen on {chosen.host}:{chosen.port} ({error.strerror})", file=sys.stderr)  # noqa: T201 - a command
        return 1
    host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    world.tls_url = f"https://{host}:{untrusted.server_address[1]}"
    world.smtp = f"smtp://{host}:{smtp_port}"
    signal.signal(signal.SIGTERM, _stop)
    untrusted.start()
    print(f"The sandbox is listening on http://{host}:{server.server_address[1]}", flush=True)  # noqa: T201 - a command
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    world.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m garagehub.sandbox", description="The world outside GarageHub, invented, over HTTP."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (only this machine by default)")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 takes a free one")
    parser.add_argument("--smtp-port", type=int, default=0, help="port for e-mail; 0 takes a free one")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same world")
    parser.add_argument("--vehicles", type=int, default=20_000, help="vehicles that DVSA knows")
    parser.add_argument("--started-on", type=date.fromisoformat, required=True, help="day the outage began")
    return parser


def _self_signed() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as pem:
        pem.write(make_certificate(common_name="sandbox.invalid", at=datetime.now(UTC)))
        pem.flush()
        context.load_cert_chain(pem.name)
    return context


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
