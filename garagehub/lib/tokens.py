"""What links in e-mails carry: the public id of a row, signed so that nobody can make one up, for one purpose only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from django.core import signing
from django.db.models import Model, QuerySet

_Row = TypeVar("_Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a link is for. One with a `lifetime` ends after it; one without does not age."""

    name: str
    lifetime: timedelta | None = None

    def token(self, public_id: UUID) -> str:
        """A token for `read`."""
        return self._signer().sign(str(public_id))

    def read(self, token: str) -> UUID | None:
        """The public id, or None for a token that is too old, not ours, or for another purpose."""
        signer = self._signer()
        try:
            if isinstance(signer, signing.TimestampSigner):
                return UUID(signer.unsign(token, max_age=self.lifetime))
            return UUID(signer.unsign(token))
        except (signing.BadSignature, ValueError):
            return None

    def find(self, token: str, rows: QuerySet[_Row]) -> _Row | None:
        """That of the rows which the token is about; None as for `read`, and for one that is gone."""
        public_id = self.read(token)
        return rows.filter(public_id=public_id).first() if public_id else None

    def _signer(self) -> signing.Signer:
        return signing.TimestampSigner(salt=self.name) if self.lifetime else signing.Signer(salt=self.name)
