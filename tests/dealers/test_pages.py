"""Pages about dealers and incidents, as their readers meet them."""

from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from dealers import evidence, incidents, maintenance
from dealers.models import Evidence, Status, System
from tests.dealers.statuspage.told import planned
from tests.factories import dealer, make, member, user

pytestmark = pytest.mark.django_db


def set_state(where, state, *, system="diagnostics"):
    at = timezone.now()
    claim = evidence.Claim(
        dealer_id=where.pk, system=system, kind="dealer", source="dealer", claim=state, observed_at=at
    )
    evidence.record([claim])
    evidence.recompute([where.pk], at=at)


def text_of(answer, status=200):
    assert answer.status_code == status
    return unescape(answer.content.decode())


def test_the_list_shows_every_dealer_with_a_word_for_every_system(client):
    here = dealer(name="Amberquill Leicester", town="Leicester")
    dealer(name="Hidden", is_active=False)
    set_state(here, "down")
    page = text_of(client.get("/dealers/"))
    assert "Amberquill Leicester" in page
    assert "Hidden" not in page
    assert page.count("Not working") >= 1
    assert page.count("not known") >= len(System) - 1


def test_what_goes_to_and_fro_is_said_to_work_on_and_off(client):
    here = dealer()
    set_state(here, "degraded")
    Status.objects.filter(dealer=here).update(is_unstable=True)
    assert "on and off" in text_of(client.get("/dealers/"))
    page = text_of(client.get(here.get_absolute_url()))
    assert "Works on and off at this dealer: diagnostics." in page
    assert page.count("Works on and off") >= 2
    said = client.get(f"/api/v1/dealers/{here.code}").json()["systems"]["diagnostics"]
    assert (said["status"], said["is_unstable"]) == ("degraded", True)


def test_the_lists_filters_live_in_the_address(client):
    dealer("JAGUAR", name="Cats", region=0)
    dealer("LAND ROVER", name="Dogs", region=4)
    assert "Dogs" not in text_of(client.get("/dealers/?make=jaguar"))
    assert "Cats" not in text_of(client.get("/dealers/?region=east-midlands&make=&near="))


def test_a_filter_nobody_knows_is_explained_and_the_list_still_shown(client):
    dealer(name="Cats")
    page = text_of(client.get("/dealers/?near=nowhere"), 400)
    assert "Enter a UK postcode" in page
    assert "Cats" in page


def test_a_list_without_a_match_says_what_to_do(client):
    assert "No dealer matches" in text_of(client.get("/dealers/?region=scotland"))


def test_an_htmx_request_gets_only_the_list(client):
    dealer()
    page = text_of(client.get("/dealers/", headers={"HX-Request": "true"}))
    assert "<html" not in page
    assert "<table" in page


def test_the_list_takes_a_fixed_number_of_queries(client, django_assert_max_num_queries):
    for _ in range(8):
        set_state(dealer("LAND ROVER", "JAGUAR"), "down")
    with django_assert_max_num_queries(7):
        client.get("/dealers/")


def test_a_dealers_page_says_first_what_does_not_work_then_why(client):
    here = dealer(phone="01632 960123")
    set_state(here, "operational", system="warranty")
    set_state(here, "down")
    set_state(here, "down", system="programming")
    page = text_of(client.get(f"/dealers/{here.slug}/"))
    assert "Not working at this dealer: diagnostics and programming." in page
    assert "The dealer" in page
    assert "points" in page
    assert "tel:01632960123" in page
    assert "What changed" in page


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        ({}, "we cannot say whether they work"),
        (dict.fromkeys(System.values, "operational"), "Everything works at this dealer."),
        ({"warranty": "operational"}, "What we know of works. We cannot say about:"),
        ({"warranty": "degraded"}, "Only partly working at this dealer: warranty."),
    ],
)
def test_the_first_sentence_never_calls_unknown_fine(client, states, sentence):
    here = dealer()
    for system, state in states.items():
        set_state(here, state, system=system)
    assert sentence in text_of(client.get(f"/dealers/{here.slug}/"))


def test_a_hidden_dealer_has_no_page(client):
    hidden = dealer(is_active=False)
    assert client.get(f"/dealers/{hidden.slug}/").status_code == 404
    assert client.get("/dealers/none/").status_code == 404


def test_notes_of_reporters_are_not_shown(client):
    here = dealer()
    client.force_login(member(here))
    send(client, here, note="ask Pat")
    client.logout()
    assert "ask Pat" not in text_of(client.get(f"/dealers/{here.slug}/"))


def send(client, where, *, works="no", garage=None, follow=False, **extra):
    body = {"answer": f"diagnostics:{works}", "note": "", "garage": (garage or where).code} | extra
    return client.post(f"/dealers/{where.slug}/report/", body, follow=follow)


@pytest.mark.parametrize("role", ["owner", "member"])
def test_owner_and_team_mate_report_and_see_it_at_once(client, role):
    here = dealer()
    client.force_login(member(here, role=role))
    assert "shown at once as its own word" in text_of(client.get(f"/dealers/{here.slug}/"))
    page = text_of(send(client, here, follow=True))
    assert "Diagnostics at this dealer: not working." in page
    assert "Not working at this dealer: diagnostics." in page


