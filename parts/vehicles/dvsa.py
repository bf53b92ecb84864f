"""DVSA's MOT History API: one vehicle by its plate, and the daily and weekly files.

documentation.history.mot.api.gov.uk. The plate stands in the URL there, so nothing here logs or raises a URL.
Errors of the vehicle service are DVSA's (`MOTH-…`); those of the token service are Microsoft Entra ID's.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec
from django.conf import settings
from django.core.cache import cache

from garagehub.lib.http import Body, OutboundError, open_url, retry_after_seconds
from parts.vehicles.road import LONDON

SCOPE = "https://tapi.dvsa.gov.uk/.default"
NOT_FOUND = "MOTH-NF-01"
DAY_USED_UP = "MOTH-RL-01"
TOKEN_EXPIRED = "MOTH-FB-02"  # noqa: S105 - the name of an error
_RETRYABLE = frozenset({DAY_USED_UP, TOKEN_EXPIRED, "MOTH-RL-02", "MOTH-UN-01"})

_TOKEN_KEY = "dvsa:token"  # noqa: S105 - where it is cached
_STOPPED_KEY = "dvsa:stopped-until"
_TOKEN_MARGIN_S = 60  # a token is dropped this long before it ends, so that none ends on its way
_TOKEN_LIFE_S = 600  # of one whose reply does not say
_REPLY_BYTES = 8_000_000
_FILE_BYTES = 200_000_000_000
_FILE_TOTAL_S = 6 * 3_600


class AuthorityError(Exception):
    """DVSA did not give an answer. `permanent`: asking again will not help until somebody changes something."""

    def __init__(
        self, message: str, *, code: str = "", permanent: bool = False, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.permanent = permanent
        self.retry_after_s = retry_after_s


class ExportFile(NamedTuple):
    """A bulk or delta file that can be had. Its link lives five minutes: `download` asks for a fresh one."""

    name: str
    size: int
    created_on: date | None


class Manifest(NamedTuple):
    """What there is to download, oldest first."""

    bulk: tuple[ExportFile, ...]
    delta: tuple[ExportFile, ...]


class _File(msgspec.Struct, rename="camel"):
    filename: str
    download_url: str
    file_size: int = 0
    file_created_on: date | None = None


class _Files(msgspec.Struct):
    bulk: list[_File] = []
    delta: list[_File] = []


class _Token(msgspec.Struct):
    access_token: str
    expires_in: int | str = _TOKEN_LIFE_S


class _Problem(msgspec.Struct, rename="camel"):
    error_code: str = ""
    error_message: str = ""


def by_registration(registration: str, *, at: datetime, patience_s: float = 30) -> bytes | None:
    """DVSA's reply about a normalised plate, for `importing.import_reply`; None if it knows no such vehicle.

    `patience_s`: the longest to wait for each of its answers. Raises AuthorityError for everything else: no access is
    not "no data".
    """
    return _ask(f"/v1/trade/vehicles/registration/{quote(registration, safe='')}", at=at, patience_s=patience_s)


def manifest(*, at: datetime) -> Manifest:
    """The bulk and delta files there are. Raises AuthorityError."""
    files = _files(at=at)
    return Manifest(_listed(files.bulk), _listed(files.delta))


def download(name: str, to: Path, *, at: datetime) -> None:
    """Fetch a file of the manifest. Raises AuthorityError, also when it is gone or comes incomplete."""
    files = _files(at=at)
    file = next((one for one in [*files.bulk, *files.delta] if one.filename == name), None)
    if file is None:
        raise AuthorityError("DVSA no longer offers this file.", permanent=True)
    try:
        with open_url(
            "GET",
            file.download_url,
            is_internal=settings.DVSA_INTERNAL,
            read_s=60,
            total_s=_FILE_TOTAL_S,
            max_bytes=_FILE_BYTES,
        ) as body:
            if body.status != HTTPStatus.OK:
                raise AuthorityError(f"DVSA's file store answered {body.status}.")
            with to.open("wb") as target:
                for chunk in body.chunks():
                    target.write(chunk)
            size = body.bytes_read
    except OutboundError as error:
        raise _unreachable(error) from error
    if file.file_size and size != file.file_size:
        raise AuthorityError(f"DVSA's file came incomplete: {size:,} of {file.file_size:,} bytes.")


def _listed(files: list[_File]) -> tuple[ExportFile, ...]:
    found = [ExportFile(file.filename, file.file_size, file.file_created_on) for file in files]
    return tuple(sorted(found, key=lambda file: (file.created_on or date.min, file.name)))


def _files(*, at: datetime) -> _Files:
    body = _ask("/v1/trade/vehicles/bulk-download", at=at)
    try:
        return msgspec.json.decode(body or b"{}", type=_Files)
    except msgspec.MsgspecError as error:
        raise AuthorityError("DVSA's list of files cannot be read.") from error


def _ask(path: str, *, at: datetime, patience_s: float = 30) -> bytes | None:
    """One call with a token and the key. An expired or refused token is dropped and the call made once more."""
    if not (settings.DVSA_API_URL and settings.DVSA_TOKEN_URL):
        raise AuthorityError("Access to DVSA is not set up: DVSA_API_URL and DVSA_TOKEN_URL.", permanent=True)
    stopped_until = cache.get(_STOPPED_KEY)
    if stopped_until and at < stopped_until:
        raise _used_up(stopped_until, at=at)
    try:
        return _ask_once(path, at=at, patience_s=patience_s)
    except _RefusedTokenError:
        cache.delete(_TOKEN_KEY)
    try:
        return _ask_once(path, at=at, patience_s=patience_s)
    except _RefusedTokenError as error:
        cache.delete(_TOKEN_KEY)
        raise AuthorityError("DVSA refuses our access.", code=error.code, permanent=True) from error


class _RefusedTokenError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _ask_once(path: str, *, at: datetime, patience_s: float) -> bytes | None:
    headers = {
        "Authorization": f"Bearer {_token(patience_s=patience_s)}",
        "X-API-Key": settings.DVSA_API_KEY,
        "Accept": "application/json",
    }
    url = settings.DVSA_API_URL.rstrip("/") + path
    try:
        # No redirects: they would carry the key to another place.
        with open_url(
            "GET",
            url,
            headers=headers,
            is_internal=settings.DVSA_INTERNAL,
            connect_s=min(5, patience_s),
            read_s=min(15, patience_s),
            total_s=patience_s,
            max_bytes=_REPLY_BYTES,
            max_redirects=0,
        ) as body:
            content = body.read()
            if body.status == HTTPStatus.OK:
                return content
            _raise_for(body, content, at=at)
    except OutboundError as error:
        raise _unreachable(error) from error
    return None


def _raise_for(body: Body, content: bytes, *, at: datetime) -> None:
    """Return for "no such vehicle", raise for every other answer that is not a reply."""
    code = _problem(content).error_code
    if code == NOT_FOUND:
        return
    if body.status == HTTPStatus.UNAUTHORIZED or code == TOKEN_EXPIRED:
        raise _RefusedTokenError(code)
    if code == DAY_USED_UP:
        tomorrow = _next_midnight(at)
        cache.set(_STOPPED_KEY, tomorrow, timeout=(tomorrow - at).total_seconds() + 1)
        raise _used_up(tomorrow, at=at)
    is_passing = (
        code in _RETRYABLE
        or body.status == HTTPStatus.TOO_MANY_REQUESTS
        or body.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    )
    raise AuthorityError(
        f"DVSA answered {body.status}{f' ({code})' if code else ''}.",
        code=code,
        permanent=not is_passing,
        retry_after_s=retry_after_seconds(body.headers),
    )


def _token(*, patience_s: float) -> str:
    """The access token: shared by all workers through the cache for as long as its reply says it lives."""
    known = cache.get(_TOKEN_KEY)
    if isinstance(known, str):
        return known
    form: dict[str, Any] = {
        "grant_type": "client_credentials",
        "client_id": settings.DVSA_CLIENT_ID,
        "client_secret": settings.DVSA_CLIENT_SECRET,
        "scope": SCOPE,
    }
    try:
        with open_url(
            "POST",
            settings.DVSA_TOKEN_URL,
            data=form,
            is_internal=settings.DVSA_INTERNAL,
            connect_s=min(5, patience_s),
            read_s=min(15, patience_s),
            total_s=min(20, patience_s),
            max_bytes=100_000,
        ) as body:
            content = body.read()
            status = body.status
            wait_s = retry_after_seconds(body.headers)
    except OutboundError as error:
        raise _unreachable(error) from error
    if status != HTTPStatus.OK:
        is_passing = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        raise AuthorityError(
            f"DVSA's sign-in answered {status}: check DVSA_CLIENT_ID and DVSA_CLIENT_SECRET.",
            permanent=not is_passing,
            retry_after_s=wait_s,
        )
    try:
        token = msgspec.json.decode(content, type=_Token)
        life_s = int(token.expires_in)
    except (msgspec.MsgspecError, ValueError) as error:
        raise AuthorityError("DVSA's sign-in gave no token.") from error
    cache.set(_TOKEN_KEY, token.access_token, timeout=max(1, life_s - _TOKEN_MARGIN_S))
    return token.access_token


def _problem(content: bytes) -> _Problem:
    try:
        return msgspec.json.decode(content, type=_Problem)
    except msgspec.MsgspecError:
        return _Problem()


def _unreachable(error: OutboundError) -> AuthorityError:
    return AuthorityError(
        f"DVSA cannot be reached: {error}", permanent=error.permanent, retry_after_s=error.retry_after_s
    )


def _used_up(until: datetime, *, at: datetime) -> AuthorityError:
    wait_s = max(1, int((until - at).total_seconds()))
    return AuthorityError("Today's allowance of DVSA requests is used up.", code=DAY_USED_UP, retry_after_s=wait_s)


def _next_midnight(at: datetime) -> datetime:
    """The start of the next UK day, when DVSA's daily allowance starts anew."""
    here = at.astimezone(LONDON)
    return (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
