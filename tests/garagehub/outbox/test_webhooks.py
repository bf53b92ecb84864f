"""Webhooks, from the row to a real receiver, read with the reference library of Standard Webhooks."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.outbox import claims, delivery, endpoints, retention, schedule, webhooks
from garagehub.outbox.models import Attempt, Endpoint, Message

pytestmark = pytest.mark.django_db

State, Reason = Message.State, Endpoint.Reason


@pytest.fixture
def at():
    """The real time: the reference library holds the signature's against its own clock."""
    return timezone.now()


@pytest.fixture
def endpoint(sandbox, settings, at):
    settings.SANDBOX_URL = sandbox.url
    return endpoints.create(url=f"{sandbox.url}/hooks/shop", at=at)


def queue(endpoint, at, **data):
    return webhooks.queue_event(endpoint=endpoint, event_type="status.changed", data=data, at=at)


def lower_names(taken):
    return {name.lower(): value for name, value in taken["headers"].items()}


def test_an_event_arrives_signed_as_the_standard_has_it(sandbox, endpoint, at):
    message_id = queue(endpoint, at, dealer="leeds", new="down", note="Grüße")

    assert delivery.deliver_webhooks(at=at) == 1

    [taken] = sandbox.hooks("shop")
    payload = Verifier(endpoint.secret).verify(taken["body"], lower_names(taken))
    assert payload["type"] == "status.changed"
    assert payload["data"] == {"dealer": "leeds", "new": "down", "note": "Grüße"}
    assert datetime.fromisoformat(payload["timestamp"]) == at
    assert taken["id"] == str(message_id)
    assert Message.objects.get().state == State.SENT


def test_another_secret_or_another_body_does_not_verify(sandbox, endpoint, at):
    queue(endpoint, at)
    delivery.deliver_webhooks(at=at)
    [taken] = sandbox.hooks("shop")

    with pytest.raises(WebhookVerificationError):
        Verifier(webhooks.new_secret()).verify(taken["body"], lower_names(taken))
    with pytest.raises(WebhookVerificationError):
        Verifier(endpoint.secret).verify(taken["body"] + " ", lower_names(taken))


def test_after_a_rotation_both_secrets_sign_for_a_day(sandbox, endpoint, at):
    old = endpoint.secret
    new = endpoints.rotate(endpoint, at=at)
    queue(endpoint, at)
    delivery.deliver_webhooks(at=at)
    [taken] = sandbox.hooks("shop")
    assert new != old
    for secret in (old, new):
        assert Verifier(secret).verify(taken["body"], lower_names(taken))

    endpoints.rotate(endpoint, at=at - timedelta(hours=25))
    queue(endpoint, at)
    delivery.deliver_webhooks(at=at)
    with pytest.raises(WebhookVerificationError):
        Verifier(new).verify(sandbox.hooks("shop")[-1]["body"], lower_names(sandbox.hooks("shop")[-1]))


@given(
    waits=st.sampled_from([schedule.WEBHOOK_WAITS, schedule.EMAIL_WAITS]), chance=st.floats(0, 1), n=st.integers(1, 20)
)
def test_waits_follow_the_table_with_a_little_jitter_and_end(waits, chance, n):
    wait = schedule.wait_after(waits, attempts=n, chance=lambda: chance)

    if n > len(waits):
        assert wait is None
    else:
        assert waits[n - 1] <= wait <= waits[n - 1] * 1.1 + timedelta(microseconds=1)
    asked = schedule.wait_after(waits, attempts=n, chance=lambda: chance, asked=timedelta(hours=23))
    assert asked is None or asked >= timedelta(hours=23)


