"""Members of garages who want an e-mail: who may have it, one for however many changes, once, and how it ends."""

import re
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from dealers import team
from dealers.models import Membership
from garagehub.outbox import delivery
from parts.notices import digests, letters, telling, watches
from parts.notices.models import Digest
from tests.factories import bearer, dealer, emails, member, user
from tests.parts.lookup.world import SPRING

PAGE = "/garage/watches/mail/"


@pytest.fixture
def ada(garage):
    return member(garage, role="owner")


def written():
    return emails(kind="watches.changed")


def choose(who, do="on"):
    client = Client()
    if who:
        client.force_login(who)
    return client.post(PAGE, {"do": do, "from": "parts"})


def test_nobody_is_written_to_who_did_not_ask(world, garage, ada, at):
    watches.watch_vehicles(garage, ["AA91AAA"], at=at)
    world.stock(1)
    assert telling.tell(at=at) == 0
    assert written() == []


def test_one_message_tells_of_all_that_changed_and_of_no_plate(world, garage, ada, at):
    digests.turn_on(ada, garage, at=at)
    plates = ["AA91BBB", "AA91CCC"]
    for plate in plates:
        world.vehicle(plate, SPRING)
    world.decide()
    watches.watch_vehicles(garage, ["AA91AAA", *plates], note="Job 7", at=at)
    watches.watch_parts(garage, ["LR123456"], at=at)
    world.stock(2)

    assert telling.tell(at=at) == 1

    [letter] = written()
    assert (letter.to, letter.subject) == (ada.email, "Corner Garage: 4 changes to what you watch")
    assert "- BBB, Land Rover Range Rover Evoque (Job 7): Can be repaired (before: blocked)" in letter.text
    assert "- LR123456, Coil spring, front: Can be had (before: nobody can send it)" in letter.text
    assert "http" in letter.text
    for plate in ("AA91AAA", *plates):
        assert plate not in letter.text + letter.subject + str(letter.headers)


def test_each_change_is_told_once_and_a_change_back_is_news_again(world, garage, ada, at):
    digests.turn_on(ada, garage, at=at)
    watches.watch_vehicles(garage, ["AA91AAA"], at=at)
    world.stock(1)
    assert [telling.tell(at=at), telling.tell(at=at)] == [1, 0]
    world.stock(0)
    assert [telling.tell(at=at), telling.tell(at=at)] == [1, 0]
    assert [letter.subject for letter in written()] == ["Corner Garage: 1 change to what you watch"] * 2


@pytest.mark.parametrize("step", ["queue_emails", "_rows"])
def test_a_teller_that_dies_writes_no_letter_twice_and_loses_none(world, ada, at, die_telling, step):
    garage = ada.dealers.get()
    digests.turn_on(ada, garage, at=at)
    watches.watch_vehicles(garage, ["AA91AAA"], at=at)
    world.stock(1)
    die_telling(step)
    assert written() == []

    assert [telling.tell(at=at), telling.tell(at=at)] == [1, 0]
    assert len(written()) == 1


def test_a_list_too_long_for_a_letter_says_how_many_more(world, garage, ada, at, monkeypatch):
    monkeypatch.setattr(letters, "MOST_IN_LETTER", 2)
    digests.turn_on(ada, garage, at=at)
    plates = ["AA91AAA", *(f"AA91{letter}XX" for letter in "BCD")]
    for plate in plates[1:]:
        world.vehicle(plate, SPRING)
    world.decide()
    watches.watch_vehicles(garage, plates, at=at)
    world.stock(1)
    telling.tell(at=at)
    [letter] = written()
    assert len(re.findall("^- .*before", letter.text, re.MULTILINE)) == 2
    assert "- and 2 more" in letter.text


def test_only_who_works_there_and_may_sign_in_is_written_to(world, garage, ada, at):
    mate, shut, gone = (member(garage) for _ in range(3))
    stranger = member(dealer(region=4), role="owner")
    for who in (ada, mate, shut, gone):
        digests.turn_on(who, garage, at=at)
    digests.turn_on(stranger, stranger.dealers.get(), at=at)
    type(shut).objects.filter(pk=shut.pk).update(is_active=False)
    team.remove(dealer=garage, public_id=gone.public_id, by=ada, at=at)
    watches.watch_vehicles(garage, ["AA91AAA"], at=at)
    world.stock(1)

    telling.tell(at=at)

    assert [letter.to for letter in written()] == sorted([ada.email, mate.email])
    assert not Digest.objects.filter(membership__user=gone).exists()
    type(garage).objects.filter(pk=garage.pk).update(is_active=False)
    world.stock(0)
    assert telling.tell(at=at) == 0, "a garage that was closed"


def test_each_chooses_for_themselves(world, garage, ada):
    mate, stranger = member(garage), member(dealer(), role="owner")

    assert choose(ada).url == "/garage/watches/parts/"
    assert [digests.is_on(who, garage) for who in (ada, mate)] == [True, False]
    choose(mate), choose(stranger), choose(mate, "off")
    assert [digests.is_on(who, garage) for who in (ada, mate, stranger)] == [True, False, False]
    assert Membership.objects.get(digest__isnull=False, dealer=garage).user == ada
    assert choose(user()).status_code == 403
    assert choose(None).url.startswith("/sign-in/")
    assert Client().post(PAGE, {"do": "on"}, headers=bearer(garage)).url.startswith("/sign-in/"), "a key is nobody"
    assert Digest.objects.count() == 2


def test_the_page_says_whether_and_where_to(world, garage, ada, client):
    client.force_login(ada)
    for page in ("/garage/watches/", "/garage/watches/parts/"):
        assert b"E-mail me when a watched car or part changes" in client.get(page).content
    answer = client.post(PAGE, {"do": "on"}, follow=True)
    assert answer.redirect_chain == [("/garage/watches/", 302)]
    assert f"We e-mail {ada.email}" in answer.content.decode()
    assert b"We no longer e-mail you" in client.post(PAGE, {"do": "off"}, follow=True).content
    assert not Digest.objects.exists()


def test_a_letter_is_left_with_one_press_by_a_mail_program_and_by_hand(world, ada, client, mail_server, at):
    garage = ada.dealers.get()
    digests.turn_on(ada, garage, at=at)
    watches.watch_vehicles(garage, ["AA91AAA"], at=at)
    world.stock(1)
    telling.tell(at=timezone.now())
    delivery.deliver_mail(at=timezone.now())
    [mail] = mail_server.mails(ada.email)
    assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    target = urlsplit(mail["headers"]["List-Unsubscribe"].strip("<>")).path
    assert target in mail["text"]
    for _ in range(2):  # a scanner of mails follows links
        page = client.get(target)
        assert (
            f"We write to {ada.email} when a car or part that Corner Garage watches changes." in page.content.decode()
        )
        assert "no-store" in page["Cache-Control"]
    assert digests.is_on(ada, garage)
    mail_program = Client(enforce_csrf_checks=True)
    assert mail_program.post(target, {"List-Unsubscribe": "One-Click"}).status_code == 200, "RFC 8058: no redirect"
    assert not Digest.objects.exists()
    assert mail_program.post(target).status_code == 200
    assert client.get(target).status_code == 404
    assert client.get(f"{PAGE}{'x' * 30}/").status_code == 404