def test_a_strangers_report_counts_as_another_garages(client):
    here, elsewhere = dealer(), dealer()
    set_state(here, "operational")
    client.force_login(member(elsewhere))
    page = text_of(send(client, here, garage=elsewhere, follow=True))
    assert "Diagnostics at this dealer: working." in page
    assert Evidence.objects.get(kind="garage").source == f"garage:{elsewhere.code}"


def test_a_stranger_cannot_speak_for_the_dealer(client):
    here = dealer()
    client.force_login(member(dealer()))
    assert send(client, here, garage=here).status_code == 400
    assert not Evidence.objects.exists()


def test_a_person_without_a_garage_reports_as_the_public_does(client):
    here = dealer()
    client.force_login(user())
    assert "Add a note" not in text_of(client.get(f"/dealers/{here.slug}/"))
    send(client, here, garage=here)
    assert Evidence.objects.get().kind == "public"


def tell(client, where, answer="diagnostics:no", **extra):
    return client.post(f"/dealers/{where.slug}/report/", {"answer": answer, "website": ""} | extra, follow=True)


def test_anyone_reports_with_one_press_and_is_thanked_with_the_effect(client):
    here = dealer()
    assert "Does it not work for you?" in text_of(client.get(f"/dealers/{here.slug}/"))
    page = text_of(tell(client, here))
    assert "Thank you. Your report counts. Diagnostics at this dealer: not known." in page
    assert "The public alone does not change what we show" in page
    assert "You are the first to say so today." in page
    row = Evidence.objects.get()
    assert (row.kind, row.claim, row.note, row.reporter) == ("public", "down", "", None)


def test_the_effect_tells_before_after_and_how_many_say_the_same(client):
    here = dealer()
    own = member(here)
    client.force_login(own)
    send(client, here, works="yes")
    for other in (dealer(), dealer()):
        client.force_login(member(other))
        send(client, here, garage=other)
    client.force_login(own)
    page = text_of(send(client, here, follow=True))
    assert "Diagnostics at this dealer: not working. Before your report: working." in page
    assert "% sure." in page
    assert "You and 2 others say so today." in page


def test_the_public_is_told_plainly_when_it_has_said_enough(client, monkeypatch):
    monkeypatch.setattr("dealers.crowd.MOST_BY_ADDRESS", 1)
    here = dealer()
    tell(client, here)
    page = text_of(tell(client, here, "warranty:no"), 429)
    assert "Please try again in an hour." in page
    assert Evidence.objects.count() == 1


def test_what_fills_in_the_hidden_field_is_not_believed(client):
    page = text_of(tell(client, dealer(), website="http://spam.example"), 400)
    assert "looked like a machine" in page
    assert not Evidence.objects.exists()


@pytest.mark.parametrize("answer", ["", "diagnostics", "diagnostics:maybe", "brakes:no", "\0"])
def test_a_press_that_makes_no_sense_is_asked_again(client, answer):
    assert "beside a system" in text_of(tell(client, dealer(), answer), 400)
    assert not Evidence.objects.exists()


def test_a_garage_whose_session_ran_out_signs_in_again_and_is_not_taken_for_the_public(client):
    here = dealer()
    assert "Sign in to report for it" in text_of(client.get(f"/dealers/{here.slug}/"))
    answer = send(client, here)
    assert answer.status_code == 302
    assert "sign-in" in answer["Location"]
    assert not Evidence.objects.exists()


def test_whoever_signed_in_again_before_reporting_comes_to_the_form(client):
    here = dealer()
    client.force_login(member(here))
    response = client.get(f"/dealers/{here.slug}/report/")
    assert (response.status_code, response["Location"]) == (302, f"/dealers/{here.slug}/")


def test_a_report_without_an_answer_is_asked_again(client):
    here = dealer()
    client.force_login(member(here))
    page = text_of(send(client, here, works=""), 400)
    assert "Press “Works” or “Does not work” beside a system." in page


def test_incidents_show_what_is_going_on_first(client):
    at = timezone.now() - timedelta(hours=1)
    going_on = incidents.start(
        title="Ordering is down", body="We look.", at=at, make=make(), systems=["parts_ordering"]
    )
    over = incidents.start(title="Old trouble", body="We looked.", at=at - timedelta(days=9))
    incidents.resolve(over, body="Over.", at=at)
    incidents.start(title="Draft", body="Text", at=at, is_published=False)
    page = text_of(client.get("/incidents/"))
    assert "One incident is going on now." in page
    assert page.index("Ordering is down") < page.index("Old trouble")
    assert "Draft" not in page
    shown = text_of(client.get(going_on.get_absolute_url()))
    assert "Parts ordering" in shown
    assert "We look." in shown
    assert client.get("/incidents/none/").status_code == 404


def test_a_dealers_page_names_the_incidents_that_touch_it(client):
    here = dealer("JAGUAR")
    at = timezone.now()
    incidents.start(title="Cats are ill", body="Text", at=at, make=make("JAGUAR"))
    incidents.start(title="Dogs are ill", body="Text", at=at, make=make("LAND ROVER"))
    page = text_of(client.get(f"/dealers/{here.slug}/"))
    assert "Cats are ill" in page
    assert "Dogs are ill" not in page


