"""The workbench's search, and all that is known of one part."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from dealers.access import dealer_for
from garagehub.lib.errors import NotFoundError
from garagehub.lib.pages import render
from garagehub.web.garage import car_row, part_row
from parts.lookup.dossier import DAYS, HEIGHT, WIDTH, dossier
from parts.lookup.finding import find

_MAX_TYPED = 100


@login_required
@never_cache
@sensitive_post_parameters("q")
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """Parts and cars that a text may mean. POST only, since it may be a plate."""
    garage = dealer_for(request)
    if garage is None:
        return render(request, "garage/no_garage.html", status=403)
    if request.method != "POST":
        return render(request, "garage/search.html")
    typed = request.POST.get("q", "").strip()
    if not typed or len(typed) > _MAX_TYPED:
        text = _("Type at most 100 characters.") if typed else _("Type what to look for.")
        return render(request, "garage/search.html", {"q": typed[:_MAX_TYPED], "search_error": text}, status=400)
    number = request.POST.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < len("1000000") else 1
    found = find(typed, page=page, postcode=garage.postcode, at=timezone.now())
    context = {
        "q": typed,
        "found": found,
        "page": found.page,
        "rows": [part_row(row) for row in found.parts],
        "cars": [car_row(car["registration"], car) for car in found.cars],
    }
    return render(request, "garage/search.html", context)


@login_required
@never_cache
@require_safe
def part(request: HttpRequest) -> HttpResponse:
    """One part of a brand, by `?number=` and `?brand=`: a catalogue's numbers are nobody's secret."""
    garage = dealer_for(request)
    if garage is None:
        return render(request, "garage/no_garage.html", status=403)
    number, brand = request.GET.get("number", ""), request.GET.get("brand", "")
    try:
        known = dossier(number, brand=brand, postcode=garage.postcode, at=timezone.now())
    except NotFoundError as error:
        raise Http404 from error
    context = {"part": part_row(known.row), "known": known, "days": DAYS, "width": WIDTH, "height": HEIGHT}
    return render(request, "garage/part.html", context)
