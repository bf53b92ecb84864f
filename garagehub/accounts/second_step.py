"""Two-step sign-in: after the password, a code of an authenticator app (TOTP, RFC 6238), or a recovery code.

The secret shared with the app is an HMAC of a random seed under the site's key: the table alone is worth nothing. With
another SECRET_KEY the codes of the app no longer fit; recovery codes still do.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import unicodedata
from datetime import datetime, timedelta

import pyotp
import segno
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from garagehub.accounts.letters import send_letter
from garagehub.accounts.limits import Limit, give_back, take_turn
from garagehub.accounts.models import Authenticator, RecoveryCode, User
from garagehub.lib.errors import DomainError

CODES = Limit("sign-in-code", 5, timedelta(minutes=15))
RECOVERY_CODES = 8

_STEP_S = 30
_DRIFT = (0, -1, 1)  # a phone's clock may be half a minute off
_SECRET_BYTES = 20  # RFC 4226 recommends 160 bits
_RECOVERY_BYTES, _RECOVERY_GROUP = 10, 4
_DIGITS = 6
_MISREAD = str.maketrans("01", "ol")  # neither is in Base32


class TooManyCodesError(DomainError):
    """No further code is looked at for a while."""

    status = 429


def has_second_step(user: User) -> bool:
    """Whether signing in takes a code after the password."""
    return Authenticator.objects.filter(user=user).exists()


def codes_left(user: User) -> int:
    """How many recovery codes the person has not used."""
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def new_seed() -> str:
    """What an authenticator starts from."""
    return secrets.token_urlsafe(32)


def secret_of(seed: str) -> str:
    """The secret to type into the app, in Base32."""
    key = salted_hmac("garagehub.accounts.second_step", seed, algorithm="sha256").digest()
    return base64.b32encode(key[:_SECRET_BYTES]).decode()


def picture_of(seed: str, *, user: User) -> SafeString:
    """The secret as a QR code for the app to scan: an SVG without styles, black on white whatever the page's colours."""
    address = pyotp.TOTP(secret_of(seed)).provisioning_uri(name=user.email, issuer_name="GarageHub")
    drawn = segno.make(address, error="m", micro=False).svg_inline(scale=4, light="#fff", svgclass="qr", lineclass=None)
    return mark_safe(drawn)  # noqa: S308 - drawn by us from numbers; nobody's text is in it


def turn_on(*, user: User, seed: str, code: str, at: datetime) -> list[str]:
    """Start asking for codes of the app that was given this seed; answers the recovery codes, which are shown this once.

    Raises DomainError if the code is not what the app should show now, or there is an app already.
    """
    step = _matching_step(seed, code, at=at)
    if step is None:
        raise _wrong_code()
    with transaction.atomic():
        values = {"seed": seed, "last_step": step, "confirmed_at": at}
        _row, is_new = Authenticator.objects.get_or_create(user=user, defaults=values)
        if not is_new:
            raise DomainError(_("Two-step sign-in is on already."), code="second_step_on")
        codes = _renew_codes(user)
        send_letter("two_step_on", to=user.email, at=at)
    return codes


def turn_off(*, user: User, at: datetime) -> None:
    """Stop asking for codes, and tell the person."""
    with transaction.atomic():
        gone, _kinds = Authenticator.objects.filter(user=user).delete()
        RecoveryCode.objects.filter(user=user).delete()
        if gone:
            send_letter("two_step_off", to=user.email, at=at)


def renew_recovery_codes(*, user: User) -> list[str]:
    """New recovery codes, shown this once; the old ones no longer work."""
    with transaction.atomic():
        return _renew_codes(user)


def check_code(*, user: User, code: str, at: datetime) -> None:
    """Take a code of the app, or a recovery code. Each is taken once.

    Raises DomainError for a wrong or used one, and TooManyCodesError after five within a quarter of an hour: whoever
    gets here knows the password, so the owner is told.
    """
    turn = take_turn(CODES, str(user.pk), at=at)
    if turn.is_refused:
        if turn.is_first_refused:
            send_letter("codes_refused", to=user.email, at=at)
        message = _("Too many wrong codes. Wait %(minutes)d minutes, then try again.") % {"minutes": turn.minutes}
        raise TooManyCodesError(message, code="too_many_codes")
    if not (_take_app_code(user, code, at=at) or _take_recovery_code(user, code, at=at)):
        raise _wrong_code()
    give_back(turn)


def _take_app_code(user: User, code: str, *, at: datetime) -> bool:
    authenticator = Authenticator.objects.filter(user=user).first()
    if authenticator is None:
        return False
    step = _matching_step(authenticator.seed, code, at=at)
    if step is None:
        return False
    # In one statement: of two requests with the same code one gets in. An older code than the last is a used one, too.
    return bool(Authenticator.objects.filter(pk=authenticator.pk, last_step__lt=step).update(last_step=step))


def _take_recovery_code(user: User, code: str, *, at: datetime) -> bool:
    return bool(RecoveryCode.objects.filter(user=user, digest=_digest(code), used_at=None).update(used_at=at))


def _matching_step(seed: str, code: str, *, at: datetime) -> int | None:
    typed = unicodedata.normalize("NFKC", code).replace(" ", "")
    if len(typed) != _DIGITS or not typed.isdecimal():
        return None
    now = int(at.timestamp()) // _STEP_S
    app = pyotp.HOTP(secret_of(seed))
    fitting = [now + drift for drift in _DRIFT if constant_time_compare(app.at(now + drift), typed)]
    return fitting[0] if fitting else None


def _renew_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(code)) for code in codes)
    return codes


def _new_recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[start : start + _RECOVERY_GROUP] for start in range(0, len(text), _RECOVERY_GROUP))


def _digest(code: str) -> str:
    typed = unicodedata.normalize("NFKC", code).lower().translate(_MISREAD)
    return hashlib.sha256("".join(char for char in typed if char.isalnum()).encode()).hexdigest()


def _wrong_code() -> DomainError:
    return DomainError(_("That code is not right, or was used before. Wait for the next one."), code="wrong_code")
