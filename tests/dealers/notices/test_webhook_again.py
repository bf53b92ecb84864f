"""Calls about webhooks sent again under their `Idempotency-Key`: done once, answered as at first, and no secret is kept."""

import json

import pytest

from dealers.models import Membership, Webhook
from dealers.notices import webhooks
from garagehub.accounts.models import KeptReply
from garagehub.outbox.models import Endpoint, Message
from tests.factories import bearer, dealer, member

pytestmark = pytest.mark.django_db
URL = "/api/v1/webhooks"
AGAIN = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
LATER = {"Idempotency-Key": "second-8e03978e"}


@pytest.fixture
def post(client, key, shop):
    def post(path="", *, headers=AGAIN, **sent):
        body = {} if path else {"url": shop, "name": "Diary"} | sent
        return client.post(URL + path, body, headers=key | headers, content_type="application/json")

    return post


def test_a_webhook_asked_for_twice_is_made_once_and_shows_its_secret_both_times(post):
    first, again = post(), post()

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.json()["secret"] == Endpoint.objects.get().secret
    assert (first.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")
    assert again["Cache-Control"] == "no-store"


def test_the_secret_is_not_kept_with_the_answer(post):
    made = post().json()
    rotated = post(f"/{made['id']}/rotate", headers=LATER).json()

    kept = json.dumps(list(KeptReply.objects.values_list("body", flat=True)))
    assert KeptReply.objects.count() == 2
    for secret in (made["secret"], rotated["secret"]):
        assert secret not in kept
        assert secret.removeprefix("whsec_") not in kept


def test_a_rotation_sent_again_gives_the_same_secret_and_rotates_no_further(post):
    made = post().json()
    first = post(f"/{made['id']}/rotate", headers=LATER).json()
    again = post(f"/{made['id']}/rotate", headers=LATER).json()

    assert first == again
    endpoint = Endpoint.objects.get()
    assert (endpoint.secret, endpoint.previous_secret) == (first["secret"], made["secret"])


def test_the_first_secret_is_found_while_it_signs_and_afterwards_said_to_be_replaced(post):
    made = post().json()
    post(f"/{made['id']}/rotate", headers={})
    assert post().json()["secret"] == made["secret"]

    post(f"/{made['id']}/rotate", headers={})
    refused = post()
    assert (refused.status_code, refused.json()["code"]) == (409, "secret_replaced")
    assert made["secret"] not in refused.content.decode()


def test_of_a_deleted_webhook_nothing_is_answered_again(client, post, key):
    made = post().json()
    client.delete(f"{URL}/{made['id']}", headers=key)

    refused = post()
    assert (refused.status_code, refused.json()["code"]) == (404, "webhook_not_found")
    assert not Webhook.objects.exists()


def test_one_key_for_two_webhooks_is_a_mistake(post):
    post()
    refused = post(name="Another")
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert Webhook.objects.count() == 1


def test_what_was_refused_may_be_put_right_under_the_same_key(post):
    assert post(events=["coffee.ready"]).status_code == 400
    assert post().status_code == 201


def test_a_stranger_with_the_same_key_makes_a_webhook_of_their_own(client, post, shop):
    made = post().json()
    body = {"url": shop, "name": "Diary"}
    other = client.post(URL, body, headers=bearer(dealer("JAGUAR")) | AGAIN, content_type="application/json").json()
    assert other["id"] != made["id"]
    assert other["secret"] != made["secret"]


def test_who_is_an_owner_no_more_is_not_told_the_secret_again(client, here, shop):
    owner = member(here, role="owner")
    client.force_login(owner)
    body = {"url": shop, "name": "Diary"}
    assert client.post(URL, body, headers=AGAIN, content_type="application/json").status_code == 201
    Membership.objects.filter(user=owner).update(role=Membership.Role.MEMBER)

    refused = client.post(URL, body, headers=AGAIN, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "owners_only")


def test_a_ping_and_a_replay_sent_again_send_nothing_more(post):
    made = post().json()
    ping = f"/{made['id']}/ping"
    first, again = post(ping, headers=LATER), post(ping, headers=LATER)
    assert first.json() == again.json()
    assert Message.objects.count() == 1

    replay = f"/{made['id']}/deliveries/{first.json()['id']}/replay"
    third = {"Idempotency-Key": "third-8e03978e"}
    Message.objects.update(state="sent", attempts=1)
    assert post(replay, headers=third).json()["state"] == "queued"
    Message.objects.update(state="sent", attempts=1)
    assert post(replay, headers=third)["Idempotent-Replayed"] == "true"
    assert Message.objects.get().state == "sent"


def test_turning_on_sent_again_does_not_undo_what_came_after(post):
    made = post().json()
    enable = f"/{made['id']}/enable"
    assert post(enable, headers=LATER).json()["state"] == "active"
    webhook = Webhook.objects.get()
    webhooks.endpoints.turn_off(webhook.endpoint, at=webhook.created_at)

    assert post(enable, headers=LATER)["Idempotent-Replayed"] == "true"
    assert Endpoint.objects.get().state == "disabled"
