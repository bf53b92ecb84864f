"""Typed readers for environment variables. A bad value stops the start with a hint, never a guess."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit


class BadSettingError(Exception):
    """An environment variable is missing or unreadable; the message names it and the fix."""


def env_str(name: str, default: str = "") -> str:
    """The variable's text, or the default when unset."""
    return os.environ.get(name, default)


def env_bool(name: str, *, default: bool) -> bool:
    """True or False from `true/false`, `1/0`, `yes/no`; anything else is refused."""
    raw = os.environ.get(name)
    if raw is None or raw == "":
        return default
    lowered = raw.lower()
    if lowered in {"1", "true", "yes"}:
        return True
    if lowered in {"0", "false", "no"}:
        return False
    raise BadSettingError(f"{name}={raw!r} is not a yes or no. Use true or false.")


def env_int(name: str, *, default: int, minimum: int = 0) -> int:
    """A whole number at or above `minimum`."""
    raw = os.environ.get(name)
    if raw is None or raw == "":
        return default
    try:
        value = int(raw)
    except ValueError:
        raise BadSettingError(f"{name}={raw!r} is not a whole number.") from None
    if value < minimum:
        raise BadSettingError(f"{name}={value} is too small: the least is {minimum}.")
    return value


def env_list(name: str, *, default: list[str]) -> list[str]:
    """Comma-separated words, spaces trimmed, empty ones dropped."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    return [word.strip() for word in raw.split(",") if word.strip()]


def env_secret(name: str) -> str:
    """A required secret from `NAME`, or from the file that `NAME_FILE` points at. It has no default."""
    path = os.environ.get(f"{name}_FILE")
    value = Path(path).read_text().strip() if path else os.environ.get(name, "")
    if not value:
        raise BadSettingError(f"{name} is not set. Set {name}, or {name}_FILE to a file that holds it.")
    return value


class MailServer(NamedTuple):
    """Django's EMAIL_HOST, _PORT, _HOST_USER, _HOST_PASSWORD, _USE_TLS and _USE_SSL."""

    host: str
    port: int
    user: str
    password: str
    starttls: bool
    tls: bool


_MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


def env_mail(name: str) -> MailServer:
    """The mail server in `smtp://user:password@host:port`; `NAME_FILE` may point at a file that holds it.

    `smtp+tls` begins in the clear and changes to TLS, `smtps` is TLS from the first byte. Unset gives an empty host.
    """
    path = os.environ.get(f"{name}_FILE")
    raw = Path(path).read_text().strip() if path else os.environ.get(name, "")
    if not raw:
        return MailServer("", 25, "", "", starttls=False, tls=False)
    parts = urlsplit(raw)
    try:
        port = parts.port or _MAIL_PORTS[parts.scheme]
    except (ValueError, KeyError):
        port = 0
    if not port or not parts.hostname:
        raise BadSettingError(f"{name} is not a mail server. Write smtp://user:password@host:port, smtp+tls or smtps.")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(
        parts.hostname, port, user, password, starttls=parts.scheme == "smtp+tls", tls=parts.scheme == "smtps"
    )
