"""The history of offers: by month, and what it answers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from garagehub.lib.months import months_of
from parts.catalogue.models import Brand, Part
from parts.stock import history
from parts.stock.models import Branch, Offer, OfferChange, Supplier

pytestmark = pytest.mark.django_db

NOW = datetime(2031, 1, 15, 9, 0, tzinfo=UTC)


@pytest.fixture
def branch() -> Branch:
    return Branch.objects.create(supplier=Supplier.objects.create(code="acme", name="Acme"), code="B1")


@pytest.fixture
def part() -> Part:
    return Part.objects.create(brand=Brand.objects.create(name="Land Rover", slug="land-rover"))


def partition_of(change: OfferChange) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM parts_offerchange WHERE id = %s", [change.pk])
        return str(cursor.fetchone()[0])


def test_rows_lie_in_the_partition_of_their_month_even_if_it_is_made_after_them(branch, part):
    early = OfferChange.objects.create(at=NOW, branch=branch, part=part)
    assert partition_of(early) == "parts_offerchange_default"

    history.keep_months(at=NOW)

    assert partition_of(early) == "parts_offerchange_2031_01"
    late = OfferChange.objects.create(at=datetime(2031, 3, 31, 23, 59, tzinfo=UTC), branch=branch, part=part)
    assert partition_of(late) == "parts_offerchange_2031_03"
    assert OfferChange.objects.count() == 2


def test_making_months_again_changes_nothing_and_old_ones_go(branch, part):
    history.keep_months(at=NOW)
    history.keep_months(at=NOW)
    OfferChange.objects.create(at=NOW, branch=branch, part=part)

    history.keep_months(at=NOW + timedelta(days=31 * 14))

    assert not OfferChange.objects.exists()
    assert date(2031, 1, 1) not in months_of("parts_offerchange")


def test_a_part_says_when_it_last_had_stock_and_how_often_its_date_slipped(branch, part):
    days = [
        {"quantity_before": 0, "quantity_after": 2, "availability_after": "in_stock"},
        {"quantity_before": 2, "quantity_after": 0, "availability_after": "on_backorder"},
        {"expected_on_before": date(2031, 1, 20), "expected_on_after": date(2031, 1, 25)},
        {"expected_on_before": date(2031, 1, 25), "expected_on_after": date(2031, 1, 22)},
        {"expected_on_before": date(2031, 1, 22), "expected_on_after": date(2031, 2, 2)},
    ]
    for number, values in enumerate(days):
        OfferChange.objects.create(at=NOW + timedelta(days=number), branch=branch, part=part, **values)

    found = history.part_histories([part.pk, 999], since=NOW)

    assert found == {part.pk: history.PartHistory(part.pk, NOW + timedelta(days=1), NOW + timedelta(days=4), 2)}


def moved(
    branch: Branch, part: Part, at: datetime, before: tuple[str | None, int | None], after: tuple[str, int | None]
):
    OfferChange.objects.create(
        at=at, branch=branch, part=part, availability_before=before[0], quantity_before=before[1],
        availability_after=after[0], quantity_after=after[1],
    )  # fmt: skip


def test_stock_by_day_is_counted_back_from_what_is_there_now(branch, part):
    Offer.objects.create(branch=branch, part=part, availability="in_stock", quantity=5, changed_at=NOW)
    moved(branch, part, NOW - timedelta(days=3), (None, None), ("out_of_stock", 9))  # what is out of stock is none
    moved(branch, part, NOW - timedelta(days=2), ("out_of_stock", 0), ("limited", None))  # not said: one
    moved(branch, part, NOW - timedelta(hours=1), ("limited", None), ("in_stock", 5))

    days = history.stock_by_day(part.pk, days=30, at=NOW)

    assert days == [
        (date(2031, 1, 12), 0),
        (date(2031, 1, 13), 1),
        (date(2031, 1, 14), 1),
        (date(2031, 1, 15), 5),
    ]
    assert history.stock_by_day(part.pk, days=1, at=NOW) == [(date(2031, 1, 15), 5)]


def test_a_part_without_changes_has_no_past_by_day(branch, part):
    Offer.objects.create(branch=branch, part=part, availability="in_stock", quantity=5, changed_at=NOW)

    assert history.stock_by_day(part.pk, days=30, at=NOW) == []
