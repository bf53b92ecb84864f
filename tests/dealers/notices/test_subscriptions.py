"""Subscriptions, from the form to the last e-mail, with a real mail server."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from dealers import incidents
from dealers.models import Subscriber, Subscription
from dealers.notices import subscriptions
from garagehub.outbox import delivery
from garagehub.outbox.models import Message
from tests.factories import dealer, make

pytestmark = pytest.mark.django_db

EMAIL = "ada@example.com"


def ask(client, email=EMAIL, about="", **extra):
    return client.post("/subscriptions/", {"email": email, "about": about}, **extra)


def mails(mail_server, to=EMAIL):
    delivery.deliver_mail(at=timezone.now())
    return mail_server.mails(to)


def link_in(mail):
    return urlsplit(re.search(r"http\S+/subscriptions/\S+", mail["text"]).group()).path


@pytest.fixture
def confirmed(client, mail_server):
    """A confirmed subscription to everything; the address to manage it."""
    ask(client)
    client.post(link_in(mails(mail_server)[0]))
    ask(client)
    return link_in(mails(mail_server)[0])


def test_a_link_shows_a_button_and_only_the_button_confirms(client, mail_server):
    answer = ask(client)
    assert answer.url == "/subscriptions/sent/"
    [mail] = mails(mail_server)
    link = link_in(mail)

    for _ in range(3):  # a scanner of mails follows links
        assert b"Yes, write to me" in client.get(link).content
    assert Subscription.objects.get().confirmed_at is None

    page = client.post(link).content.decode()
    assert "You are subscribed" in page
    assert Subscription.objects.get().confirmed_at is not None
    assert "List-Unsubscribe" not in mail["headers"], "there is nothing to leave yet"


def test_who_asks_in_welsh_is_written_to_in_welsh_and_by_nobody_else_in_english(client, mail_server):
    welsh = {"headers": {"Accept-Language": "cy"}}
    ask(client)
    ask(client, **welsh)
    english, asked = (mail["subject"] for mail in mails(mail_server)[::-1])
    assert english == "Confirm that you want to hear from GarageHub"
    assert asked == "Cadarnhewch eich bod am glywed gan GarageHub"
    mail = mails(mail_server)[0]
    assert "ysgrifennu at y cyfeiriad hwn ynghylch: Popeth." in mail["text"]
    client.post(link_in(mail), **welsh)

    ask(client)
    mail = mails(mail_server)[0]
    assert mail["subject"] == "Rydych wedi tanysgrifio eisoes"
    assert "Yr hyn y cewch wybod amdano" in mail["text"]
    assert "Atal popeth" in client.get(link_in(mail), **welsh).content.decode()


def test_pages_behind_links_are_stored_nowhere(client, confirmed):
    answer = client.get(confirmed)
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "same-origin"


def test_a_link_ends_after_two_days_and_the_address_is_deleted(client, mail_server, time_machine):
    ask(client)
    link = link_in(mails(mail_server)[0])
    now = timezone.now()

    assert subscriptions.sweep(at=now + timedelta(hours=47)) == 0
    time_machine.move_to(now + timedelta(hours=49))
    assert client.get(link).status_code == 404
    assert client.post(link).status_code == 404
    assert subscriptions.sweep(at=timezone.now()) == 1
    assert Subscriber.objects.count() == 0


def test_a_made_up_link_opens_nothing(client, confirmed):
    row = Subscription.objects.get()
    for path in (
        f"/subscriptions/confirm/{row.public_id}/",
        f"/subscriptions/of/{row.subscriber.public_id}/",
        f"/subscriptions/of/{row.subscriber.public_id}:x/",
        "/subscriptions/of/" + confirmed.rsplit("/", 2)[1][::-1] + "/",
    ):
        assert client.get(path).status_code == 404
        client.post(path)
    assert Subscription.objects.count() == 1


def test_a_link_for_one_purpose_does_not_serve_the_other(client, mail_server):
    ask(client)
    token = link_in(mails(mail_server)[0]).rsplit("/", 2)[1]
    assert client.get(f"/subscriptions/of/{token}/").status_code == 404


def test_one_click_without_a_cookie_ends_all_and_deletes_the_address(confirmed, mail_server):
    mail = mails(mail_server)[0]
    assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    target = urlsplit(mail["headers"]["List-Unsubscribe"].strip("<>")).path
    mail_program = Client(enforce_csrf_checks=True)

    answer = mail_program.post(target, {"List-Unsubscribe": "One-Click"})

    assert answer.status_code == 200, "RFC 8058: no redirect"
    assert (Subscriber.objects.count(), Subscription.objects.count()) == (0, 0)
    assert mail_program.post(target, {"List-Unsubscribe": "One-Click"}).status_code == 200


def test_looking_at_the_page_ends_nothing(client, confirmed):
    assert "Everything" in client.get(confirmed).content.decode()
    assert Subscription.objects.count() == 1


def test_one_of_two_can_be_stopped_and_the_last_forgets_the_address(client, mail_server, confirmed):
    make("JAGUAR")
    ask(client, about="make:jaguar")
    client.post(link_in(mails(mail_server)[0]))
    everything, jaguar = Subscription.objects.order_by("pk")

    assert "Jaguar" in client.post(confirmed, {"subscription": everything.public_id}).content.decode()
    client.post(confirmed, {"subscription": jaguar.public_id})
    assert Subscriber.objects.count() == 0


@pytest.mark.parametrize(
    "about", ["make:trabant", "dealer:nowhere", "system:engine", "incident:none", "car:AB91CDE", "make:"]
)
def test_there_is_nothing_to_hear_of_what_is_not_there(client, about):
    assert ask(client, about=about).status_code == 404
    assert Subscriber.objects.count() == 0


def test_a_draft_cannot_be_subscribed_to(client):
    draft = incidents.start(title="Secret", body="x", at=timezone.now(), is_published=False)
    assert ask(client, about=f"incident:{draft.slug}").status_code == 404


@pytest.mark.parametrize("about", ["", "make:land-rover", "dealer:{slug}", "system:diagnostics", "incident:{incident}"])
def test_each_kind_of_subject_can_be_subscribed_to(client, mail_server, about):
    here = dealer("LAND ROVER")
    incident = incidents.start(title="Outage", body="x", at=timezone.now())
    ask(client, about=about.format(slug=here.slug, incident=incident.slug))

    assert Subscription.objects.get().subject in mails(mail_server)[0]["text"]


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "x" * 250 + "@example.com", "a@example.com,b@example.com"])
def test_what_is_no_address_is_said_so_beside_the_form(client, email):
    answer = ask(client, email=email)
    assert answer.status_code == 400
    assert b"Enter an e-mail address" in answer.content
    assert Message.objects.count() == 0


def test_letter_case_makes_no_second_subscriber(client):
    ask(client)
    ask(client, email="ADA@Example.com")
    assert Subscription.objects.count() == 1


def test_an_address_is_written_to_five_times_a_day_at_most_and_nobody_sees_the_difference(client):
    answers = {(answer := ask(client)).status_code: answer.url for _ in range(8)}

    assert answers == {302: "/subscriptions/sent/"}
    assert Message.objects.count() == 5


def test_one_place_asks_for_twenty_an_hour_at_most(client):
    statuses = [ask(client, email=f"a{number}@example.com").status_code for number in range(21)]
    assert statuses == [302] * 20 + [429]


def test_who_is_subscribed_is_not_told_to_others(client, confirmed):
    known, unknown = ask(client), ask(client, email="new@example.com")
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
