"""The outbox in the admin: looked at, replayed, and without secrets."""

import pytest
from django.utils import timezone

from garagehub.outbox import delivery, endpoints
from garagehub.outbox.mail import queue_email
from garagehub.outbox.models import Endpoint, Message
from tests.factories import user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    client.force_login(user(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def endpoint(sandbox, settings):
    settings.SANDBOX_URL = sandbox.url
    return endpoints.create(url=f"{sandbox.url}/hooks/shop", at=timezone.now())


def act(admin, what, name, rows):
    sent = {"action": name, "_selected_action": [str(row.pk) for row in rows]}
    return admin.post(f"/admin/outbox/{what}/", sent, follow=True)


def test_the_list_names_nobody_and_the_page_shows_no_text(admin):
    message_id = queue_email(to="ada@example.com", subject="s", text="the-link", kind="x.y", at=timezone.now())

    assert "ada@example.com" not in admin.get("/admin/outbox/message/").content.decode()
    page = admin.get(f"/admin/outbox/message/{message_id}/change/").content.decode()
    assert "ada@example.com" in page
    assert "the-link" not in page
    assert 'name="_save"' not in page


def test_a_webhook_is_sent_again_under_its_id(admin, endpoint, sandbox):
    message_id = endpoints.ping(endpoint, at=timezone.now())
    delivery.deliver_webhooks(at=timezone.now())

    assert b"1 on their way again" in act(admin, "message", "replay", Message.objects.all()).content
    delivery.deliver_webhooks(at=timezone.now())
    assert [taken["id"] for taken in sandbox.hooks("shop")] == [str(message_id)] * 2


def test_an_endpoint_is_turned_off_and_on_and_never_shows_its_secret(admin, endpoint):
    act(admin, "endpoint", "turn_off", [endpoint])
    assert Endpoint.objects.get().reason == "admin"
    act(admin, "endpoint", "turn_on", [endpoint])
    assert Endpoint.objects.get().state == "active"

    for page in ("/admin/outbox/endpoint/", f"/admin/outbox/endpoint/{endpoint.pk}/change/"):
        assert endpoint.secret not in admin.get(page).content.decode()
