"""E-mails and webhooks when the worker that sends them is killed, and when Redis hangs."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from django.utils import timezone

from garagehub.outbox import delivery, endpoints, webhooks
from garagehub.outbox.mail import Letter, queue_emails
from garagehub.outbox.models import Message
from garagehub.outbox.tasks import deliver_mail, deliver_webhooks
from tests.drills.processes import Drill, wait_for
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.drill, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def post(drill: Drill, mail_server: SandboxProcess) -> SandboxProcess:
    """The mail server and the receiver of webhooks that the drill's worker sends to."""
    drill.set(EMAIL_URL=mail_server.client.get("/").json()["mail"]["EMAIL_URL"], SANDBOX_URL=mail_server.url)
    return mail_server


def sent() -> int:
    return Message.objects.filter(state=Message.State.SENT).count()


def let_the_leases_run_out() -> None:
    """As two minutes would."""
    Message.objects.filter(claimed_until__isnull=False).update(claimed_until=timezone.now())


def queue_letters(count: int) -> None:
    letters = [Letter(to=f"p{number}@example.com", subject="s", text="t") for number in range(count)]
    queue_emails(letters, kind="drill", at=timezone.now())


def test_a_killed_worker_loses_no_email_and_repeats_only_the_one_in_its_hands_under_the_same_id(drill, post):
    queue_letters(6)
    post.fault("mail", "mail_late", times=1, seconds=60.0)
    worker = drill.worker()
    drill.send(deliver_mail)
    wait_for(post.mails, "the server has an e-mail of which its sender does not know")

    worker.kill()
    post.client.delete("/faults")
    assert sent() == 0
    assert delivery.deliver_mail(at=timezone.now()) == 0, "the dead worker's lease still runs"
    let_the_leases_run_out()
    drill.worker()
    drill.send(deliver_mail)
    wait_for(lambda: sent() == 6, "all are sent")

    arrived = Counter(mail["id"] for mail in post.mails())
    assert sorted(arrived.values()) == [1, 1, 1, 1, 1, 2]
    assert {mail["to"][0] for mail in post.mails()} == {f"p{number}@example.com" for number in range(6)}


def test_a_killed_worker_loses_no_webhook_and_a_receiver_that_minds_the_id_does_each_thing_once(drill, post, settings):
    settings.SANDBOX_URL = post.url
    for name in ("a", "b", "c"):
        endpoint = endpoints.create(url=f"{post.url}/hooks/{name}", at=timezone.now())
        for number in range(2):
            webhooks.queue_event(endpoint=endpoint, event_type="x.y", data={"n": number}, at=timezone.now())
    post.fault("hooks", "hook_late", times=3, seconds=60.0)
    worker = drill.worker()
    drill.send(deliver_webhooks)
    wait_for(lambda: all(post.hooks(name) for name in "abc"), "each receiver has one")

    worker.kill()
    post.client.delete("/faults")
    assert sent() == 0
    let_the_leases_run_out()
    drill.worker()
    drill.send(deliver_webhooks)
    wait_for(lambda: sent() == 6, "all are sent")

    for name in "abc":
        arrived = Counter(taken["id"] for taken in post.hooks(name))
        assert sorted(arrived.values()) == [1, 2], "the one in its hands twice, under one id"
        assert len({(taken["id"], taken["body"]) for taken in post.hooks(name)}) == 2


def test_when_redis_hangs_what_was_asked_for_is_kept_at_once_and_sent_later(drill, post):
    site = drill.site()
    page = site.get("/subscriptions/")
    token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    drill.redis.freeze()

    started = time.monotonic()
    answer = site.post("/subscriptions/", data={"csrfmiddlewaretoken": token, "email": "ada@example.com", "about": ""})
    took = time.monotonic() - started

    assert (answer.status_code, answer.headers["Location"]) == (302, "/subscriptions/sent/")
    assert took < 5
    assert Message.objects.get().state == Message.State.QUEUED

    drill.redis.thaw()
    drill.worker()
    drill.beat()
    wait_for(lambda: post.mails("ada@example.com"), "the beat has it sent")