def test_an_endpoint_that_never_answers_well_gets_ten_attempts_over_three_days_and_is_disabled(sandbox, endpoint, at):
    sandbox.fault("hooks/shop", "status_500")
    message_id = queue(endpoint, at)
    now, times = at, []
    while Message.objects.get().state == State.QUEUED:
        assert delivery.deliver_webhooks(at=now) == 0
        times.append(now)
        now = max(Message.objects.get().due_at, Endpoint.objects.get().paused_until)

    assert len(times) == 10
    assert timedelta(hours=75) < times[-1] - at < timedelta(hours=84)
    assert list(Attempt.objects.values_list("status", flat=True)) == [500] * 10
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.reason) == ("disabled", Reason.FAILING)
    assert [found.pk for found in endpoints.newly_disabled()] == [endpoint.pk]
    assert queue(endpoint, now) is None, "nothing is written for an endpoint that is off"

    sandbox.client.delete("/faults")
    endpoints.turn_on(endpoint)
    endpoints.replay(endpoint, message_id=message_id, at=now)
    assert delivery.deliver_webhooks(at=now) == 1
    assert sandbox.hooks("shop")[0]["id"] == str(message_id)


def test_a_delivery_in_between_keeps_the_endpoint_on(sandbox, endpoint, at):
    sandbox.fault("hooks/shop", "status_500", times=1)
    queue(endpoint, at)
    delivery.deliver_webhooks(at=at)
    endpoint.refresh_from_db()
    assert endpoint.failing_since is not None

    assert delivery.deliver_webhooks(at=at + timedelta(seconds=10)) == 1
    endpoint.refresh_from_db()
    assert (endpoint.failing_since, endpoint.paused_until, endpoint.state) == (None, None, "active")


def test_410_disables_at_once_and_gives_up_what_was_waiting(sandbox, endpoint, at):
    sandbox.fault("hooks/shop", "hook_gone")
    queue(endpoint, at)
    queue(endpoint, at)

    delivery.deliver_webhooks(at=at)

    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.reason) == ("disabled", Reason.GONE)
    assert set(Message.objects.values_list("state", flat=True)) == {State.FAILED}
    assert Attempt.objects.count() == 1


def test_retry_after_is_kept_for_every_message_of_the_endpoint(sandbox, endpoint, at):
    sandbox.fault("hooks/shop", "status_429", times=1, retry_after=600)
    queue(endpoint, at)
    delivery.deliver_webhooks(at=at)
    queue(endpoint, at)

    assert delivery.deliver_webhooks(at=at + timedelta(seconds=590)) == 0
    assert Attempt.objects.count() == 1
    assert delivery.deliver_webhooks(at=at + timedelta(seconds=610)) == 2


def test_a_redirect_is_a_failure_and_never_followed(sandbox, endpoint, at):
    sandbox.fault("hooks/shop", "redirect_private", location=f"{sandbox.url}/hooks/elsewhere")
    queue(endpoint, at)

    assert delivery.deliver_webhooks(at=at) == 0
    assert sandbox.hooks("elsewhere") == []
    assert Attempt.objects.get().outcome == Attempt.Outcome.RETRY


def test_an_answer_without_end_is_not_read(sandbox, endpoint, at):
    sandbox.fault("hooks/shop", "gzip_bomb")
    queue(endpoint, at)

    assert delivery.deliver_webhooks(at=at) == 1, "the status is all that counts"


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/x", "https://10.1.2.3/", "https://[::1]/", "https://169.254.169.254/"]
)
def test_a_private_address_is_refused_even_if_it_got_into_the_table(url, at):
    endpoint = Endpoint.objects.create(url=url, secret=webhooks.new_secret())
    queue(endpoint, at)

    delivery.deliver_webhooks(at=at)

    entry = Attempt.objects.get()
    assert (entry.status, entry.outcome) == (None, Attempt.Outcome.RETRY)
    assert "not a public one" in entry.detail


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/x",
        "ftp://shop.example",
        "https://",
        "nonsense",
        "https://me:pw@shop.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.8:8443/x",
        "https://localhost/x",
        "https://printer.local/x",
        "https://shop.example/x#part",
        "https://shop.example/a b",
        "https://shop.example:99999/",
        "https://shop.example/" + "x" * 500,
    ],
)
def test_addresses_that_cannot_be_meant_are_refused_when_they_are_given(url, settings, at):
    settings.SANDBOX_URL = ""
    with pytest.raises(DomainError) as refused:
        endpoints.create(url=url, at=at)
    assert refused.value.code == "bad_webhook_url"
    assert "url" in refused.value.fields


