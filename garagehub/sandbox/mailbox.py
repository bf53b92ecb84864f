"""A mail server that keeps what it gets, and a page to read it on. Nothing ever leaves it."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from typing import Any
from urllib.parse import quote

from aiosmtpd.smtp import SMTP, Envelope, Session

from garagehub.sandbox.faults import Fault, FaultBoard
from garagehub.sandbox.messages import Request, Response, json_response
from garagehub.sandbox.routing import Route

KEPT = 5_000
PATH = "/mail"

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Mailbox of the demonstration</title>
<meta name="viewport" content="width=device-width"><style>body{{font:1rem/1.5 system-ui;max-width:48rem;margin:2rem auto;
padding:0 1rem}}article{{border-top:1px solid #999;padding:1rem 0}}pre{{white-space:pre-wrap;overflow-wrap:anywhere}}
dt{{float:left;clear:left;width:6rem;color:#555}}dd{{margin:0 0 0 6rem}}</style>
<main><h1>Mailbox of the demonstration</h1><p>Every e-mail that GarageHub sent to anyone, newest first. None left this machine.
<p>{count}</p>{letters}</main></html>"""


class Mailbox:
    """Takes e-mails by SMTP, and shows them over HTTP."""

    def __init__(self, *, faults: FaultBoard) -> None:
        self._faults = faults
        self._lock = threading.Lock()
        self._letters: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None

    def listen(self, *, host: str, port: int) -> int:
        """Take e-mails on this port, 0 for a free one; answers which. OSError when it is taken."""
        server = self._loop.run_until_complete(self._loop.create_server(self._conversation, host, port))
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return int(server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Take no more."""
        if self._thread:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def reset(self) -> None:
        """Throw all away."""
        with self._lock:
            self._letters.clear()

    def routes(self) -> list[Route]:
        """The page, which no fault spoils: faults at `mail` meet the mail server."""
        return [
            Route("GET", PATH, self.show, "E-mails received: ?to=address, JSON if asked for.", is_control=True),
            Route("DELETE", PATH, self.empty, "Throw them away.", is_control=True),
        ]

    def show(self, request: Request) -> Response:
        """Newest first: a page for people, JSON for programs (`Accept`, or any `?to=`)."""
        to = request.query.get("to", "").lower()
        with self._lock:
            found = [letter for letter in reversed(self._letters) if not to or to in letter["to"]]
        if to or "text/html" not in request.headers.get("accept", ""):
            return json_response({"mails": found})
        letters = "".join(_article(letter) for letter in found) or "<p>Nothing yet."
        page = _PAGE.format(count=f"{len(found)} so far.", letters=letters)
        return Response(200, {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}, page.encode())

    def empty(self, request: Request) -> Response:
        """Throw all away; says how many there were."""
        with self._lock:
            count = len(self._letters)
            self._letters.clear()
        return json_response({"deleted": count})

    def _conversation(self) -> SMTP:
        return SMTP(_Handler(self), hostname="sandbox.invalid", ident="Sandbox", enable_SMTPUTF8=True, loop=self._loop)

    def meet(self) -> dict[str, Fault]:
        """The faults that meet the letter now being sent."""
        return self._faults.meet(PATH)

    def keep(self, envelope: Envelope) -> None:
        """Put a letter into the box."""
        letter = _read(envelope)
        with self._lock:
            self._letters.append(letter)


class _Handler:
    """Answers the steps of SMTP at which something can go wrong, one for each connection."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._late: Fault | None = None

    async def handle_RCPT(  # noqa: N802 - aiosmtpd names it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        met = self._mailbox.meet()
        if "mail_reject" in met:
            return "550 5.1.1 No such mailbox"
        if "mail_busy" in met:
            return "451 4.3.2 Try again later"
        envelope.rcpt_tos.append(address)
        self._late = met.get("mail_late")
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        self._mailbox.keep(envelope)
        if late := self._late:
            # The letter is in the box and its sender does not know: the moment at which a sender may die.
            await server.loop.run_in_executor(None, late.cleared.wait, float(late.options["seconds"]))
        return "250 OK"


def _read(envelope: Envelope) -> dict[str, Any]:
    raw = envelope.content or b""
    letter = message_from_bytes(raw if isinstance(raw, bytes) else raw.encode(), policy=policy.default)
    assert isinstance(letter, EmailMessage), "the default policy makes these"
    body = letter.get_body(("plain", "html"))
    return {
        "id": str(letter["Message-ID"] or ""),
        "to": [address.lower() for address in envelope.rcpt_tos],
        "from": envelope.mail_from,
        "subject": str(letter["Subject"] or ""),
        "text": body.get_content().replace("\r\n", "\n") if body else "",
        "headers": {name: str(value).strip() for name, value in letter.items()},
        "received_at": datetime.now(UTC).isoformat(),
    }


def _article(letter: dict[str, Any]) -> str:
    links = "".join(
        f'<p><a href="{escape(word, quote=True)}">Open {escape(word[:60])}…</a>'
        for word in letter["text"].split()
        if word.startswith(("http://", "https://"))
    )
    to = ", ".join(letter["to"])
    return (
        f"<article><h2>{escape(letter['subject'])}</h2><dl>"
        f'<dt>To<dd><a href="{PATH}?to={quote(to)}">{escape(to)}</a><dt>At<dd>{escape(letter["received_at"])}'
        f"</dl><pre>{escape(letter['text'])}</pre>{links}</article>"
    )
