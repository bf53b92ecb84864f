"""Pages about dealers and incidents."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dealers import atlas, board, incidents, maintenance, reports
from dealers.access import dealer_for
from dealers.forms import FilterForm, ReportForm
from dealers.models import Dealer, System
from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.lib.pages import render

PER_PAGE = 50


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


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, slug: str) -> HttpResponse:
    """A report by a signed-in member of a garage. The answer shows at once what it changed."""
    dealer = _dealer(slug)
    if request.method != "POST":  # back from signing in after the session ran out: the form is on the dealer's page
        return redirect(dealer)
    form = ReportForm(request.POST, garages=_garages(request))
    if not form.is_valid():
        return _dealer_page(request, dealer, form=form, status=400)
    sent = form.cleaned_data
    try:
        receipt = reports.submit(
            dealer=dealer.code,
            system=sent["system"],
            works=sent["works"],
            note=sent["note"],
            by=dealer_for(request, code=sent["garage"]),
            user=request.user,
            at=timezone.now(),
        )
    except DomainError as error:
        form.add_error(None, error.message)
        return _dealer_page(request, dealer, form=form, status=error.status)
    now = receipt.status.get_state_display().lower() if receipt.status else _("not known")
    messages.success(
        request,
        _("Thank you. Your report counts. %(system)s at this dealer: %(state)s.")
        % {"system": System(sent["system"]).label, "state": now},
    )
    return redirect(dealer)


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
    context = {"incident": incident, "restorations": maintenance.restorations(incident)}
    return render(request, "dealers/incident.html", context)


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


def _dealer_page(request: HttpRequest, dealer: Dealer, *, form: ReportForm | None, status: int = 200) -> HttpResponse:
    garages = _garages(request)
    if form is None and garages:
        form = ReportForm(garages=garages)
    at = timezone.now()
    shown = board.details(dealer, at=at)
    context = {
        "dealer": dealer,
        "shown": shown,
        "headline": board.headline(shown),
        "pasts": board.pasts(dealer, at=at),
        "incidents": incidents.touching(dealer),
        "form": form,
        "is_own": dealer.code in dict(garages),
    }
    return render(request, "dealers/dealer.html", context, fragment="dealers/_systems.html", status=status)
