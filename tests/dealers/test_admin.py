"""The admin: every list and form opens, actions do what they say, nothing secret is shown."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from dealers import access, evidence, incidents, maintenance
from dealers.models import (
    ApiKey,
    Dealer,
    Evidence,
    Incident,
    IncidentRule,
    Maintenance,
    Notice,
    Probe,
    SourceRecord,
    Status,
    Suggestion,
    UpdateTemplate,
)
from garagehub.accounts.models import User
from tests.factories import dealer, make, member, user

pytestmark = pytest.mark.django_db
MODELS = [model for model in admin.site._registry if model._meta.app_label in {"dealers", "accounts"}]


@pytest.fixture(autouse=True)
def _signed_in(client):
    client.force_login(user(is_staff=True, is_superuser=True))


@pytest.fixture
def world():
    here = dealer()
    member(here)
    access.create_api_key(dealer=here, name="PC")
    Probe.objects.create(dealer=here, system="diagnostics", url="http://127.0.0.1:1/", is_internal=True)
    SourceRecord.objects.create(source="garage:A")
    Notice.objects.create(make=make(), claim="down", text="Shut.")
    at = timezone.now()
    outage = incidents.start(title="Outage", body="Text", at=at, make=make(), systems=["diagnostics"])
    maintenance.plan(title="Work", body="Text", scheduled_for=at, scheduled_until=at + timedelta(hours=1), at=at)
    IncidentRule.objects.create(share=0.5)
    Suggestion.objects.create(make=make(), system="diagnostics", incident=outage, opened_at=at)
    UpdateTemplate.objects.create(name="Begin", stage="identified", body="{systems} at {make} in {regions}")
    claim = evidence.Claim(
        dealer_id=here.pk, system="diagnostics", kind="dealer", source="dealer", claim="down", observed_at=at
    )
    evidence.record([claim])
    evidence.recompute(at=at)
    return here


def act(client, model, action, *rows):
    url = reverse(f"admin:dealers_{model._meta.model_name}_changelist")
    answer = client.post(url, {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_every_model_is_registered():
    names = {model.__name__ for model in MODELS}
    assert {"Dealer", "ApiKey", "Probe", "Evidence", "Status", "StatusChange", "Incident", "Notice", "User"} <= names


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_list_search_and_form_opens(client, world, model):
    name = f"{model._meta.app_label}_{model._meta.model_name}"
    changelist = reverse(f"admin:{name}_changelist")
    assert client.get(changelist).status_code == 200
    if admin.site._registry[model].search_fields:
        assert client.get(changelist, {"q": "a"}).status_code == 200
    row = model.objects.first()
    assert row is not None
    assert client.get(reverse(f"admin:{name}_change", args=[row.pk])).status_code == 200
    assert client.get(reverse(f"admin:{name}_add")).status_code in {200, 403}


def test_no_page_shows_a_hash_of_a_key(client, world):
    digest = ApiKey.objects.get().digest
    for url in (
        reverse("admin:dealers_apikey_change", args=[ApiKey.objects.get().pk]),
        reverse("admin:dealers_apikey_changelist"),
        reverse("admin:dealers_dealer_change", args=[world.pk]),
    ):
        assert digest not in client.get(url).content.decode()


def test_the_dealers_list_takes_a_fixed_number_of_queries(client, world, django_assert_max_num_queries):
    for _ in range(9):
        dealer("LAND ROVER", "JAGUAR")
    with django_assert_max_num_queries(12):
        client.get(reverse("admin:dealers_dealer_changelist"))


def test_judging_again_and_checking_now(client, world):
    Status.objects.all().delete()
    assert "statuses changed" in act(client, Dealer, "judge_again", world)
    assert Status.objects.get(system="diagnostics").state == "down"
    assert "1 checks ran" in act(client, Dealer, "probe_now", world)
    assert "1 checks ran" in act(client, Probe, "probe_now", Probe.objects.get())


def test_discarding_a_false_claim(client, world):
    Notice.objects.all().delete()
    act(client, Evidence, "discard", Evidence.objects.get(kind="dealer"))
    assert Status.objects.get(dealer=world, system="diagnostics").state == "unknown"


def test_withdrawing_a_notice(client, world):
    act(client, Notice, "withdraw", Notice.objects.get())
    assert Notice.objects.get().withdrawn_at is not None
    assert Status.objects.get(dealer=world, system="warranty").state == "unknown"


def test_revoking_a_key(client, world):
    act(client, ApiKey, "revoke", ApiKey.objects.get())
    assert ApiKey.objects.get().revoked_at is not None


def test_publishing_and_resolving_incidents(client):
    draft = incidents.start(title="Draft", body="Text", at=timezone.now(), is_published=False)
    act(client, Incident, "publish", draft)
    assert incidents.current() == [draft]
    act(client, Incident, "resolve", draft)
    draft.refresh_from_db()
    assert draft.stage == "resolved"
    assert draft.resolved_at is not None


def test_an_update_in_the_admin_moves_the_incident(client):
    incident = incidents.start(title="Outage", body="Text", at=timezone.now())
    form = {
        "title": "Outage",
        "slug": incident.slug,
        "impact": "major",
        "started_at_0": "2026-03-02",
        "started_at_1": "09:00",
        "is_published": "on",
        "updates-TOTAL_FORMS": "1",
        "updates-INITIAL_FORMS": "0",
        "updates-0-stage": "resolved",
        "updates-0-body": "Over.",
    }
    answer = client.post(reverse("admin:dealers_incident_change", args=[incident.pk]), form)
    assert answer.status_code == 302, answer.context["adminform"].errors
    incident.refresh_from_db()
    assert incident.stage == "resolved"
    assert incident.updates.count() == 2


def post_update(client, incident, **sent):
    form = {
        "title": incident.title,
        "slug": incident.slug,
        "impact": "major",
        "started_at_0": "2026-03-02",
        "started_at_1": "09:00",
        "systems": "diagnostics",
        "make": incident.make_id,
        "updates-TOTAL_FORMS": "1",
        "updates-INITIAL_FORMS": "0",
        **{f"updates-0-{name}": value for name, value in sent.items()},
    }
    return client.post(reverse("admin:dealers_incident_change", args=[incident.pk]), form)


def test_an_update_may_start_from_a_template(client, world):
    incident, template = Incident.objects.get(), UpdateTemplate.objects.get(name="Begin")
    assert post_update(client, incident, start_from=template.pk).status_code == 302
    update = incident.updates.order_by("-pk").first()
    assert update.stage == "identified"
    assert update.body == "diagnostics at Land Rover in the whole United Kingdom"


def test_an_update_without_text_or_template_is_refused(client, world):
    assert post_update(client, Incident.objects.get(), stage="identified").status_code == 200
    assert Incident.objects.get().updates.count() == 1


def test_calling_work_off(client, world):
    work = Maintenance.objects.get()
    act(client, Maintenance, "cancel", work)
    assert Maintenance.objects.get().cancelled_at is not None


def work_form(**extra):
    return {
        "title": "Work",
        "scheduled_for_0": "2027-03-02",
        "scheduled_for_1": "09:00",
        "scheduled_until_0": "2027-03-02",
        "scheduled_until_1": "11:00",
        "is_published": "on",
        "updates-TOTAL_FORMS": "1",
        "updates-INITIAL_FORMS": "0",
    } | extra


def test_new_times_in_the_admin_have_calendars_follow(client, world):
    work = Maintenance.objects.get()
    form = work_form(**{"updates-0-stage": "scheduled", "updates-0-body": "Later."})
    answer = client.post(reverse("admin:dealers_maintenance_change", args=[work.pk]), form)
    assert answer.status_code == 302, answer.context["errors"]
    assert Maintenance.objects.get().sequence == 1
    assert work.updates.count() == 2


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({}, ["The planned time has changed."]),
        ({"systems": ["warranty"]}, ["The planned time has changed. What this concerns has changed."]),
        ({"updates-0-stage": "scheduled", "updates-0-body": "Later."}, ["Later."]),
    ],
)
def test_what_is_edited_in_the_admin_without_a_word_is_said_in_a_standard_one(client, world, extra, said):
    work = Maintenance.objects.get()
    client.post(reverse("admin:dealers_maintenance_change", args=[work.pk]), work_form(**extra))
    assert list(work.updates.order_by("pk").values_list("body", flat=True)) == ["Text", *said]
    again = work_form(**{name: value for name, value in extra.items() if not name.startswith("updates")})
    client.post(reverse("admin:dealers_maintenance_change", args=[work.pk]), again | {"title": "New title"})
    assert work.updates.count() == 2, "nothing that readers have to know was edited"


def test_work_made_in_the_admin_is_announced(client, world):
    client.post(reverse("admin:dealers_maintenance_add"), work_form(title="Another"))
    assert Maintenance.objects.get(title="Another").updates.get().body == "This is planned."


def test_the_list_of_incidents_says_what_works_again(client, world):
    incident = Incident.objects.get()
    shown = admin.site._registry[Incident]

    def works_again():
        row = shown.get_queryset(None).get(pk=incident.pk)
        return shown.works_again(row)

    assert works_again() is False
    Suggestion.objects.update(ended_at=timezone.now())
    assert works_again() is True
    incidents.resolve_all([incident], at=timezone.now())
    assert works_again() is None


def test_a_dealer_without_coordinates_gets_the_middle_of_its_postcode_area(client):
    form = {"code": "ABC12", "slug": "abc", "name": "Abc", "kind": "franchised", "region": "4", "postcode": "LE4 2BN"}
    for prefix in ("statuses", "memberships", "probes", "api_keys"):
        form |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    answer = client.post(reverse("admin:dealers_dealer_add"), form)
    assert answer.status_code == 302, answer.context["errors"]
    assert Dealer.objects.get(code="ABC12").latitude == pytest.approx(52.63)


def test_a_person_is_added_by_e_mail_address(client):
    form = {
        "email": "new@example.com",
        "name": "New",
        "usable_password": "true",
        "password1": "long enough 42",
        "password2": "long enough 42",
    }
    answer = client.post(reverse("admin:accounts_user_add"), form)
    assert answer.status_code == 302, answer.context["errors"]
    assert User.objects.get(email="new@example.com").check_password("long enough 42")


def test_one_click_puts_a_text_into_the_next_update_and_nothing_is_sent_yet(client, world):
    incident, template = Incident.objects.get(), UpdateTemplate.objects.get(name="Begin")
    url = reverse("admin:dealers_incident_change", args=[incident.pk])
    assert f"?text={template.pk}" in client.get(url).content.decode()
    page = client.get(f"{url}?text={template.pk}").content.decode()
    assert "diagnostics at Land Rover in the whole United Kingdom" in page
    assert incident.updates.count() == 1
    assert post_update(client, incident, stage="identified", body="As it stood.").status_code == 302
    assert incident.updates.count() == 2


def test_what_works_again_is_offered_a_last_word(client, world):
    incident = Incident.objects.get()
    url = reverse("admin:dealers_incident_change", args=[incident.pk])
    assert "?text=restored" not in client.get(url).content.decode()
    incident.suggestions.update(ended_at=timezone.now())
    assert "?text=restored" in client.get(url).content.decode()
    page = client.get(f"{url}?text=restored").content.decode()
    assert "This looks restored at most dealers we hear from: diagnostics." in page
    assert incident.updates.count() == 1


@pytest.mark.parametrize("chosen", ["0", "x", "99999999999999999999"])
def test_a_text_that_is_not_there_leaves_the_form_empty(client, world, chosen):
    url = reverse("admin:dealers_incident_change", args=[Incident.objects.get().pk])
    assert client.get(f"{url}?text={chosen}").status_code == 200


def test_a_post_mortem_before_the_end_is_refused_with_a_word(client, world):
    incident = Incident.objects.get()
    answer = post_update(client, incident, stage="postmortem", body="Why it broke.")
    assert "Resolve the incident first" in answer.content.decode()
    incidents.resolve(incident, body="Over.", at=timezone.now())
    assert post_update(client, incident, stage="postmortem", body="Why it broke.").status_code == 302
    assert Incident.objects.get().stage == "postmortem"


def test_completing_a_wave_says_that_its_systems_are_back(client, world):
    work = Maintenance.objects.get()
    Maintenance.objects.update(incident=Incident.objects.get())
    act(client, Maintenance, "complete", work)
    assert Maintenance.objects.get().stage == "completed"
    assert Notice.objects.get(wave=work).claim == "operational"


def test_a_scope_is_ticked_not_typed(client, world):
    incident = Incident.objects.get()
    url = reverse("admin:dealers_incident_change", args=[incident.pk])
    page = client.get(url).content.decode()
    assert page.count('type="checkbox" name="systems"') == 7
    assert page.count('type="checkbox" name="regions"') == 13
    form = {
        "title": "Outage", "slug": incident.slug, "impact": "major", "is_published": "on",
        "started_at_0": "2026-03-02", "started_at_1": "09:00",
        "systems": ["warranty", "diagnostics"], "regions": ["4", "0"],
        "updates-TOTAL_FORMS": "0", "updates-INITIAL_FORMS": "0",
    }  # fmt: skip
    assert client.post(url, form).status_code == 302
    incident.refresh_from_db()
    assert (incident.systems, incident.regions) == (["warranty", "diagnostics"], [4, 0])
    assert "Select a valid choice" in client.post(url, form | {"regions": ["99"]}).content.decode()
