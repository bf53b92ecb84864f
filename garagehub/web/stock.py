"""A dealer's own stock: uploaded as a file, looked at, and confirmed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from dealers.access import dealer_for, visible_dealers
from dealers.models import Dealer
from garagehub.lib.errors import DomainError
from garagehub.lib.pages import render
from garagehub.lib.uploads import is_too_large
from parts import pipeline
from parts.feeds import uploading
from parts.feeds.models import FeedRun

_MAY_ACT_FOR_ANY = "parts.change_feed"  # who may approve held runs in the admin may upload for a dealer that phones


class StockForm(forms.Form):
    """The file, and the brand of rows that name none."""

    file = forms.FileField(
        label=lazy("File of everything on your shelf"),
        help_text=lazy("CSV or Excel (.xlsx), at most 20 MiB. What it leaves out is taken as gone."),
        error_messages={
            "required": lazy("Choose a file to upload."),
            "empty": lazy("The file is empty. Choose another."),
        },
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx"}),
        max_length=255,
    )
    brand = forms.CharField(
        label=lazy("Brand of rows that name none"),
        help_text=lazy("Not needed if the file has a brand column."),
        max_length=64,
        required=False,
    )


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def stock(request: HttpRequest) -> HttpResponse:
    """How the own stock stands and a form; on POST, the file is kept until it is confirmed."""
    dealer = _dealer(request)
    if dealer is None:
        return render(request, "garage/no_garage.html", status=403)
    if request.method == "GET":
        return _page(request, dealer, StockForm(initial={"brand": _only_make(dealer)}))
    form = StockForm(request.POST, request.FILES)
    if is_too_large(request):
        form.errors["file"] = form.error_class([uploading.too_large().message])
    if not form.is_valid():
        return _page(request, dealer, form, status=400)
    file = form.cleaned_data["file"]
    upload = uploading.Upload(file.name, file.chunks(), brand=form.cleaned_data["brand"])
    try:
        found = uploading.prepare(dealer, upload, by=request.user.get_username(), at=timezone.now())
    except DomainError as error:
        form.add_error("file", error.message)
        return _page(request, dealer, form, status=400)
    return HttpResponseRedirect(_address(request, dealer, "garage-stock-waiting", found.run.public_id))


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def waiting(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A file that waits: what it would change; on POST, it is taken in or thrown away."""
    dealer = _dealer(request)
    if dealer is None:
        return render(request, "garage/no_garage.html", status=403)
    back = _address(request, dealer, "garage-stock")
    try:
        if request.method == "POST":
            _decide(request, dealer, public_id)
            return HttpResponseRedirect(back)
        found = uploading.look(dealer, public_id, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
        return HttpResponseRedirect(back)
    rows = [{"line": line, "part_number": row[0], "brand": row[1], "quantity": row[3], "availability": row[4],
             "price_pence": row[6], "lead_time_days": row[8], "expected_on": row[9]} for line, row in found.rows]  # fmt: skip
    context = {"garage": dealer, "found": found, "staged": found.outcome.staged, "rows": rows, "back": back}
    return render(request, "garage/stock_waiting.html", context | {"refused": [_refused(r) for r in found.rejects]})


def _decide(request: HttpRequest, dealer: Dealer, public_id: UUID) -> None:
    by = str(request.user.get_username())
    if request.POST.get("decision") == "discard":
        uploading.discard(dealer, public_id, by=by)
        messages.success(request, _("The file was thrown away. Your stock is as it was."))
        return
    run = pipeline.confirm_stock(dealer, public_id, by=by, at=timezone.now())
    messages.success(request, _told(run))


def _told(run: FeedRun) -> str:
    if run.state == FeedRun.State.UNCHANGED:
        return _("Your stock is confirmed. Nothing in it has changed.")
    counts = {"added": run.inserted, "changed": run.updated, "removed": run.removed}
    return _("Your stock counts now: %(added)d added, %(changed)d changed, %(removed)d removed.") % counts


def _refused(reject: Any) -> dict[str, Any]:
    """A refused row: each bad cell by its column and what is wrong with it."""
    cells = []
    for reason in reject.reason.split("; "):
        column, found, why = reason.partition(": ")
        cells.append({"column": column.replace("_", " ") if found else "", "why": why if found else reason})
    return {"line": reject.line, "cells": cells, "raw": reject.raw}


def _page(request: HttpRequest, dealer: Dealer, form: StockForm, *, status: int = 200) -> HttpResponse:
    context = {"garage": dealer, "form": form, "standing": uploading.standing(dealer, at=timezone.now())}
    return render(request, "garage/stock.html", context | {"query": _query(request, dealer)}, status=status)


def _dealer(request: HttpRequest) -> Dealer | None:
    """Whose stock: the first place of work, the one that `?dealer=` names, or for an admin any dealer so named."""
    code = request.GET.get("dealer", "").strip().upper() or None
    own = dealer_for(request, code=code)
    if own is None and code and request.user.has_perm(_MAY_ACT_FOR_ANY):
        return visible_dealers().filter(code=code).first()
    return own


def _only_make(dealer: Dealer) -> str:
    makes = list(dealer.makes.values_list("name", flat=True)[:2])
    return makes[0] if len(makes) == 1 else ""


def _query(request: HttpRequest, dealer: Dealer) -> str:
    return f"?{urlencode({'dealer': dealer.code})}" if request.GET.get("dealer") else ""


def _address(request: HttpRequest, dealer: Dealer, name: str, *args: Any) -> str:
    return reverse(name, args=args) + _query(request, dealer)
