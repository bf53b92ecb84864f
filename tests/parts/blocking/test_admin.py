from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from garagehub.accounts.models import User
from garagehub.lib.geography import ALL_REGIONS, mask
from parts.blocking.decide import decide, drain
from parts.blocking.models import BlockChange, Override, RepairStatus
from parts.marks.models import Dirty
from tests.parts.blocking.builders import sell_out, town

pytestmark = pytest.mark.django_db

DERIVED = ["repairstatus", "blockchange", "partavailability", "readiness", "engineclock", "dirty"]


@pytest.fixture
def admin(client, django_user_model):
    user = django_user_model.objects.create_superuser(email="admin@example.org", password="correct horse")
    client.force_login(user)
    return client


def word(here, **fields):
    values = {
        "kind": "part_unobtainable",
        "part": here.part.pk,
        "repair": "",
        "regions_ticked": list(range(12)),
        "reason": "Withdrawn by the maker",
        "expires_at_0": (timezone.now() + timedelta(days=3)).date().isoformat(),
        "expires_at_1": "12:00:00",
    }
    return values | fields


@pytest.mark.parametrize("name", DERIVED)
def test_what_is_derived_can_be_looked_at_and_not_edited(admin, name):
    here = town()
    sell_out(here.offer)
    decide(at=timezone.now())
    sell_out(here.offer)

    assert admin.get(reverse(f"admin:parts_{name}_changelist")).status_code == 200
    assert admin.get(reverse(f"admin:parts_{name}_add")).status_code == 403


def test_a_status_shows_why_in_full(admin):
    here = town()
    sell_out(here.offer)
    decide(at=timezone.now())

    page = admin.get(reverse("admin:parts_repairstatus_change", args=[here.vehicle.pk])).content.decode()

    assert "Failed on: Nearside Front Coil spring fractured or broken" in page
    assert "LR 012345" in page


@pytest.mark.parametrize("name", ["repairstatus", "blockchange"])
def test_rows_are_filtered_by_one_reason_of_several(admin, name):
    here = town()
    model = {"repairstatus": RepairStatus, "blockchange": BlockChange}[name]
    fields = {
        "repairstatus": {"status": "blocked", "since": timezone.now()},
        "blockchange": {"old": "repairable", "new": "blocked", "at": timezone.now()},
    }[name]
    model.objects.create(vehicle=here.vehicle, reasons=1 | 16, **fields)
    url = reverse(f"admin:parts_{name}_changelist")

    assert admin.get(url, {"reason": "16"}).context["cl"].result_count == 1
    assert admin.get(url, {"reason": "2"}).context["cl"].result_count == 0


def test_a_word_said_in_the_admin_is_followed_by_the_next_drain(admin):
    here = town()
    decide(at=timezone.now())

    answer = admin.post(reverse("admin:parts_override_add"), word(here))

    assert answer.status_code == 302, answer.context["errors"]
    said = Override.objects.get()
    assert (said.regions, said.author.email) == (ALL_REGIONS, "admin@example.org")
    drain(at=timezone.now())
    assert RepairStatus.objects.get(vehicle=here.vehicle).status == "blocked"


def test_a_word_moved_to_another_region_marks_again_and_taken_back_too(admin):
    here = town()
    admin.post(reverse("admin:parts_override_add"), word(here))
    said = Override.objects.get()
    Dirty.objects.all().delete()

    admin.post(reverse("admin:parts_override_change", args=[said.pk]), word(here, regions_ticked=[0]))
    assert Override.objects.get().regions == mask(0)
    assert Dirty.objects.filter(kind="p", key=here.part.pk).exists()

    Dirty.objects.all().delete()
    admin.post(reverse("admin:parts_override_delete", args=[said.pk]), {"post": "yes"})
    assert not Override.objects.exists()
    assert Dirty.objects.filter(kind="p", key=here.part.pk).exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"part": ""}, "part"),
        ({"kind": "repair_impossible"}, "repair"),
        ({"expires_at_0": "2020-01-01"}, "expires_at"),
        ({"regions_ticked": []}, "regions_ticked"),
        ({"reason": ""}, "reason"),
    ],
)
def test_a_word_without_target_end_place_or_reason_is_refused(admin, fields, field):
    here = town()

    answer = admin.post(reverse("admin:parts_override_add"), word(here, **fields))

    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors
    assert not Override.objects.exists()


@pytest.mark.parametrize("name", ["repairstatus", "blockchange"])
def test_a_list_asks_as_many_questions_for_ten_rows_as_for_one(admin, name, django_assert_max_num_queries):
    here = town()
    sell_out(here.offer)
    decide(at=timezone.now())

    with django_assert_max_num_queries(16):
        admin.get(reverse(f"admin:parts_{name}_changelist"))


def test_only_staff_see_it(client):
    user = User.objects.create_user(email="garage@example.org", password="correct horse")
    client.force_login(user)

    assert client.get(reverse("admin:parts_repairstatus_changelist")).status_code == 302
