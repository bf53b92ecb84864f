"""Sessions kept in our own table, so that people can see where they are signed in and end it.

The engine behind Django's sessions (`SESSION_ENGINE`). Reading one costs a single query, as with Django's own; when a
person was last seen is written at most once a minute.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from garagehub.accounts.models import Session, User

DEVICE, SIGNED_IN_AT = "device", "signed_in_at"
SEEN_EVERY = timedelta(minutes=1)


class SessionStore(SessionBase):
    """One session. Whose it is, on which device and since when is read from what it holds."""

    def load(self) -> dict[str, Any]:
        """What the session holds; nothing, and no key any more, if it is unknown, ended or expired."""
        now = timezone.now()
        row = Session.objects.filter(pk=digest(self.session_key), expires_at__gt=now).first()
        if row is None:
            self._session_key = None
            return {}
        if row.user_id is not None and row.last_seen_at <= now - SEEN_EVERY:
            Session.objects.filter(pk=row.pk, last_seen_at=row.last_seen_at).update(last_seen_at=now)
        return self.decode(row.data)

    def exists(self, session_key: str) -> bool:
        """Whether there is a session with this key."""
        return Session.objects.filter(pk=digest(session_key)).exists()

    def create(self) -> None:
        """A new session under a key nobody has."""
        while True:
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined] # Django's own, which its types leave out
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        """Write the session. UpdateError if it was ended in the meantime, so that it does not come back."""
        if self.session_key is None:
            self.create()
            return
        held = self._get_session(no_load=must_create)  # type: ignore[attr-defined] # Django's own, which its types leave out
        signed_in_at = held.get(SIGNED_IN_AT)
        fields = {
            "user_id": held.get(SESSION_KEY),
            "data": self.encode(held),
            "device": held.get(DEVICE, ""),
            "signed_in_at": datetime.fromisoformat(signed_in_at) if signed_in_at else None,
            "last_seen_at": timezone.now(),
            "expires_at": self.get_expiry_date(),
        }
        key = digest(self.session_key)
        if not must_create:
            if not Session.objects.filter(pk=key).update(**fields):
                raise UpdateError
            return
        try:
            with transaction.atomic():
                Session.objects.create(pk=key, **fields)
        except IntegrityError as error:
            raise CreateError from error

    def delete(self, session_key: str | None = None) -> None:
        """Delete the row stored under the key, by default its own: whoever holds the cookie is signed out."""
        key = session_key or self.session_key
        if key is not None:
            Session.objects.filter(pk=digest(key)).delete()

    @classmethod
    def clear_expired(cls) -> None:
        """Delete what has run out."""
        Session.objects.filter(expires_at__lte=timezone.now()).delete()


def digest(session_key: str | None) -> str:
    """How the session with the cookie's key is named in the table."""
    return hashlib.sha256((session_key or "").encode()).hexdigest()


def sessions_of(user: User, *, at: datetime) -> QuerySet[Session]:
    """Where the person is signed in, latest seen first."""
    return Session.objects.filter(user=user, expires_at__gt=at).order_by("-last_seen_at")


def end_session(*, user: User, public_id: UUID) -> bool:
    """End one of the person's sessions; False if they have no such one."""
    ended, _ = Session.objects.filter(user=user, public_id=public_id).delete()
    return bool(ended)


def end_sessions(*, user: User, keep: str | None = None) -> int:
    """End all of the person's sessions but the one whose cookie has the key `keep`; answers how many."""
    ended, _ = Session.objects.filter(user=user).exclude(pk=digest(keep)).delete()
    return ended
