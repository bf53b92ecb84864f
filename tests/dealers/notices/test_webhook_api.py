"""Webhooks by API: who may, what is shown once, and what others never see."""

from pathlib import Path

import pytest
from django.utils import timezone
from standardwebhooks import Webhook as Verifier

from dealers.access import create_api_key
from dealers.models import Event, Scope, Webhook
from dealers.notices import webhooks
from garagehub.outbox import claims, delivery
from garagehub.outbox.models import Endpoint, Message
from tests.factories import bearer, dealer, make, member, user, webhook

pytestmark = pytest.mark.django_db
GUIDE = Path(__file__).resolve().parents[3] / "docs" / "webhooks.md"
URL = "/api/v1/webhooks"


@pytest.fixture
def made(client, key, shop):
    sent = {"url": shop, "name": "Diary"}
    return client.post(URL, sent, headers=key, content_type="application/json").json()


def post(client, made, what, key):
    return client.post(f"{URL}/{made['id']}/{what}", headers=key)


def test_a_new_webhook_shows_its_secret_once(client, key, made):
    assert made["secret"].startswith("whsec_")
    [listed] = client.get(URL, headers=key).json()["results"]
    assert "secret" not in listed
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    assert made["secret"] not in client.get(f"{URL}/{made['id']}", headers=key).content.decode()


def test_from_ping_to_log_to_replay(client, key, made, sandbox):
    sent = post(client, made, "ping", key)
    assert sent.status_code == 202
    delivery.deliver_webhooks(at=timezone.now())

    [taken] = sandbox.hooks("shop")
    assert Verifier(made["secret"]).verify(taken["body"], taken["headers"])["type"] == "ping"
    [entry] = client.get(f"{URL}/{made['id']}/deliveries", headers=key).json()["results"]
    assert (entry["id"], entry["event"], entry["state"]) == (sent.json()["id"], "ping", "sent")
    assert [attempt["status"] for attempt in entry["attempts"]] == [204]

    again = client.post(f"{URL}/{made['id']}/deliveries/{entry['id']}/replay", headers=key)
    assert (again.status_code, again.json()["state"]) == (202, "queued")
    delivery.deliver_webhooks(at=timezone.now())
    assert [taken["id"] for taken in sandbox.hooks("shop")] == [entry["id"]] * 2


def test_a_rotation_gives_a_new_secret_and_both_verify(client, key, made, sandbox):
    rotated = post(client, made, "rotate", key).json()
    post(client, made, "ping", key)
    delivery.deliver_webhooks(at=timezone.now())

    [taken] = sandbox.hooks("shop")
    for secret in (made["secret"], rotated["secret"]):
        assert Verifier(secret).verify(taken["body"], taken["headers"])


def test_a_deleted_webhook_leaves_nothing(client, key, made):
    post(client, made, "ping", key)

    assert client.delete(f"{URL}/{made['id']}", headers=key).status_code == 204
    assert (Webhook.objects.count(), Endpoint.objects.count(), Message.objects.count()) == (0, 0, 0)
    assert client.get(f"{URL}/{made['id']}", headers=key).status_code == 404


