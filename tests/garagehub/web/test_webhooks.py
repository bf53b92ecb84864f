"""The page of webhooks: who may, what is shown once, and what the buttons do."""

import pytest
from django.utils import timezone

from dealers.models import Webhook
from dealers.notices import webhooks
from garagehub.outbox import delivery
from garagehub.outbox.models import Endpoint, Message
from tests.factories import dealer, member, user

pytestmark = pytest.mark.django_db
URL = "/garage/webhooks/"


@pytest.fixture
def here(settings, sandbox):
    settings.SANDBOX_URL = sandbox.url
    return dealer()


@pytest.fixture
def owner(client, here):
    person = member(here, role="owner")
    client.force_login(person)
    return person


@pytest.fixture
def hook(here, sandbox):
    return webhooks.create(dealer=here, name="Diary", url=f"{sandbox.url}/hooks/diary", at=timezone.now())


def page_of(hook):
    return f"{URL}{hook.endpoint_id}/"


def test_a_new_webhook_shows_its_secret_once(client, here, owner, sandbox):
    page = client.post(URL, {"name": "Diary", "url": f"{sandbox.url}/hooks/diary", "events": ["status.changed"]})

    secret = Endpoint.objects.get().secret
    assert secret in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    made = Webhook.objects.get()
    assert (made.dealer, made.events, made.created_by) == (here, ["status.changed"], owner)
    assert secret not in client.get(URL).content.decode() + client.get(page_of(made)).content.decode()


@pytest.mark.parametrize("url", ["https://10.0.0.1/x", "http://shop.example/", "nonsense"])
def test_a_bad_address_is_said_so_beside_its_field(client, owner, url):
    page = client.post(URL, {"name": "Diary", "url": url})

    assert page.status_code == 400
    assert b'class="error"' in page.content
    assert Endpoint.objects.count() == 0


def test_a_test_message_its_log_and_sending_again(client, owner, hook, sandbox):
    client.post(page_of(hook), {"do": "ping"})
    delivery.deliver_webhooks(at=timezone.now())
    page = client.get(page_of(hook)).content.decode()
    assert "ping" in page
    assert "204 delivered" in page

    client.post(page_of(hook), {"do": Message.objects.get().pk})
    delivery.deliver_webhooks(at=timezone.now())
    assert len({taken["id"] for taken in sandbox.hooks("diary")}) == 1
    assert len(sandbox.hooks("diary")) == 2


def test_a_new_secret_is_shown_once(client, owner, hook):
    old = hook.endpoint.secret
    page = client.post(page_of(hook), {"do": "rotate"}).content.decode()

    hook.endpoint.refresh_from_db()
    assert hook.endpoint.secret in page
    assert old not in page
    assert hook.endpoint.previous_secret == old


def test_off_on_and_delete(client, owner, hook):
    client.post(page_of(hook), {"do": "off"})
    assert b"This webhook is turned off." in client.get(page_of(hook)).content
    client.post(page_of(hook), {"do": "on"})
    assert Endpoint.objects.get().state == "active"
    client.post(page_of(hook), {"do": "delete"})
    assert Endpoint.objects.count() == 0


@pytest.mark.parametrize("do", ["", "nonsense", "00000000-0000-0000-0000-000000000001"])
def test_a_button_nobody_knows_does_nothing(client, owner, hook, do):
    answer = client.post(page_of(hook), {"do": do}, follow=True)
    assert answer.status_code == 200
    assert Message.objects.count() == 0


@pytest.mark.parametrize("do", ["ping", "rotate", "off", "on", "delete"])
def test_a_team_mate_reads_and_changes_nothing(client, here, hook, do):
    before = Endpoint.objects.values().get()
    client.force_login(member(here))
    page = client.get(page_of(hook))
    assert page.status_code == 200
    assert b"Send a test message" not in page.content

    answer = client.post(page_of(hook), {"do": do}, follow=True)

    assert b"Only an owner" in answer.content
    assert Endpoint.objects.values().get() == before
    assert Message.objects.count() == 0


def test_strangers_and_visitors_see_nothing(client, hook, sandbox):
    assert client.get(page_of(hook)).url.startswith("/sign-in/")
    client.force_login(user())
    assert client.get(URL).status_code == 403
    client.force_login(member(dealer(), role="owner"))
    for answer in (client.get(page_of(hook)), client.post(page_of(hook), {"do": "delete"})):
        assert answer.status_code == 404
    assert sandbox.url not in client.get(URL).content.decode()
    assert Endpoint.objects.count() == 1


def test_the_number_of_queries_does_not_grow(client, owner, hook, django_assert_max_num_queries):
    for _ in range(4):
        client.post(page_of(hook), {"do": "ping"})
        delivery.deliver_webhooks(at=timezone.now())
    with django_assert_max_num_queries(16):
        client.get(page_of(hook))