def test_planned_work_is_told_before_it_begins(client):
    planned("Ordering is moved")
    page = text_of(client.get("/incidents/"))
    assert "Ordering is moved" in page
    assert "No diagnostics meanwhile." in page


def test_an_incidents_page_tells_in_which_waves_systems_come_back(client):
    outage = incidents.start(title="Outage", body="-", at=timezone.now())
    planned("First wave", incident=outage, regions=[5])
    planned("Elsewhere")
    page = text_of(client.get(outage.get_absolute_url()))
    assert "First wave" in page
    assert "West Midlands" in page
    assert "Elsewhere" not in page


def test_every_page_names_its_feeds(client):
    page = text_of(client.get("/incidents/"))
    assert '<link rel="alternate" type="application/atom+xml" href="/history.atom"' in page
    assert '<link rel="alternate" type="application/rss+xml" href="/history.rss"' in page


def test_an_incidents_page_shows_its_course_as_a_picture_and_as_a_table(client):
    here = dealer("JAGUAR")
    dealer("JAGUAR")
    outage = incidents.start(title="Outage", body="-", at=timezone.now() - timedelta(days=2), make=make("JAGUAR"))
    set_state(here, "down")
    page = text_of(client.get(outage.get_absolute_url()))
    assert (
        'aria-label="Diagnostics: at worst 1 not working, 1 not known; at the end 1 not working, 1 not known."' in page
    )
    assert "The same as a table" in page
    assert 'class="band-mark"' in page


def test_waves_show_how_far_they_are(client):
    dealer("JAGUAR", region=5)
    outage = incidents.start(title="Outage", body="-", at=timezone.now(), make=make("JAGUAR"))
    wave = planned("First wave", incident=outage, regions=[5], systems=["diagnostics"])
    planned("Second wave", incident=outage)
    maintenance.update(wave, stage="completed", body="All back.", at=timezone.now())
    page = text_of(client.get(outage.get_absolute_url()))
    assert "1 of 2 waves are done." in page
    assert "Works again, at least partly, at 1 of 1 dealer" in page


def test_a_post_mortem_stands_first_and_only_its_last_version(client):
    outage = incidents.start(title="Outage", body="-", at=timezone.now())
    incidents.resolve(outage, body="Over.", at=timezone.now())
    incidents.update(outage, stage="postmortem", body="An <b>intruder</b>.\n\nA second paragraph.", at=timezone.now())
    page = client.get(outage.get_absolute_url()).content.decode()
    assert "<p>An &lt;b&gt;intruder&lt;/b&gt;.</p>\n\n<p>A second paragraph.</p>" in page
    assert page.count("A second paragraph.") == 1


def test_a_makes_page_has_its_systems_their_course_and_its_incidents(client):
    set_state(dealer("JAGUAR"), "down")
    incidents.start(title="Cats are ill", body="-", at=timezone.now(), make=make("JAGUAR"))
    incidents.start(title="Dogs are ill", body="-", at=timezone.now(), make=make("LAND ROVER"))
    page = text_of(client.get("/makes/jaguar/?days=7"))
    assert "Cats are ill" in page
    assert "Dogs are ill" not in page
    assert "/dealers/?make=jaguar&system=diagnostics" in page
    assert client.get("/makes/jaguar/?days=nonsense").status_code == 200
    assert client.get("/makes/none/").status_code == 404


@pytest.mark.parametrize("address", ["/makes/jaguar/", "incident"])
def test_these_pages_take_a_fixed_number_of_queries(client, django_assert_max_num_queries, address):
    for _ in range(8):
        set_state(dealer("JAGUAR"), "down")
    outage = incidents.start(title="Outage", body="-", at=timezone.now(), make=make("JAGUAR"))
    for _ in range(3):
        planned("Wave", incident=outage)
    with django_assert_max_num_queries(16):
        client.get(outage.get_absolute_url() if address == "incident" else address)


@pytest.mark.parametrize("at_garage", [True, False])
def test_who_said_that_it_is_down_is_asked_whether_it_works_again(client, at_garage):
    here = dealer()
    client.force_login(member(here))
    send(client, here)
    Evidence.objects.update(observed_at=timezone.now() - timedelta(hours=2))
    page = text_of(client.get("/garage/" if at_garage else f"/dealers/{here.slug}/"))
    assert "Does it work again?" in page
    assert "Does it work again?" not in text_of(client.get(f"/dealers/{dealer().slug}/"))
    page = text_of(send(client, here, works="yes", follow=True))
    assert "Diagnostics at this dealer: working." in page
    assert "Does it work again?" not in page


def test_a_press_on_the_workbench_leads_back_to_it(client):
    here = dealer()
    client.force_login(member(here))
    assert "What works here?" in text_of(client.get("/garage/"))
    answer = client.post(
        f"/dealers/{here.slug}/report/", {"answer": "warranty:yes", "garage": here.code, "next": "garage"}
    )
    assert answer["Location"] == "/garage/"
