"""The owner's page."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from garagehub.lib.errors import DomainError, UnavailableError
from garagehub.lib.pages import render
from parts.lookup import question
from parts.lookup.forms import VehicleForm
from parts.lookup.live import NOT_FOUND, look_up
from parts.lookup.nearby import Nearest, nearest_places
from parts.lookup.past import past_of
from parts.lookup.place import Place, place_of
from parts.lookup.sentences import changes, place_sentence, road_sentence
from parts.lookup.throttle import Refusal, take_a_turn
from parts.vehicles.registration import BadRegistrationError, normalise, suggestions


@never_cache
@sensitive_post_parameters("registration", "postcode")
@require_http_methods(["GET", "HEAD", "POST"])
def vehicle(request: HttpRequest) -> HttpResponse:
    """The owner's question. POST only, so that a plate is never part of an address."""
    if request.method != "POST":
        return render(request, "lookup/vehicle.html", {"form": VehicleForm()})
    form = VehicleForm(request.POST)
    token = request.POST.get("question")
    is_person = token is not None and question.is_answered(token, request.POST.get("answer", ""))
    if refusal := take_a_turn(request, is_person=is_person):
        return _too_many(request, form, refusal)
    if not form.is_valid():
        return render(request, "lookup/vehicle.html", {"form": form}, status=400)
    return _answer(request, form)


def _too_many(request: HttpRequest, form: VehicleForm, refusal: Refusal) -> HttpResponse:
    """429, plainly; who shares a busy address may show that they are a person instead of waiting."""
    wait = {"seconds": refusal.wait_s}
    context: dict[str, Any] = {"form": form, "problem_title": _("Too many look-ups")}
    if refusal.is_total:
        context["problem_title"] = _("Very many people are asking at the moment")
        context["problem"] = _("Try again in %(seconds)d seconds. Nothing is wrong with what you entered.") % wait
    else:
        context["problem"] = (
            _("Many were made from your network. Answer the question below, or try again in %(seconds)d seconds.")
            % wait
        )
        context["question"] = question.ask()
    response = render(request, "lookup/vehicle.html", context, status=429)
    response["Retry-After"] = str(refusal.wait_s)
    return response


def _answer(request: HttpRequest, form: VehicleForm) -> HttpResponse:
    at = timezone.now()
    typed, postcode = form.cleaned_data["registration"], form.cleaned_data["postcode"]
    try:
        answer = look_up(typed, postcode=postcode, at=at)
    except UnavailableError as error:
        response = _problem(request, form, _("We could not check this number plate"), error.message, error.status)
        response["Retry-After"] = str(error.retry_after_s or 60)
        return response
    except DomainError as error:
        if error.code == NOT_FOUND:
            title = _("We do not know this number plate")
            return _problem(request, form, title, error.message, error.status, suggestions=_suggest(typed))
        for name, texts in error.fields.items():
            form.add_error(name, texts)
        return render(request, "lookup/vehicle.html", {"form": form}, status=error.status)
    place = place_of(postcode)
    context = {
        "form": VehicleForm(initial={"postcode": postcode}),
        "answer": _dated(answer),
        "road_sentence": road_sentence(answer),
        "place_sentence": place_sentence(answer),
        "postcode": postcode,
        "changes": changes(answer),
        "near": _near(answer, place),
        "past": past_of(answer["registration"], at=at),
    }
    return render(request, "lookup/vehicle.html", context)


def _near(answer: dict[str, Any], place: Place | None) -> Nearest | None:
    if place is None or not answer["repairs"]:
        return None
    return nearest_places(answer["registration"], make=answer["make"], place=place)


def _problem(  # noqa: PLR0917 - one page, its words
    request: HttpRequest, form: VehicleForm, title: str, text: str, status: int, suggestions: list[str] | None = None
) -> HttpResponse:
    context = {"form": form, "problem_title": title, "problem": text, "suggestions": suggestions}
    return render(request, "lookup/vehicle.html", context, status=status)


def _suggest(typed: str) -> list[str]:
    try:
        return list(suggestions(normalise(typed)))
    except BadRegistrationError:
        return []


def _dated(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its ISO texts as dates and times, as templates need them."""

    def moment(value: Any) -> Any:
        return datetime.fromisoformat(value) if isinstance(value, str) else value

    evidence = answer["evidence"] | {"oldest_at": moment(answer["evidence"]["oldest_at"])}
    first = answer["first_used_on"]
    return answer | {
        "since": moment(answer["since"]),
        "first_used_on": date.fromisoformat(first) if isinstance(first, str) else first,
        "evidence": evidence,
    }
