"""Pages about dealers and incidents."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from dealers import atlas, board, incidents, maintenance, taps
from dealers.access import dealer_for
from dealers.forms import FilterForm, TapForm
from dealers.models import Dealer, State, System
from dealers.prompts import prompts_for
from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.lib.pages import client_address, render

PER_PAGE = 50
_SPANS, _USUAL_SPAN = ("7", "30", "90"), 30  # days of a make's past


@require_safe
def dealer_list(request: HttpRequest) -> HttpResponse:
    """Dealers with their systems' statuses; filters are in the address."""
    form, status = FilterForm(request.GET), 200
    form.is_valid()
    filters, at = board.Filters(), timezone.now()
    try:
        filters = board.parse_filters(request.GET.dict())
    except DomainError as error:
        status = error.status
        for name, texts in error.fields.items():
            if not form.has_error(name):
                form.add_error(name, texts)
    page = Paginator(board.ordered(filters), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "systems": [System(system) for system in filters.systems],
        "rows": [board.summary(dealer, at=at, systems=filters.systems) for dealer in page],
        "atlas": atlas.atlas(filters),
        "atlas_width": atlas.WIDTH,
        "atlas_height": atlas.HEIGHT,
    }
    return render(request, "dealers/list.html", context, fragment="dealers/_list.html", status=status)


@require_safe
def dealer_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One dealer: what works, why we say so, what changed."""
    return _dealer_page(request, _dealer(slug), form=None)


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, slug: str) -> HttpResponse:
    """A report by one tap, of a garage or of anyone. The answer says at once what it changed."""
    dealer = _dealer(slug)
    if request.method != "POST":  # back from signing in after the session ran out: the form is on the dealer's page
        return redirect(dealer)
    if "garage" in request.POST and not request.user.is_authenticated:
        return redirect_to_login(request.path)
    form = TapForm(request.POST, garages=_garages(request))
    if not form.is_valid():
        return _dealer_page(request, dealer, form=form, status=400)
    system, works = form.said
    garage = form.cleaned_data.get("garage")
    try:
        effect = taps.tap(
            dealer=dealer,
            system=system,
            works=works,
            by=dealer_for(request, code=garage) if garage else None,
            user=request.user,
            address=client_address(request),
            note=form.cleaned_data.get("note", ""),
            at=timezone.now(),
        )
    except DomainError as error:
        form.add_error(None, error.message)
        return _dealer_page(request, dealer, form=form, status=error.status)
    messages.success(request, effect.words)
    return redirect("garage") if request.POST.get("next") == "garage" else redirect(dealer)


@require_safe
def incident_list(request: HttpRequest) -> HttpResponse:
    """What is going on, then what was."""
    page = Paginator(incidents.published().newest_first(), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "current": incidents.current(), "planned": maintenance.current()}
    return render(request, "dealers/incidents.html", context)


@require_safe
def incident_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One incident and its updates."""
    try:
        incident = incidents.get(slug)
    except NotFoundError as error:
        raise Http404(error.message) from error
    waves = maintenance.waves(incident)
    course = incidents.course_of(incident, at=timezone.now())
    places = [course.place(update.at) for update in incident.updates.all()]
    context = {
        "incident": incident,
        "postmortem": incidents.postmortem(incident),
        "waves": waves,
        "done": sum(wave.is_done for wave in waves),
        "course": course,
        "marks": [place for place in places if place is not None],
    }
    return render(request, "dealers/incident.html", context)


@require_safe
def make_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One make: its systems now, the course of the past days, and what people are told of it."""
    try:
        make = board.make_board(slug)
    except NotFoundError as error:
        raise Http404(error.message) from error
    days = int(asked) if (asked := request.GET.get("days", "")) in _SPANS else _USUAL_SPAN
    context = {
        "board": make,
        "states": list(State),
        "systems": [
            (System(system).label, system, rolled, [(state, counts.get(state, 0)) for state in State])
            for system, (rolled, counts) in make.systems.items()
        ],
        "name": make.make.name.title(),
        "course": board.course_of(make.make, days=days, at=timezone.now()),
        "days": days,
        "spans": [int(span) for span in _SPANS],
        "incidents": incidents.about(make.make),
        "planned": [work for work in maintenance.current() if work.make_id in {None, make.make.pk}],
    }
    return render(request, "dealers/make.html", context)


def _dealer(slug: str) -> Dealer:
    try:
        return board.get_dealer(slug=slug)
    except NotFoundError as error:
        raise Http404(error.message) from error


def _garages(request: HttpRequest) -> list[tuple[str, str]]:
    """Where the signed-in person works, as choices."""
    if not request.user.is_authenticated:
        return []
    return [(dealer.code, dealer.name) for dealer in Dealer.objects.of(request.user)]


def _dealer_page(request: HttpRequest, dealer: Dealer, *, form: TapForm | None, status: int = 200) -> HttpResponse:
    garages = _garages(request)
    at = timezone.now()
    shown = board.details(dealer, at=at)
    garage = dealer_for(request) if garages else None
    asked = prompts_for(garage, at=at) if garage else []
    context = {
        "garage": garage,
        "prompts": [prompt for prompt in asked if prompt.dealer.pk == dealer.pk],
        "dealer": dealer,
        "shown": shown,
        "headline": board.headline(shown),
        "pasts": board.pasts(dealer, at=at),
        "incidents": incidents.touching(dealer),
        "form": form or TapForm(garages=garages),
        "is_own": dealer.code in dict(garages),
        "is_garage": bool(garages),
    }
    return render(request, "dealers/dealer.html", context, fragment="dealers/_systems.html", status=status)
