"""Owners' alerts, from the form to the last e-mail, with a real mail server; and what is left of an address after."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.outbox import delivery
from garagehub.outbox.models import Message
from parts.notices import alerts, telling
from parts.notices.models import Alert
from parts.vehicles.models import Vehicle
from tests.factories import emails
from tests.parts.lookup.world import SPRING
from tests.parts.notices.conftest import confirmed

EMAIL = "ada@example.com"
PLATE = "AA91AAA"
YN_BAROD = "Gellir atgyweirio eich car nawr: mae’r hyn sydd ei angen arno ar gael."


def ask(client, email=EMAIL, registration=PLATE, postcode="", **extra):
    body = {"email": email, "registration": registration, "postcode": postcode}
    return client.post("/vehicle/alerts/", body, **extra)


def mails(mail_server, to=EMAIL):
    delivery.deliver_mail(at=timezone.now())
    return mail_server.mails(to)


def link_in(mail):
    return urlsplit(re.search(r"http\S+/vehicle/alerts/\S+", mail["text"]).group()).path


def test_an_owner_asks_confirms_is_told_and_leaves(client, world, mail_server, at):
    assert b"Tell me when it changes" in client.post("/vehicle/", {"registration": PLATE}).content
    answer = ask(client)
    assert answer.url == "/vehicle/alerts/sent/"
    [mail] = mails(mail_server)
    assert "List-Unsubscribe" not in mail["headers"], "there is nothing to leave yet"
    for _ in range(3):  # a scanner of mails follows links
        assert b"Yes, write to me" in client.get(link_in(mail)).content
    assert Alert.objects.get().confirmed_at is None
    assert b"We will write to you" in client.post(link_in(mail)).content

    world.stock(3)
    assert telling.tell(at=timezone.now()) == 1

    told = mails(mail_server)[0]
    assert told["subject"] == "Your car can be repaired now: what it needs can be had."
    assert "What you may legally do today" in told["text"]
    target = urlsplit(told["headers"]["List-Unsubscribe"].strip("<>")).path
    assert told["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert b"We write to ada@example.com" in client.get(target).content
    mail_program = Client(enforce_csrf_checks=True)
    assert mail_program.post(target, {"List-Unsubscribe": "One-Click"}).status_code == 200, "RFC 8058: no redirect"
    assert not Alert.objects.exists()
    assert mail_program.post(target).status_code == 200
    assert client.get(target).status_code == 404


def test_an_owner_who_asks_in_welsh_is_written_to_in_welsh_by_whoever_writes(client, world, mail_server, at):
    welsh = {"headers": {"Accept-Language": "cy"}}
    ask(client, **welsh)
    [asked] = mails(mail_server)
    assert asked["subject"] == "Cadarnhewch eich bod am glywed am eich car"
    assert "Mae rhif cofrestru’r car yn gorffen â AAA." in asked["text"]
    client.post(link_in(asked), **welsh)
    confirmed(at, "eve@example.com")
    world.stock(2)

    assert telling.tell(at=at) == 2

    mine, eves = (emails(kind="alert.changed", to=to)[0] for to in (EMAIL, "eve@example.com"))
    assert (mine.subject, eves.subject) == (YN_BAROD, "Your car can be repaired now: what it needs can be had.")
    assert "Yr hyn y cewch ei wneud yn gyfreithlon heddiw:\n" in mine.text
    assert "Ffoniwch eich garej nawr" in mine.text
    assert "I atal yr e-byst hyn" in mine.text
    assert "Ring your garage now" in eves.text


def test_a_language_is_chosen_until_it_is_confirmed_and_by_nobody_else_after(client, world):
    ask(client)
    ask(client, headers={"Accept-Language": "cy"})
    assert [mail.subject for mail in emails()] == [
        "Confirm that you want to hear about your car",
        "Cadarnhewch eich bod am glywed am eich car",
    ]
    Alert.objects.update(confirmed_at=timezone.now())
    ask(client)
    assert emails()[-1].subject == "Rydym eisoes yn ysgrifennu atoch am y car hwn"


def test_no_plate_and_no_address_stands_in_a_link_or_is_kept_by_a_browser(client, world, mail_server):
    answer = ask(client)
    [mail] = mails(mail_server)
    link = link_in(mail)
    for text in (answer.url, link, mail["text"], mail["subject"]):
        assert PLATE not in text
        assert "ada" not in text
    assert "ends in AAA" in mail["text"]
    page = client.get(link)
    assert "no-store" in page["Cache-Control"]
    assert page["Referrer-Policy"] == "same-origin"
    assert PLATE not in page.content.decode()


def test_nobody_learns_from_the_page_who_watches_a_car(client, world, mail_server):
    first, again, other = ask(client), ask(client), ask(client, email="eve@example.com")

    assert (first.status_code, first.url) == (again.status_code, again.url) == (other.status_code, other.url)
    assert Alert.objects.count() == 2


def test_who_asks_again_hears_that_they_have_it(client, world, at):
    confirmed(at)

    ask(client)

    assert Message.objects.get().subject == "We write to you about this car already"
    assert Alert.objects.get().confirmed_at == at


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ({"email": "nobody"}, 400, "Enter an e-mail address"),
        ({"email": ""}, 400, "Enter an e-mail address"),
        ({"registration": "££"}, 400, ""),
        ({"registration": "AB91ZZZ"}, 404, "We do not know this number plate"),
        ({"postcode": "nowhere"}, 400, "not a UK postcode"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(client, world, asked, status, says):
    answer = ask(client, **asked)

    assert answer.status_code == status
    assert says in answer.content.decode()
    assert not Alert.objects.exists()
    assert not Message.objects.exists()


def test_a_flooded_address_gets_five_letters_a_day_and_a_place_asks_twenty_times(client, world):
    for number in range(8):
        assert ask(client, REMOTE_ADDR=f"198.51.100.{number}").status_code == 302
    assert Message.objects.count() == 5
    answers = [ask(client, email=f"{number}@example.com", REMOTE_ADDR="203.0.113.9") for number in range(21)]
    assert [answer.status_code for answer in answers] == [302] * 20 + [429]


def test_a_made_up_link_opens_nothing_and_one_for_one_purpose_not_the_other(client, world, at):
    alert = confirmed(at)
    token = alerts.ENDING.token(alert.public_id)
    for path in (f"confirm/{token}", f"of/{alerts.CONFIRMING.token(alert.public_id)}", f"of/{alert.public_id}"):
        assert client.get(f"/vehicle/alerts/{path}/").status_code == 404
        assert client.post(f"/vehicle/alerts/{path}/").status_code == 404
    assert Alert.objects.count() == 1


def test_nothing_is_sent_before_it_is_confirmed(client, world):
    ask(client)
    world.stock(3)
    assert telling.tell(at=timezone.now()) == 0


def test_what_changed_between_asking_and_confirming_is_told(client, world, mail_server):
    ask(client)
    world.stock(3)
    client.post(link_in(mails(mail_server)[0]))
    assert telling.tell(at=timezone.now()) == 1


def test_good_news_is_told_at_once_and_bad_news_once_a_day(world, at):
    alert = confirmed(at)
    world.stock(3)
    assert telling.tell(at=at) == 1
    world.stock(0)
    assert telling.tell(at=at + timedelta(hours=23)) == 0
    assert telling.tell(at=at + timedelta(hours=24)) == 1
    world.stock(3)
    assert telling.tell(at=at + timedelta(hours=24, minutes=1)) == 1
    assert telling.tell(at=at + timedelta(days=9)) == 0
    assert [row.subject.partition(":")[0] for row in emails(kind="alert.changed")] == [
        "Your car can be repaired now",
        "Your car is waiting for one part that nobody has today.",
        "Your car can be repaired now",
    ]
    alert.refresh_from_db()
    assert (alert.told, alert.settled_at) == ("repairable", at + timedelta(hours=24, minutes=1))


def test_losing_sight_of_a_car_is_no_news_and_finding_it_as_it_was_is_none(world, at):
    confirmed(at)
    world.supplier.confirmed_at = at - timedelta(days=9)
    world.supplier.save()
    world.decide()
    assert telling.tell(at=at) == 0
    world.supplier.confirmed_at = at
    world.supplier.save()
    world.decide()
    assert telling.tell(at=at) == 0


def test_a_car_whose_new_test_is_not_decided_yet_is_not_called_repairable(world, at):
    world.vehicle("AA91BBB")
    world.decide()
    vehicle = Vehicle.objects.get(registration="AA91BBB")
    Alert.objects.create(email=EMAIL, vehicle=vehicle, told="blocked", created_at=at, confirmed_at=at)
    world.vehicle("AA91BBB", SPRING)

    assert telling.tell(at=at) == 0

    world.decide()
    assert telling.tell(at=at) == 0, "it is blocked, as its owner knows"


def test_the_answer_is_of_the_place_asked_from(world, at):
    confirmed(at, region=11)  # Northern Ireland, where nobody delivers
    confirmed(at, email="bob@example.com")
    world.shelf.branch.reach = 1 << 4 | 1 << 12
    world.shelf.branch.save()

    world.stock(3)

    assert telling.tell(at=at) == 1
    assert emails(kind="alert.changed")[0].to == "bob@example.com"


def test_a_car_that_lost_its_plate_is_not_told_of(world, at):
    confirmed(at)
    Vehicle.objects.update(registration=None)
    world.stock(3)
    assert telling.tell(at=at) == 0


def test_addresses_go_by_themselves(world, at):
    def left(**fields):
        Alert.objects.all().delete()
        confirmed(at, **fields)
        return lambda **after: (alerts.forget(at=at + timedelta(**after)), Alert.objects.count())

    unconfirmed = left()
    Alert.objects.update(confirmed_at=None)
    assert unconfirmed(hours=47) == (0, 1)
    assert unconfirmed(hours=49) == (1, 0)
    settled = left(settled_at=at)
    assert settled(days=14) == (0, 1)
    assert settled(days=14, seconds=1) == (1, 0)
    waiting = left()
    assert waiting(days=183) == (0, 1)
    assert waiting(days=183, seconds=1) == (1, 0)


def test_a_link_to_confirm_ends_after_two_days(client, world, mail_server, time_machine):
    ask(client)
    link = link_in(mails(mail_server)[0])
    time_machine.move_to(timezone.now() + timedelta(hours=49))
    assert client.get(link).status_code == 404
    assert client.post(link).status_code == 404


def test_an_address_goes_with_its_car(world, at):
    confirmed(at)
    Vehicle.objects.get(registration=PLATE).delete()
    assert not Alert.objects.exists()


def test_nothing_personal_is_shown_by_a_row_or_an_error(world, at):
    assert EMAIL not in str(confirmed(at))
    assert PLATE not in str(Alert.objects.get())
    with pytest.raises(NotFoundError, match="We do not know"):
        alerts.ask(email=EMAIL, registration="AB91ZZZ", postcode="", language="en-gb", address="198.51.100.1", at=at)
    with pytest.raises(DomainError) as error:
        alerts.ask(email="x", registration=PLATE, postcode="", language="en-gb", address="198.51.100.1", at=at)
    assert error.value.code == "bad_email"


def test_the_form_is_where_something_stands_in_the_way_and_nowhere_else(client, world):
    world.stock(3)
    assert b"Tell me when it changes" not in client.post("/vehicle/", {"registration": PLATE}).content
    assert client.get("/vehicle/alerts/").url == "/vehicle/"
