"""The garage's workbench: check many parts or many cars at once."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from dealers.access import dealer_for
from dealers.board import summary
from dealers.forms import TapForm
from dealers.models import System
from dealers.prompts import prompts_for
from garagehub.lib.errors import DomainError
from garagehub.lib.pages import render
from garagehub.lib.uploads import is_too_large
from parts.lookup.checking import check_parts, silent_sources
from parts.lookup.forms import PartNumbersForm, RegistrationsForm
from parts.lookup.lists import too_large
from parts.lookup.live import look_up_many

_WHY_NOT = {
    "in_stock": lazy("in stock, but the dealers who have it cannot take orders or send it today"),
    "limited": lazy("a few left, but the dealers who have it cannot take orders or send it today"),
    "on_backorder": lazy("on back order"),
    "out_of_stock": lazy("out of stock"),
    "not_listed": lazy("no source lists it"),
}


def _page(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    garage = dealer_for(request)
    if garage is None:
        return render(request, "garage/no_garage.html", status=403)
    at = timezone.now()
    base = {
        "garage": garage,
        "own": summary(garage, at=at),
        "prompts": prompts_for(garage, at=at),
        "tap_form": TapForm(garages=[(garage.code, garage.name)]),
        "parts_form": PartNumbersForm(initial={"postcode": garage.postcode}, prefix="parts"),
        "cars_form": RegistrationsForm(initial={"postcode": garage.postcode}, prefix="cars"),
        "silent": silent_sources(asked_by=garage, at=at),
        "systems": System.choices,
    }
    return render(request, "garage/workbench.html", base | context, status=status)


@login_required
@never_cache
@require_safe
def workbench(request: HttpRequest) -> HttpResponse:
    """The empty workbench."""
    return _page(request, {})


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def check_part_numbers(request: HttpRequest) -> HttpResponse:
    """Part numbers pasted or in a file: one row each, in the order given, as a page or as CSV."""
    if request.method != "POST":  # back from signing in, or the address typed
        return redirect("garage")
    form = PartNumbersForm(request.POST, request.FILES, prefix="parts")
    answer = _checked(request, form, lambda items, postcode: _parts(request, items, postcode))
    if answer is None:
        return _page(request, {"parts_form": form}, status=400)
    rows = [part_row(row) for row in answer["results"]]
    if request.POST.get("as") == "csv":
        return csv_file("parts.csv", _PART_COLUMNS, (_part_line(row) for row in rows))
    counts = Counter(row["state"] for row in rows)
    context = {"parts_form": form.once_checked(), "rows": rows, "counts": counts, "sources": answer["sources"]}
    return _page(request, context | {"at": timezone.now()})


@login_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def check_cars(request: HttpRequest) -> HttpResponse:
    """Plates pasted or in a file: one row each, in the order given, as a page or as CSV."""
    if request.method != "POST":
        return redirect("garage")
    form = RegistrationsForm(request.POST, request.FILES, prefix="cars")
    answers = _checked(request, form, lambda items, postcode: look_up_many(items, postcode=postcode, at=timezone.now()))
    if answers is None:
        return _page(request, {"cars_form": form}, status=400)
    cars = [car_row(typed, answer) for typed, answer in zip(form.cleaned_data["items"], answers, strict=True)]
    if request.POST.get("as") == "csv":
        return csv_file("cars.csv", _CAR_COLUMNS, (_car_line(car) for car in cars))
    counts = Counter(car["status"] for car in cars)
    return _page(request, {"cars_form": form.once_checked(), "cars": cars, "counts": counts, "at": timezone.now()})


def _parts(request: HttpRequest, items: list[str], postcode: str) -> dict[str, Any]:
    return check_parts(items, postcode=postcode, asked_by=dealer_for(request), at=timezone.now())


def _checked(request: HttpRequest, form: PartNumbersForm | RegistrationsForm, check: Any) -> Any:
    """The check's answer, or None with the form saying what is wrong."""
    if is_too_large(request):
        form.add_error("file", too_large().message)
    if not form.is_valid():
        return None
    try:
        return check(form.cleaned_data["items"], form.cleaned_data["postcode"])
    except DomainError as error:
        for name, texts in error.fields.items():
            form.add_error(name if name in form.fields else None, texts)
        return None


def part_row(row: dict[str, Any]) -> dict[str, Any]:
    """The row with the state a garage asks for: can it be had? And if not, why."""
    if row["matched"] in {"unknown", "ambiguous"}:
        state, why = "unrecognised", ""
    elif row["can_be_had"]:
        state, why = "ready", ""
    elif row["availability"] in _WHY_NOT:
        state, why = "blocked", str(_WHY_NOT[row["availability"]])
    else:
        state, why = "unknown", ""
    expected_on = (
        row["expected_on"] if state == "blocked" and row["availability"] not in {"in_stock", "limited"} else None
    )
    return row | {"state": state, "why": why, "expected_on": expected_on}


def car_row(typed: str, answer: dict[str, Any] | DomainError) -> dict[str, Any]:
    """The answer about a car in one line of a table."""
    if isinstance(answer, DomainError):
        return {"typed": typed, "status": "unrecognised", "error": answer.message}
    parts = [part for repair in answer["repairs"] for part in repair["parts"]]
    return {
        "typed": typed,
        "status": answer["repair_status"],
        "answer": answer,
        "have": sum(part["obtainable"] for part in parts),
        "of": len(parts),
        "missing": [part for part in parts if not part["obtainable"]],
        "reasons": list(
            dict.fromkeys(reason["detail"] for repair in answer["repairs"] for reason in repair["reasons"])
        ),
    }


_PART_COLUMNS = (
    "input", "matched", "part_number", "brand", "description", "state", "availability", "quantity", "cars_waiting",
    "supplier", "dealer", "tier", "distance_miles", "price_gbp", "lead_time_days", "expected_on", "checked_at",
)  # fmt: skip
_CAR_COLUMNS = (
    "input", "make", "model", "repair_status", "mot", "mot_expires_on", "parts_found", "parts_needed", "why",
)  # fmt: skip
_STATE_WORDS = {
    "ready": "can be had",
    "blocked": "nobody can send it",
    "unknown": "could not check",
    "unrecognised": "not recognised",
}


def _part_line(row: dict[str, Any]) -> list[Any]:
    best = row["best"] or {}
    price = best.get("price_pence")
    return [
        row["input"], row["matched"], row["part_number"], row["brand"], row["description"], _STATE_WORDS[row["state"]],
        row["availability"], row["quantity"], row["demand"], best.get("supplier"), best.get("dealer"), best.get("tier"),
        best.get("distance_miles"), f"{price / 100:.2f}" if price is not None else None, best.get("lead_time_days"),
        row["expected_on"], row["checked_at"].isoformat() if row["checked_at"] else None,
    ]  # fmt: skip


def _car_line(car: dict[str, Any]) -> list[Any]:
    if "error" in car:
        return [car["typed"], None, None, "unrecognised", None, None, None, None, car["error"]]
    answer = car["answer"]
    return [
        car["typed"], answer["make"], answer["model"], answer["repair_status"], answer["road"]["status"],
        answer["road"]["mot_expires_on"], car["have"], car["of"], "; ".join(car["reasons"]),
    ]  # fmt: skip


def csv_file(filename: str, columns: Iterable[str], lines: Iterable[list[Any]]) -> HttpResponse:
    """A file that a spreadsheet opens as text: a cell that could be a formula gets an apostrophe (OWASP CSV injection)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_safe(cell) for cell in line] for line in lines)
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _safe(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
