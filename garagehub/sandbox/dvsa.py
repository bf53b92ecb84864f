"""DVSA's MOT History API: tokens, one vehicle by its registration, and the bulk and delta files."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from garagehub.sandbox.archive import Archive, FileName
from garagehub.sandbox.clock import Clock, instant
from garagehub.sandbox.messages import Request, Response, json_response
from garagehub.sandbox.moth import moth_error
from garagehub.sandbox.passes import Passes, PassState
from garagehub.sandbox.refusals import RefusalError
from garagehub.sandbox.routing import Route

# What the sandbox's DVSA takes. They open nothing else.
CLIENT_ID = "sandbox"
CLIENT_SECRET = "sandbox"  # noqa: S105 - of the sandbox, printed by GET /
API_KEY = "sandbox"
SCOPE = "https://tapi.dvsa.gov.uk/.default"

TOKEN_LIFE_S = 1_199
LINK_LIFE_S = 300
MANIFEST_WAIT_S = 10.0

_LINK_TIME = "%Y%m%dT%H%M%SZ"
_REGISTRATION = re.compile(r"[A-Z0-9-]{1,13}", re.ASCII)
_FILE = re.compile(r"(?:bulk|delta)-light-vehicle_(\d\d)-(\d\d)-(\d{4})\.zip", re.ASCII)


class Dvsa:
    """Answers for DVSA. `find` gives a vehicle as of a day by its registration, in capitals without blanks."""

    def __init__(self, *, find: Callable[[str, date], dict[str, Any] | None], archive: Archive, clock: Clock) -> None:
        self._find = find
        self._archive = archive
        self._clock = clock
        self._passes = Passes()

    def routes(self) -> list[Route]:
        """The addresses under `DVSA_API_URL`, the token's, and those the download links lead to."""
        api = "/dvsa/v1/trade"
        download = "/dvsa/files/v1/public/{kind}/{year}/{month}/{day}/{name}"
        return [
            Route("POST", "/dvsa/token", self.token, f"Client credentials; a token lives {TOKEN_LIFE_S} s."),
            Route("GET", f"{api}/vehicles/registration/{{registration}}", self.vehicle, "One vehicle."),
            Route("GET", f"{api}/vehicles/mot-tests", self.old_query, "The old address: MOTH-BR-01."),
            Route("GET", f"{api}/vehicles/bulk-download", self.manifest, "Bulk and delta files, with links."),
            Route("GET", download, self.download, f"A file; its link lives {LINK_LIFE_S} s."),
        ]

    def token(self, request: Request) -> Response:
        """An access token for client credentials. Errors are those of Microsoft Entra ID, which stands before DVSA."""
        form = request.form()
        if form.get("grant_type") != "client_credentials":
            raise self._entra_error(400, "unsupported_grant_type", 70003, "The grant type is not supported.")
        if form.get("scope") != SCOPE:
            raise self._entra_error(400, "invalid_scope", 70011, "The scope is missing or not valid.")
        if form.get("client_id") != CLIENT_ID:
            raise self._entra_error(400, "unauthorized_client", 700016, "The application was not found.")
        if form.get("client_secret") != CLIENT_SECRET:
            raise self._entra_error(401, "invalid_client", 7000215, "The client secret is not valid.")
        expires_s = int(self._clock.wall().timestamp()) + TOKEN_LIFE_S
        token = f"{expires_s}.{self._passes.sign('token', expires_s=expires_s)}"
        lives = {"expires_in": TOKEN_LIFE_S, "ext_expires_in": TOKEN_LIFE_S}
        return json_response({"token_type": "Bearer", **lives, "access_token": token})

    def vehicle(self, request: Request, *, registration: str) -> Response:
        """The vehicle with this registration, with its tests if it ever had one."""
        self._authorise(request)
        plate = registration.upper().replace(" ", "")
        if not plate:
            raise moth_error("MOTH-NP-02")
        if not _REGISTRATION.fullmatch(plate):
            raise moth_error("MOTH-IV-03")
        found = self._find(plate.replace("-", ""), self._clock.now().date())
        if found is None:
            raise moth_error("MOTH-NF-01")
        return json_response(found)

    def old_query(self, request: Request) -> Response:
        """What the API of before 2025 took is a bad request in this one."""
        self._authorise(request)
        raise moth_error("MOTH-BR-01")

    def manifest(self, request: Request) -> Response:
        """The files there are, newest day last, with links that die after five minutes."""
        self._authorise(request)
        made_at = self._clock.wall()
        expires_s = int(made_at.timestamp()) + LINK_LIFE_S
        files: dict[str, list[dict[str, Any]]] = {"bulk": [], "delta": []}
        for name, size in self._archive.listed(self._clock.now().date(), wait_s=MANIFEST_WAIT_S):
            path = f"{name.folder}/{name.stem}.zip"
            link = (
                f"{request.base_url}/dvsa/files/{path}?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                f"&X-Amz-Date={made_at:{_LINK_TIME}}&X-Amz-Expires={LINK_LIFE_S}"
                f"&X-Amz-SignedHeaders=host&X-Amz-Signature={self._passes.sign(path, expires_s=expires_s)}"
            )
            shown = {"filename": path, "downloadUrl": link, "fileSize": size, "fileCreatedOn": name.day.isoformat()}
            files[name.kind].append(shown)
        return json_response(files)

    def download(self, request: Request, *, name: str, **_: str) -> Response:
        """A file, to whoever holds a link that is still good."""
        path = request.path.removeprefix("/dvsa/files/")
        state = self._passes.check(
            path,
            expires_s=_end_of_link(request.query),
            signature=request.query.get("X-Amz-Signature", ""),
            now_s=self._clock.wall().timestamp(),
        )
        if state is PassState.EXPIRED:
            return _storage_error(403, "AccessDenied", "Request has expired")
        match = _FILE.fullmatch(name)
        if state is PassState.FORGED or match is None:
            return _storage_error(403, "SignatureDoesNotMatch", "The signature of this link is not ours")
        day, month, year = map(int, match.groups())
        opened = self._archive.open(FileName(name.partition("-")[0], date(year, month, day)))
        if opened is None:
            return _storage_error(404, "NoSuchKey", "The file does not exist")
        return Response(200, {"Content-Type": "application/zip"}, chunks=opened[1], length=opened[0])

    def _authorise(self, request: Request) -> None:
        """Both headers, each call: a token that is ours and runs, and the key."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise moth_error("MOTH-FB-04")
        end, _, signature = token.strip().partition(".")
        state = self._passes.check(
            "token",
            expires_s=int(end) if end.isdecimal() else 0,
            signature=signature,
            now_s=self._clock.wall().timestamp(),
        )
        if state is not PassState.VALID:
            raise moth_error("MOTH-FB-02" if state is PassState.EXPIRED else "MOTH-UA-01")
        if request.headers.get("x-api-key") != API_KEY:
            raise moth_error("MOTH-FB-03")

    def _entra_error(self, status: int, error: str, number: int, sentence: str) -> RefusalError:
        trace = str(uuid.uuid4())
        return RefusalError(
            status,
            {
                "error": error,
                "error_description": f"AADSTS{number}: {sentence}",
                "error_codes": [number],
                "timestamp": instant(self._clock.wall()).replace("T", " "),
                "trace_id": trace,
                "correlation_id": trace,
            },
        )


def _end_of_link(query: Mapping[str, str]) -> int:
    """When a link dies (Unix time), as its date and life say; 0 for one that does not say it."""
    try:
        made_at = datetime.strptime(query.get("X-Amz-Date", ""), _LINK_TIME).replace(tzinfo=UTC)
        return int(made_at.timestamp()) + int(query.get("X-Amz-Expires", ""))
    except ValueError:
        return 0


def _storage_error(status: int, code: str, message: str) -> Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(status, {"Content-Type": "application/xml"}, body.encode())
