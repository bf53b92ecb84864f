"""Pages that need both apps, at their edges: errors, moved addresses, the board without anything to show."""

from __future__ import annotations

import pytest
from django.test import Client, RequestFactory

from garagehub.accounts.models import User
from garagehub.web import views


@pytest.fixture
def admin(db) -> User:
    return User.objects.create_superuser(email="admin@example.org", password="a long enough password")


@pytest.mark.django_db
def test_an_empty_site_says_so_and_not_that_all_is_well(client: Client):
    page = client.get("/").content.decode()

    assert "No dealer is being watched yet." in page
    assert "We hold no car that failed its MOT." in page
    assert "Demonstration data" not in page


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused_in_words():
    answer = Client(enforce_csrf_checks=True).post("/vehicle/", {"registration": "AA19AAA"})

    assert answer.status_code == 403
    assert "This form was open for too long" in answer.content.decode()


def test_the_apology_needs_no_database_and_shows_no_trace():
    answer = views.server_error(RequestFactory().get("/"))

    assert answer.status_code == 500
    assert "Sorry, something went wrong on our side" in answer.content.decode()


def test_the_api_apologises_as_problem_json():
    answer = views.server_error(RequestFactory().get("/api/v1/dealers"))

    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/garage/parts/", "/garage/cars/"])
def test_whoever_comes_back_from_signing_in_lands_on_the_workbench(client: Client, admin: User, path):
    client.force_login(admin)

    assert client.get(path).headers["Location"] == "/garage/"


@pytest.mark.django_db
def test_an_account_without_a_garage_is_told_what_to_do(client: Client, admin: User):
    client.force_login(admin)
    answer = client.get("/garage/")

    assert answer.status_code == 403
    assert "Your account belongs to no garage yet" in answer.content.decode()


@pytest.mark.django_db
def test_ten_wrong_passwords_are_enough_for_a_while(client: Client, admin: User):
    wrong = {"username": admin.email, "password": "wrong"}
    for _ in range(10):
        assert client.post("/sign-in/", wrong).status_code == 200

    answer = client.post("/sign-in/", wrong | {"password": "a long enough password"})
    assert answer.status_code == 429
    assert "Wait 15 minutes" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/vehicle/", "/dealers/", "/incidents/", "/.well-known/security.txt"])
def test_a_monitor_that_asks_for_headers_only_gets_them(client: Client, path):
    assert client.head(path).status_code == 200
