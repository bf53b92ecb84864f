"""A supplier of the tests' own: a real HTTP server whose answers a test sets."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from parts.feeds import polling
from parts.feeds.models import Feed, FeedRun
from parts.stock.models import Offer, Supplier

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

Answer = tuple[int, dict[str, str], bytes]


class SupplierServer:
    """Serves what it is told to; remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], Answer]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, dict(self.headers)))
                found = outer.answers.get(urlsplit(self.path).path)
                status, headers, body = found(self) if found else (404, {}, b"nothing here")
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def serve(self, path: str, body: bytes, *, status: int = 200, **headers: str) -> None:
        """Answer this path with a body; header names with _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = lambda _: (status, named, body)

    def snapshot(
        self, *rows: dict[str, Any], sequence: int | None = None, packed: bool = False, **headers: str
    ) -> None:
        """Serve rows as offers.ndjson with all the headers a good supplier sends."""
        body = ndjson(*rows)
        if packed:
            body, headers = gzip.compress(body, mtime=0), headers | {"Content_Encoding": "gzip"}
        if sequence is not None:
            headers = {"Feed_Sequence": str(sequence)} | headers
        self.serve(
            "/s/offers.ndjson",
            body,
            **(
                {"Content_Digest": digest(body), "Feed_Rows": str(len(rows)), "ETag": f'"{digest(body)[9:30]}"'}
                | headers
            ),
        )

    def changes(self, *pages: tuple[list[dict[str, Any]], int]) -> None:
        """Serve pages of changes with their sequences; cursors are page numbers from 1."""

        def answer(handler: BaseHTTPRequestHandler) -> Answer:
            after = int(parse_qs(urlsplit(handler.path).query).get("after", ["0"])[0])
            changes, sequence = pages[after] if after < len(pages) else ([], pages[-1][1])
            page = {
                "sequence": sequence,
                "changes": changes,
                "next_cursor": str(min(after + 1, len(pages))),
                "has_more": after + 1 < len(pages),
            }
            return 200, {}, json.dumps(page).encode()

        self.answers["/s/changes"] = answer


def ndjson(*rows: dict[str, Any]) -> bytes:
    """Rows as JSON lines."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def digest(body: bytes) -> str:
    """Content-Digest of a body as sent."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def row(number: str = "LR000001", **values: Any) -> dict[str, Any]:
    """A row as a good supplier sends it."""
    return {"part_number": number, "brand": "Land Rover", "branch": "B1", "quantity": 3, "seq": 1} | values


def rows(count: int, **values: Any) -> list[dict[str, Any]]:
    """So many rows, each another part."""
    return [row(f"LR{number:06d}", **values) for number in range(count)]


def make_feed(url: str, *, adapter: str = "ndjson", code: str = "acme", **values: Any) -> Feed:
    """A supplier with its feed at this address."""
    supplier = Supplier.objects.create(code=code, name="Acme Parts")
    defaults = {"is_internal": True, "requests_per_minute": 30_000}
    return Feed.objects.create(supplier=supplier, adapter=adapter, url=url, **(defaults | values))


def take(feed: Feed, at: datetime = NOW) -> FeedRun:
    """Poll, and give the run as it is stored."""
    return FeedRun.objects.get(pk=polling.poll(feed.pk, at=at).pk)


def stock(code: str = "acme") -> dict[tuple[str, str], tuple[int | None, str]]:
    """What is stored of a supplier: (branch, number) to quantity and availability."""
    offers = Offer.objects.filter(branch__supplier__code=code, part__numbers__is_main=True)
    return {
        (branch, number): (quantity, availability)
        for branch, number, quantity, availability in offers.values_list(
            "branch__code", "part__numbers__raw", "quantity", "availability"
        )
    }


@pytest.fixture
def server() -> Iterator[SupplierServer]:
    running = SupplierServer()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def feed(server: SupplierServer, db: None) -> Feed:
    """An ndjson feed at the test's own supplier."""
    return make_feed(f"{server.url}/s")
