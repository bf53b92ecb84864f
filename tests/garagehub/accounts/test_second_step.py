"""Codes of authenticator apps: right once, never twice, and not for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from django.db import connection
from django.test import override_settings

from garagehub.accounts import second_step
from garagehub.accounts.models import Authenticator, RecoveryCode
from garagehub.accounts.second_step import TooManyCodesError
from garagehub.lib.errors import DomainError
from garagehub.outbox.models import Message
from tests.factories import user

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
SEED = "one seed for all tests"
pytestmark = pytest.mark.django_db


def shown(at: datetime, seed: str = SEED) -> str:
    """What a real authenticator app shows at this time."""
    return pyotp.TOTP(second_step.secret_of(seed)).at(at)


@pytest.fixture
def person():
    return user("ann@example.com")


@pytest.fixture
def codes(person) -> list[str]:
    return second_step.turn_on(user=person, seed=SEED, code=shown(AT), at=AT)


def is_taken(person, code: str, at: datetime) -> bool:
    try:
        second_step.check_code(user=person, code=code, at=at)
    except DomainError:
        return False
    return True


def test_it_is_on_only_after_the_app_has_shown_its_first_code(person):
    with pytest.raises(DomainError, match="not right"):
        second_step.turn_on(user=person, seed=SEED, code="000000", at=AT)
    assert not second_step.has_second_step(person)
    assert len(second_step.turn_on(user=person, seed=SEED, code=shown(AT), at=AT)) == 8
    assert second_step.has_second_step(person)
    assert Message.objects.get(kind="two_step_on").to == person.email


def test_it_cannot_be_set_up_over_one_that_is_there(person, codes):
    with pytest.raises(DomainError, match="on already"):
        second_step.turn_on(user=person, seed="another", code=shown(AT, "another"), at=AT)
    assert Authenticator.objects.get().seed == SEED


def test_the_code_that_turned_it_on_is_used_up(person, codes):
    assert not is_taken(person, shown(AT), AT + timedelta(seconds=5))


def test_a_code_is_taken_once(person, codes):
    assert is_taken(person, shown(LATER), LATER)
    assert not is_taken(person, shown(LATER), LATER + timedelta(seconds=1))


def test_a_code_from_before_the_last_one_is_not_taken(person, codes):
    assert is_taken(person, shown(LATER), LATER)
    assert not is_taken(person, shown(LATER - timedelta(seconds=30)), LATER)


@pytest.mark.parametrize(("off_by_s", "fits"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_phone_may_be_half_a_minute_off(person, codes, off_by_s, fits):
    assert is_taken(person, shown(LATER + timedelta(seconds=off_by_s)), LATER) is fits


@pytest.mark.parametrize("typed", ["{0} {1}", " {0}{1} ", "{0}{1}"])
def test_a_code_may_be_typed_with_spaces(person, codes, typed):
    code = shown(LATER)
    assert is_taken(person, typed.format(code[:3], code[3:]), LATER)


@pytest.mark.parametrize("typed", ["", "abcdef", "12345", "1234567", "²²²²²²", "١٢٣"])
def test_what_is_no_code_is_only_wrong(person, codes, typed):
    assert not is_taken(person, typed, LATER)


def test_a_recovery_code_is_taken_once_however_it_is_typed(person, codes):
    assert is_taken(person, codes[0].upper().replace("-", " "), LATER)
    assert not is_taken(person, codes[0], LATER)
    assert second_step.codes_left(person) == 7


def test_recovery_codes_are_stored_as_hashes_and_the_app_s_secret_nowhere(person, codes):
    stored = " ".join(RecoveryCode.objects.values_list("digest", flat=True)) + Authenticator.objects.get().seed
    assert codes[0] not in stored
    assert second_step.secret_of(SEED) not in stored


def test_with_another_key_of_the_site_recovery_codes_still_work(person, codes):
    with override_settings(SECRET_KEY="another"):
        assert not is_taken(person, shown(LATER, SEED)[:5] + "x", LATER)
        assert is_taken(person, codes[0], LATER)


def test_somebody_elses_code_is_not_taken(codes):
    other = user()
    second_step.turn_on(user=other, seed="theirs", code=shown(AT, "theirs"), at=AT)

    assert not is_taken(other, shown(LATER), LATER)
    assert not is_taken(other, codes[0], LATER)


def test_new_recovery_codes_replace_the_old(person, codes):
    new = second_step.renew_recovery_codes(user=person)

    assert not is_taken(person, codes[0], LATER)
    assert is_taken(person, new[0], LATER)


def test_after_five_wrong_codes_no_code_is_looked_at_and_the_owner_is_told_once(person, codes):
    for _ in range(5):
        assert not is_taken(person, "000000", LATER)
    for _ in range(2):
        with pytest.raises(TooManyCodesError):
            second_step.check_code(user=person, code=shown(LATER), at=LATER)
    assert Message.objects.filter(kind="codes_refused").count() == 1

    after = LATER + timedelta(minutes=15)
    assert is_taken(person, shown(after), after)


def test_turned_off_it_asks_for_nothing_and_the_owner_is_told(person, codes):
    second_step.turn_off(user=person, at=LATER)

    assert not second_step.has_second_step(person)
    assert second_step.codes_left(person) == 0
    assert Message.objects.get(kind="two_step_off").to == person.email


def test_the_picture_needs_no_style_and_holds_what_apps_read(person):
    drawn = second_step.picture_of(SEED, user=person)

    assert drawn.startswith("<svg")
    assert "style" not in drawn


@pytest.mark.django_db(transaction=True)
def test_of_many_requests_with_the_same_code_one_gets_in(person, codes):
    def one(_: int) -> bool:
        try:
            return is_taken(person, shown(LATER), LATER)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(4))) == 1
