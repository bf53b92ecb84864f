"""Signed passes with an end: access tokens and download links. Nothing is stored; a new process trusts no old pass."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from enum import Enum


class PassState(Enum):
    """What a pass is worth."""

    VALID = "valid"
    EXPIRED = "expired"
    FORGED = "forged"


class Passes:
    """Makes and checks signatures over a subject and the second at which it expires (Unix time)."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def sign(self, subject: str, *, expires_s: int) -> str:
        """The signature, as hexadecimal digits."""
        return hmac.new(self._key, f"{subject}\n{expires_s}".encode(), hashlib.sha256).hexdigest()

    def check(self, subject: str, *, expires_s: int, signature: str, now_s: float) -> PassState:
        """Whether the signature is ours, and still good."""
        if not hmac.compare_digest(self.sign(subject, expires_s=expires_s).encode(), signature.encode()):
            return PassState.FORGED
        return PassState.VALID if now_s < expires_s else PassState.EXPIRED
