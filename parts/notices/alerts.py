"""An owner's wish to hear when the answer about a car changes: asked for, confirmed, ended, and forgotten in any case."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from garagehub.accounts.strangers import checked_email, may_write_to, take_turn_of_place
from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.lib.tokens import Purpose
from garagehub.outbox.mail import Letter, queue_emails
from parts.lookup.place import place_of
from parts.notices import letters, standing
from parts.notices.models import Alert
from parts.vehicles.models import Vehicle
from parts.vehicles.registration import BadRegistrationError, normalise

CONFIRM_WITHIN: Final = timedelta(hours=48)
KEPT_AFTER_GOOD_NEWS: Final = timedelta(days=14)
KEPT_AT_MOST: Final = timedelta(days=183)

CONFIRMING: Final = Purpose("parts.notices.confirm", CONFIRM_WITHIN)
ENDING: Final = Purpose("parts.notices.end")  # an old e-mail must still let its reader leave


def ask(*, email: str, registration: str, postcode: str, language: str, address: str, at: datetime) -> None:
    """Send a link to confirm with. Nothing else is ever sent to an address that did not confirm.

    The answer is the same for whatever e-mail address, so that nobody learns who watches which car. `address` is the
    network address of who asks; every letter is written in `language`, a code of `LANGUAGES`. DomainError for what is no
    e-mail address, plate or postcode, NotFoundError for a car we do not know, TooManyError for too many tries.
    """
    email = checked_email(email)
    take_turn_of_place(address, at=at)
    vehicle = _vehicle(registration)
    place = place_of(postcode)
    if not may_write_to(email, at=at):
        return
    with transaction.atomic():
        letter = _asked(email, vehicle, region=place.region if place else None, language=language, at=at)
        queue_emails([letter], kind="alert.confirm", at=at)


def waiting(token: str) -> Alert:
    """The alert that this link is to confirm, or has confirmed; NotFoundError when it is too late."""
    alert = CONFIRMING.find(token, Alert.objects.select_related("vehicle"))
    if alert is None:
        raise NotFoundError(
            _("This link no longer works. Links end after two days. Look your car up once more and ask again."),
            code="link_not_valid",
        )
    return alert


def confirm(token: str, *, at: datetime) -> Alert:
    """From now on its owner is told. Confirming twice changes nothing. NotFoundError as for `waiting`."""
    alert = waiting(token)
    if alert.confirmed_at is None:
        Alert.objects.filter(pk=alert.pk, confirmed_at=None).update(confirmed_at=at)
        alert.confirmed_at = at
    return alert


def find(token: str) -> Alert:
    """The alert that this link ends; NotFoundError for a link that is not ours, or an alert that is gone."""
    alert = ENDING.find(token, Alert.objects.select_related("vehicle"))
    if alert is None:
        raise _gone()
    return alert


def end(token: str) -> None:
    """Send nothing more, and forget the address at once. Twice does no harm. NotFoundError for a link that is not ours."""
    public_id = ENDING.read(token)
    if public_id is None:
        raise _gone()
    Alert.objects.filter(public_id=public_id).delete()


def forget(*, at: datetime) -> int:
    """Delete alerts nobody confirmed in time, those whose car could be repaired a fortnight ago, and all after half a
    year; answers how many.
    """
    never_confirmed = Q(confirmed_at=None, created_at__lt=at - CONFIRM_WITHIN)
    had_good_news = Q(settled_at__lt=at - KEPT_AFTER_GOOD_NEWS)
    too_old = Q(created_at__lt=at - KEPT_AT_MOST)
    return Alert.objects.filter(never_confirmed | had_good_news | too_old).delete()[0]


def _vehicle(registration: str) -> Vehicle:
    try:
        plate = normalise(registration)
    except BadRegistrationError as error:
        fields = {"registration": [str(error)]}
        raise DomainError(str(error), code="invalid_registration", fields=fields) from error
    vehicle = Vehicle.objects.filter(registration=plate).first()
    if vehicle is None:
        raise NotFoundError(_("We do not know this number plate. Look it up first."), code="vehicle_not_found")
    return vehicle


def _asked(email: str, vehicle: Vehicle, *, region: int | None, language: str, at: datetime) -> Letter:
    told = standing.of_vehicles([vehicle.pk], region=region)[vehicle.pk]
    fresh = {"region": region, "language": language, "told": told, "created_at": at}
    alert, is_new = Alert.objects.get_or_create(email=email, vehicle=vehicle, defaults=fresh)
    if alert.confirmed_at is not None:
        with translation.override(alert.language):  # what its owner chose counts, not who asks now
            return letters.already(alert, ENDING.token(alert.public_id))
    if not is_new:
        Alert.objects.filter(pk=alert.pk).update(**fresh)
    with translation.override(language):
        return letters.confirm(alert, CONFIRMING.token(alert.public_id))


def _gone() -> NotFoundError:
    return NotFoundError(_("There are no e-mails to stop: we do not write to you about this car."), code="alert_gone")
