"""E-mails, from the row to the mailbox, with a real mail server."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from garagehub.outbox import claims, delivery, retention
from garagehub.outbox.mail import queue_email
from garagehub.outbox.models import Attempt, Message

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
STATE = Message.State


def queue(to="ada@example.com", **fields):
    given = {"subject": "Your car", "text": "It is ready.\n", "kind": "test.mail", "at": AT}
    return queue_email(to=to, **(given | fields))


def test_an_email_arrives_with_its_text_headers_and_a_stable_id(mail_server):
    message_id = queue(subject="Prüfung\n bestanden", text="Grüße £5\n", headers={"List-Unsubscribe": "<https://x/u>"})

    assert delivery.deliver_mail(at=AT) == 1

    [mail] = mail_server.mails("ada@example.com")
    assert mail["id"].startswith(f"<{message_id}@")
    assert (mail["subject"], mail["text"]) == ("Prüfung bestanden", "Grüße £5\n")
    assert mail["headers"]["List-Unsubscribe"] == "<https://x/u>"
    assert mail["headers"]["Auto-Submitted"] == "auto-generated"
    row = Message.objects.get(pk=message_id)
    assert (row.state, row.attempts, row.claim) == (STATE.SENT, 1, None)
    assert row.sent_at is not None
    assert row.log.get().outcome == Attempt.Outcome.DELIVERED


def test_what_was_sent_is_not_sent_again(mail_server):
    queue()

    assert [delivery.deliver_mail(at=AT + timedelta(hours=hour)) for hour in range(3)] == [1, 0, 0]
    assert len(mail_server.mails()) == 1


def test_an_email_of_a_transaction_that_failed_never_leaves(mail_server):
    def change():
        with transaction.atomic():
            queue()
            raise LookupError

    with pytest.raises(LookupError):
        change()

    assert delivery.deliver_mail(at=AT) == 0
    assert mail_server.mails() == []


@pytest.mark.parametrize("to", ["", "nobody", "a@b@c.example", "a@example.com\nBcc: x@example.com"])
def test_an_address_that_is_none_is_refused_at_once(to):
    with pytest.raises(ValueError, match="not an e-mail address"):
        queue(to=to)


@pytest.mark.parametrize(
    "headers", [{"Subject": "x"}, {"X-A": "b\r\nBcc: c@example.com"}, {"X A": "b"}, {"message-id": "1"}]
)
def test_no_header_can_smuggle_another(headers):
    with pytest.raises(ValueError, match="cannot be set"):
        queue(headers=headers)


def test_a_mailbox_that_does_not_exist_is_given_up_and_the_others_are_not(mail_server):
    queue(to="gone@example.com")
    queue(to="here@example.com", at=AT + timedelta(seconds=1))
    mail_server.fault("mail", "mail_reject", times=1)

    assert delivery.deliver_mail(at=AT + timedelta(minutes=1)) == 1

    gone = Message.objects.get(to="gone@example.com")
    assert (gone.state, gone.log.get().status, gone.log.get().outcome) == (STATE.FAILED, 550, "refused")
    assert Message.objects.get(to="here@example.com").state == STATE.SENT


def test_a_busy_server_is_asked_again_later_and_later(mail_server):
    message_id = queue()
    mail_server.fault("mail", "mail_busy", times=2)

    delivery.deliver_mail(at=AT)
    first = Message.objects.get(pk=message_id)
    assert first.state == STATE.QUEUED
    assert timedelta(minutes=1) <= first.due_at - AT <= timedelta(minutes=2)

    assert delivery.deliver_mail(at=AT + timedelta(seconds=30)) == 0, "not before it is due"
    delivery.deliver_mail(at=first.due_at)
    second = Message.objects.get(pk=message_id)
    assert timedelta(minutes=5) <= second.due_at - first.due_at <= timedelta(minutes=6)

    assert delivery.deliver_mail(at=second.due_at) == 1
    assert [entry.status for entry in second.log.order_by("at")] == [451, 451, 250]
    assert len(mail_server.mails()) == 1


def test_without_a_mail_server_nothing_counts_as_an_attempt(mail_server, settings):
    message_id = queue()
    settings.EMAIL_PORT = 9  # nobody listens there

    assert delivery.deliver_mail(at=AT) == 0

    row = Message.objects.get(pk=message_id)
    assert (row.state, row.attempts, row.claim, row.log.count()) == (STATE.QUEUED, 0, None, 0)
    assert row.due_at > AT


def test_without_a_setting_for_one_messages_wait_and_are_given_up_after_a_week(settings):
    settings.EMAIL_HOST = ""
    message_id = queue()

    assert delivery.deliver_mail(at=AT) == 0
    assert retention.sweep(at=AT + timedelta(days=6))["given_up"] == 0
    assert retention.sweep(at=AT + timedelta(days=8))["given_up"] == 1
    assert Message.objects.get(pk=message_id).state == STATE.FAILED


def test_a_claim_keeps_others_away_until_it_runs_out():
    queue()

    [held] = claims.claim_mail(at=AT, limit=5)

    assert claims.claim_mail(at=AT + claims.LEASE - timedelta(seconds=1), limit=5) == []
    [again] = claims.claim_mail(at=AT + claims.LEASE, limit=5)
    assert again.pk == held.pk
    claims.settle(held, claims.Result(outcome=Attempt.Outcome.RETRY), at=AT + claims.LEASE)
    assert Message.objects.get().claim == again.claim, "whose lease ran out writes over nobody"


def test_what_was_said_goes_after_a_day_and_the_trace_after_a_month(mail_server):
    queue(headers={"List-Unsubscribe": "<https://x/u>"})
    delivery.deliver_mail(at=AT)

    assert retention.sweep(at=AT + timedelta(hours=23))["purged"] == 0
    assert retention.sweep(at=AT + timedelta(hours=25))["purged"] == 1
    row = Message.objects.get()
    assert (row.to, row.subject, row.text, row.headers) == ("", "", "", {})
    assert retention.sweep(at=AT + timedelta(days=31))["deleted"] == 1


def test_no_log_names_anybody(mail_server, caplog):
    queue(to="secret.person@example.com")
    queue(to="other.person@example.com")
    mail_server.fault("mail", "mail_reject", times=1)
    with caplog.at_level(0):
        delivery.deliver_mail(at=AT)

    assert "person" not in caplog.text
    assert not any("person" in entry.detail for entry in Attempt.objects.all())