def test_a_disabled_webhook_can_be_turned_on_again(client, key, made):
    claims.disable(Endpoint.objects.get(), reason=Endpoint.Reason.GONE, at=timezone.now())
    refused = post(client, made, "ping", key)
    assert (refused.status_code, refused.json()["code"]) == (400, "webhook_disabled")

    answer = post(client, made, "enable", key).json()
    assert (answer["state"], answer["reason"]) == ("active", "")
    assert post(client, made, "ping", key).status_code == 202


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"url": "https://127.0.0.1/x"}, "bad_webhook_url"),
        ({"url": "http://shop.example/"}, "bad_webhook_url"),
        ({"url": "https://shop.example/", "events": ["everything"]}, "unknown_events"),
        ({"url": "https://shop.example/", "makes": ["trabant"]}, "unknown_makes"),
        ({"name": "no address"}, "invalid"),
    ],
)
def test_what_cannot_be_meant_is_refused(client, key, sent, code):
    answer = client.post(URL, sent, headers=key, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert (Webhook.objects.count(), Endpoint.objects.count()) == (0, 0)


def test_an_eleventh_is_refused(client, here, key, shop):
    for _ in range(10):
        webhook(here)
    answer = client.post(URL, {"url": shop}, headers=key, content_type="application/json")
    assert answer.json()["code"] == "too_many_webhooks"


def test_makes_and_events_can_be_chosen(client, key, shop):
    make("JAGUAR")
    sent = {"url": shop, "makes": ["jaguar"], "events": ["incident.published"]}
    answer = client.post(URL, sent, headers=key, content_type="application/json").json()
    assert (answer["makes"], answer["events"]) == (["jaguar"], ["incident.published"])


CALLS = [
    ("get", ""),
    ("delete", ""),
    ("post", "/rotate"),
    ("post", "/enable"),
    ("post", "/ping"),
    ("get", "/deliveries"),
    ("post", "/deliveries/00000000-0000-0000-0000-000000000001/replay"),
]


@pytest.mark.parametrize(("method", "below"), CALLS)
def test_another_dealers_key_finds_nothing(client, made, method, below):
    answer = getattr(client, method)(f"{URL}/{made['id']}{below}", headers=bearer(dealer("JAGUAR")))
    assert (answer.status_code, Webhook.objects.count()) == (404, 1)


@pytest.mark.parametrize(("method", "below"), CALLS)
def test_nobody_gets_in_without_a_key_with_the_scope(client, here, made, method, below):
    _row, secret = create_api_key(dealer=here, name="reads", scopes=[Scope.READ])
    url = f"{URL}/{made['id']}{below}"

    assert getattr(client, method)(url).status_code in {401, 403}
    assert getattr(client, method)(url, headers={"Authorization": f"Bearer {secret}"}).status_code == 403
    assert Webhook.objects.count() == 1


def test_signed_in_owners_may_and_team_mates_and_strangers_may_not(client, here, made):
    def asked_by(person):
        client.force_login(person)
        return client.get(URL).status_code

    assert asked_by(member(here, role="owner")) == 200
    assert asked_by(member(here)) == 403
    assert asked_by(user("stranger@example.com")) == 403


def test_owners_are_written_to_once_when_their_webhook_had_to_be_turned_off(here, made, mail_server):
    owner, mate = member(here, role="owner"), member(here)
    claims.disable(Endpoint.objects.get(), reason=Endpoint.Reason.GONE, at=timezone.now())

    assert webhooks.tell_owners(at=timezone.now()) == 1
    assert webhooks.tell_owners(at=timezone.now()) == 0
    delivery.deliver_mail(at=timezone.now())

    [mail] = mail_server.mails()
    assert mail["to"] == [owner.email]
    assert mate.email not in str(mail)
    assert "410" in mail["text"]
    assert f"/garage/webhooks/{made['id']}/" in mail["text"]


def test_the_number_of_queries_does_not_grow_with_the_log(client, key, made, django_assert_num_queries):
    for _ in range(3):
        post(client, made, "ping", key)
        delivery.deliver_webhooks(at=timezone.now())
    url = f"{URL}/{made['id']}/deliveries"
    client.get(url, headers=key)
    with django_assert_num_queries(5):
        client.get(url, headers=key)


def test_when_a_dealer_goes_its_endpoint_goes_with_its_secret(here, made):
    other = webhook(dealer())
    here.delete()

    assert webhooks.delete_orphans() == 1
    assert [row.pk for row in Endpoint.objects.all()] == [other.endpoint_id]


def test_the_guide_names_every_event():
    table = [line for line in GUIDE.read_text().splitlines() if line.startswith("|")]
    assert [event for event in Event.values if not any(f"`{event}`" in line for line in table)] == []
