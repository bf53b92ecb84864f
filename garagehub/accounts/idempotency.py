"""`Idempotency-Key`: a call sent again does nothing again, and is answered as the first was.

After the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header). The reply is
kept in the transaction of what it reports, so that there is never one without the other; two calls at once with one key
wait for each other at the row. Only successes are kept: what was refused changed nothing and may be put right and sent
again under the same key. A secret is kept as its hash alone: the same call finds it again where it is in use.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from garagehub.accounts.models import KeptReply
from garagehub.lib.api import caller_of
from garagehub.lib.errors import ConflictError, DomainError, MismatchError

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEPT = timedelta(days=1)
_WAIT_MS = 5_000
_SHAPE = re.compile(r'"?([\x21\x23-\x7e]{8,100})"?', re.ASCII)

PARAMETER = OpenApiParameter(
    HEADER,
    location=OpenApiParameter.HEADER,
    description="8 to 100 printable characters of your choice, such as a UUID. Sent again within a day with the same"
    " body, the call does nothing more and is answered as at first, with `Idempotent-Replayed: true`.",
    pattern=f"^{_SHAPE.pattern}$",
)

_Post = Callable[..., Response]
_Secrets = Callable[[Any, dict[str, Any]], Collection[str]]
_SECRET = "secret"  # noqa: S105 - the name of an answer's member


def idempotent(post: _Post) -> _Post:
    """For a view's method that writes: honour `Idempotency-Key` where the caller sends one.

    Raises DomainError `idempotency_key_not_valid`, MismatchError `idempotency_key_reused` when the key came with another
    body before, and ConflictError `idempotency_key_in_use` while the first call is still under way.
    """
    return _remembering(post, None)


def idempotent_with_secret(secrets: _Secrets) -> Callable[[_Post], _Post]:
    """`idempotent` for an answer with a new `secret`, which is not kept: `secrets(view, answer)` finds those now in use.

    `secrets` also sees to it that the caller may still have them. Sent again, the call is answered with the same secret;
    ConflictError `secret_replaced` once that is in use no more.
    """
    return lambda post: _remembering(post, secrets)


def _remembering(post: _Post, secrets: _Secrets | None) -> _Post:
    @wraps(post)
    def answer(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        raw = request.headers.get(HEADER)
        if raw is None:
            return post(self, request, *args, **kwargs)
        key, digest = _key(raw), _digest(request)
        with transaction.atomic():
            kept, is_new = _claim(caller_of(request), key, digest, at=timezone.now())
            if not is_new:
                body: Any = _body(kept, digest)
                if secrets is not None:
                    body = _with_secret(body, secrets(self, body))
                return Response(body, status=kept.status, headers={REPLAYED: "true", "Cache-Control": "no-store"})
            response = post(self, request, *args, **kwargs)
            answered: Any = json.loads(JSONRenderer().render(response.data))
            if secrets is not None:
                answered[_SECRET] = _hash(answered[_SECRET])
            kept.status, kept.body = response.status_code, answered
            kept.save(update_fields=["status", "body"])
        return response

    return answer


def forget_old(*, at: datetime) -> int:
    """Drop replies kept long enough; how many went."""
    return KeptReply.objects.filter(created_at__lte=at - KEPT).delete()[0]


def _key(raw: str) -> str:
    match = _SHAPE.fullmatch(raw.strip())
    if match is None:
        text = "Send 8 to 100 printable characters without spaces, such as a UUID."
        raise DomainError(text, code="idempotency_key_not_valid", fields={HEADER: [text]})
    return match[1]


def _digest(request: Request) -> str:
    """Of what was asked: method, address and body."""
    parts = [(request.method or "").encode(), request.get_full_path().encode(), request._request.body]  # noqa: SLF001 - DRF's name for Django's request
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _claim(caller: str, key: str, digest: str, *, at: datetime) -> tuple[KeptReply, bool]:
    """The kept reply, and whether it is this call's to fill in. Waits for another call with the same key to end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{_WAIT_MS}ms"])
    KeptReply.objects.filter(caller=caller, key=key, created_at__lte=at - KEPT).delete()
    try:
        with transaction.atomic():
            return KeptReply.objects.get_or_create(
                caller=caller, key=key, defaults={"digest": digest, "created_at": at}
            )
    except OperationalError as error:
        text = "The first call with this key is still under way. Send it again in a few seconds."
        raise ConflictError(text, code="idempotency_key_in_use", fields={HEADER: [text]}) from error
    finally:
        _forget_lock_timeout()


def _forget_lock_timeout() -> None:
    if not connection.needs_rollback:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', '0', true)")


def _body(kept: KeptReply, digest: str) -> Any:
    """What the same call was answered."""
    if kept.digest != digest:
        text = "This key came with another request before. Use a new one for each request."
        raise MismatchError(text, code="idempotency_key_reused", fields={HEADER: [text]})
    return kept.body


def _with_secret(body: dict[str, Any], secrets: Collection[str]) -> dict[str, Any]:
    """The kept answer with the secret that its hash stands for."""
    for secret in secrets:
        if _hash(secret) == body[_SECRET]:
            return body | {_SECRET: secret}
    text = "This was done at the first call, and the secret it made is in use no more. Have a new one made."
    raise ConflictError(text, code="secret_replaced")


def _hash(secret: str) -> str:
    """Secrets are 256 random bits, which nobody finds by trying."""
    return hashlib.sha256(secret.encode()).hexdigest()