def test_only_the_sandbox_itself_may_be_private(settings, at):
    settings.SANDBOX_URL = "http://127.0.0.1:8001"

    assert endpoints.create(url="http://127.0.0.1:8001/hooks/a", at=at).is_internal
    assert not endpoints.create(url="https://shop.example/a", at=at).is_internal
    with pytest.raises(DomainError):
        endpoints.create(url="http://127.0.0.1:8002/hooks/a", at=at)


def test_a_replay_keeps_the_id_and_the_body(sandbox, endpoint, at):
    message_id = queue(endpoint, at, new="down")
    delivery.deliver_webhooks(at=at)

    endpoints.replay(endpoint, message_id=message_id, at=at)
    assert delivery.deliver_webhooks(at=at) == 1

    first, second = sandbox.hooks("shop")
    assert (first["id"], first["body"]) == (second["id"], second["body"])
    assert Message.objects.get().log.count() == 2


def test_there_is_no_replay_of_others_or_of_what_was_deleted(sandbox, endpoint, at):
    message_id = queue(endpoint, at)
    delivery.deliver_webhooks(at=at)
    other = endpoints.create(url=f"{sandbox.url}/hooks/other", at=at)
    with pytest.raises(NotFoundError):
        endpoints.replay(other, message_id=message_id, at=at)

    retention.sweep(at=at + timedelta(days=15))
    with pytest.raises(DomainError) as refused:
        endpoints.replay(endpoint, message_id=message_id, at=at)
    assert refused.value.code == "message_purged"


def test_a_ping_goes_at_once_even_to_one_that_is_pausing(sandbox, endpoint, at):
    Endpoint.objects.update(paused_until=at + timedelta(hours=1))
    endpoints.ping(endpoint, at=at)

    assert delivery.deliver_webhooks(at=at) == 1
    assert json.loads(sandbox.hooks("shop")[0]["body"])["type"] == "ping"

    endpoints.turn_off(endpoint, at=at)
    with pytest.raises(DomainError) as refused:
        endpoints.ping(endpoint, at=at)
    assert refused.value.code == "webhook_disabled"


def test_an_endpoint_is_asked_one_thing_at_a_time(endpoint, at):
    for _ in range(3):
        queue(endpoint, at)

    first = claims.claim_webhooks(at=at, limit=10)

    assert len(first) == 1
    assert claims.claim_webhooks(at=at, limit=10) == []
    claims.release(first, at=at)
    assert len(claims.claim_webhooks(at=at, limit=10)) == 1


@pytest.mark.parametrize("event_type", ["", "a b", ".a", "a.", "a-b", "a\n"])
def test_a_type_is_letters_digits_and_dots(endpoint, at, event_type):
    with pytest.raises(ValueError, match="not a type"):
        webhooks.queue_event(endpoint=endpoint, event_type=event_type, data={}, at=at)


def test_a_body_has_a_limit(endpoint, at):
    with pytest.raises(ValueError, match="20,000"):
        queue(endpoint, at, note="x" * 20_000)


def test_neither_log_nor_table_of_attempts_names_the_address(sandbox, endpoint, at, caplog):
    Endpoint.objects.update(url="https://127.0.0.1/token-of-the-owner")
    queue(endpoint, at)
    with caplog.at_level(0):
        delivery.deliver_webhooks(at=at)

    assert "token-of-the-owner" not in caplog.text + Attempt.objects.get().detail + str(endpoint)


def test_the_time_of_an_event_is_utc(endpoint):
    at = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    queue(endpoint, at)
    assert json.loads(Message.objects.get().text)["timestamp"] == "2026-11-22T10:00:00Z"
