"""The nudge after a commit: one for many messages, and no harm without Redis."""

import threading

import pytest
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from garagehub.outbox import nudging
from garagehub.outbox.mail import queue_email
from garagehub.outbox.models import Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch):
    """What was put on the broker; it raises what stands in `error`."""
    names, error = [], []

    def send_task(name, **options):
        names.append(name)
        if error:
            raise error[0]

    monkeypatch.setattr(nudging.current_app, "send_task", send_task)
    monkeypatch.setattr(nudging, "_asks_again_at", {})
    return names, error


def queue(count):
    with transaction.atomic():
        for number in range(count):
            queue_email(to=f"a{number}@example.com", subject="s", text="t", kind="k", at=timezone.now())


def settle():
    for thread in threading.enumerate():
        if thread.name == "outbox-nudge":
            thread.join(10)


def test_many_messages_of_one_transaction_are_one_nudge_after_it(sent, django_capture_on_commit_callbacks):
    names, _ = sent
    with django_capture_on_commit_callbacks(execute=True):
        queue(50)
        assert names == []
    settle()
    assert names == ["garagehub.outbox.tasks.deliver_mail"]


def test_without_redis_messages_stay_and_nobody_is_disturbed(sent, django_capture_on_commit_callbacks):
    names, error = sent
    error.append(OperationalError("away"))
    for _ in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            queue(1)
        settle()

    assert len(names) == 1, "it is not asked again at once"
    assert Message.objects.filter(state="queued").count() == 3
