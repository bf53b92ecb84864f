"""Taking a supplier away: what goes with it, what stays, and who may."""

from __future__ import annotations

import contextlib

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.urls import reverse

from garagehub.lib.errors import DomainError
from garagehub.lib.lock import LockKind
from parts.catalogue.models import Part
from parts.feeds import suppliers
from parts.feeds.models import Feed, FeedRun
from parts.marks.models import Dirty
from parts.stock.models import Branch, Offer, OfferChange, Supplier
from tests.parts.feeds.conftest import make_feed, row, rows, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    client.force_login(get_user_model().objects.create_superuser(email="boss@example.org", password="correct horse"))
    return client


@pytest.fixture
def loaded(server, feed):
    """A feed that was read, beside another supplier's that has the same part."""
    server.snapshot(*rows(3), sequence=1)
    take(feed)
    take(make_feed(f"{server.url}/s", code="other"))
    Dirty.objects.all().delete()
    return feed


@contextlib.contextmanager
def being_read(feed):
    """Another session holds the feed, as a run under way does."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s, %s)", [int(LockKind.FEED), feed.pk])
        yield


def test_a_supplier_goes_with_all_it_said_and_its_parts_are_decided_again(loaded):
    listed = set(Offer.objects.filter(branch__supplier=loaded.supplier).values_list("part_id", flat=True))

    suppliers.remove_supplier(loaded.supplier)

    assert [supplier.code for supplier in Supplier.objects.all()] == ["other"]
    assert Offer.objects.count() == 3
    assert not FeedRun.objects.filter(feed_id=loaded.pk).exists()
    assert set(Dirty.objects.values_list("kind", "key")) == {("p", part) for part in listed}
    assert Part.objects.count() == 3
    assert OfferChange.objects.count() == 6


def test_a_supplier_is_not_taken_away_while_its_feed_is_read(feed):
    with being_read(feed), pytest.raises(DomainError) as refused:
        suppliers.remove_supplier(feed.supplier)

    assert refused.value.code == "feed_busy"
    assert Supplier.objects.exists()


def test_the_admin_sees_what_goes_by_count_before_it_goes(boss, loaded, django_assert_max_num_queries):
    address = reverse("admin:parts_supplier_delete", args=[loaded.supplier_id])
    with django_assert_max_num_queries(16):
        page = boss.get(address).content.decode()
    assert "Offers: 3" in page
    assert "Runs: 1" in page
    assert "disable its feed instead" in page

    boss.post(address, {"post": "yes"})

    assert not Supplier.objects.filter(pk=loaded.supplier_id).exists()
    assert Dirty.objects.exists()


def test_the_admin_is_told_when_the_feed_is_busy(boss, feed):
    with being_read(feed):
        page = boss.post(
            reverse("admin:parts_supplier_delete", args=[feed.supplier_id]), {"post": "yes"}, follow=True
        ).content.decode()

    assert "is being read. Try again when that is done." in page
    assert Supplier.objects.exists()


@pytest.mark.parametrize(("name", "model"), [("feed", Feed), ("branch", Branch)])
def test_feeds_and_branches_are_not_offered_for_deletion(boss, server, feed, name, model):
    server.snapshot(row(), sequence=1)
    take(feed)
    found = model.objects.get()

    address = reverse(f"admin:parts_{name}_delete", args=[found.pk])

    assert address not in boss.get(reverse(f"admin:parts_{name}_change", args=[found.pk])).content.decode()
    assert boss.post(address, {"post": "yes"}).status_code == 403
    assert model.objects.exists()


def test_many_suppliers_at_once_are_not_offered(boss, loaded):
    assert "delete_selected" not in boss.get(reverse("admin:parts_supplier_changelist")).content.decode()


def test_who_may_not_delete_suppliers_is_refused(client, loaded):
    address = reverse("admin:parts_supplier_delete", args=[loaded.supplier_id])
    assert client.post(address, {"post": "yes"}).status_code == 302
    client.force_login(
        get_user_model().objects.create_user(email="eve@example.org", password="correct horse", is_staff=True)
    )

    assert client.post(address, {"post": "yes"}).status_code == 403
    assert Supplier.objects.filter(pk=loaded.supplier_id).exists()
