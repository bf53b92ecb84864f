"""My cars and my parts: what a garage watches, whoever is off the road first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from dealers.access import dealer_for
from dealers.models import Dealer
from garagehub.lib.errors import DomainError
from garagehub.lib.pages import render
from garagehub.web.account import person
from garagehub.web.garage import car_row, csv_file
from garagehub.web.templatetags.components import day
from parts.lookup.forms import PartNumbersForm, RegistrationsForm
from parts.notices import digests, fleet, watches

_CAR_COLUMNS = (
    "plate", "note", "make", "model", "repair_status", "changed_at", "road", "mot_expires_on", "parts_found",
    "parts_needed", "missing", "why",
)  # fmt: skip
_PART_COLUMNS = ("part_number", "brand", "description", "note", "state", "changed_at", "best_source", "expected_on")
_ROAD = {
    "valid": lazy("MOT until %(day)s"),
    "may_drive_until": lazy("Failed; old MOT until %(day)s"),
    "repair_or_test_journey_only": lazy("Off the road: no MOT"),
    "do_not_drive": lazy("Off the road: dangerous"),
    "not_due": lazy("First MOT due %(day)s"),
    "off_road_by_choice": lazy("SORN"),
    "unknown": lazy("MOT not known"),
}


class _NotedForm(forms.Form):
    """A list to watch instead of to check: with a note, and seen from the garage's own place."""

    note = forms.CharField(
        label=lazy("Job number or note (optional)"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["postcode"]


class WatchCarsForm(_NotedForm, RegistrationsForm):
    """Plates to watch."""


class WatchPartsForm(_NotedForm, PartNumbersForm):
    """Part numbers to watch."""


@login_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def cars(request: HttpRequest) -> HttpResponse:
    """The cars the garage watches, as a page or as CSV; a POST adds some."""
    garage = dealer_for(request)
    if garage is None:
        return render(request, "garage/no_garage.html", status=403)
    form = WatchCarsForm(*_sent(request))
    if request.method == "POST" and _add(request, form, garage, watches.watch_vehicles):
        return redirect("garage-watches")
    at = timezone.now()
    rows = [_car(car) for car in fleet.cars(garage, at=at)]
    if request.GET.get("as") == "csv":
        return csv_file("my-cars.csv", _CAR_COLUMNS, (_car_line(row) for row in rows))
    counts = Counter(row["status"] for row in rows)
    context = {"garage": garage, "form": form, "cars": rows, "counts": counts, "at": at}
    context |= {"changed": sum(row["is_changed"] for row in rows), "mails": digests.is_on(person(request), garage)}
    return render(request, "watches/cars.html", context, status=400 if form.errors else 200)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def parts(request: HttpRequest) -> HttpResponse:
    """The parts the garage watches, as a page or as CSV; a POST adds some."""
    garage = dealer_for(request)
    if garage is None:
        return render(request, "garage/no_garage.html", status=403)
    form = WatchPartsForm(*_sent(request))
    if request.method == "POST" and _add(request, form, garage, watches.watch_parts):
        return redirect("garage-watches-parts")
    at = timezone.now()
    rows = fleet.parts(garage, at=at)
    if request.GET.get("as") == "csv":
        return csv_file("my-parts.csv", _PART_COLUMNS, (_part_line(row) for row in rows))
    context = {"garage": garage, "form": form, "parts": rows, "at": at}
    context["mails"] = digests.is_on(person(request), garage)
    return render(request, "watches/parts.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def mail(request: HttpRequest) -> HttpResponse:
    """E-mail the person when something here changes, or no longer."""
    garage = dealer_for(request)
    if garage is None:
        return render(request, "garage/no_garage.html", status=403)
    if request.POST.get("do") == "on":
        digests.turn_on(person(request), garage, at=timezone.now())
        messages.success(request, _("We e-mail you when a watched car or part changes."))
    else:
        digests.turn_off(person(request), garage)
        messages.success(request, _("We no longer e-mail you about what is watched here."))
    return _back(request)


@login_required
@require_POST
def remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Watch it no longer."""
    garage = dealer_for(request)
    if garage is None:
        return render(request, "garage/no_garage.html", status=403)
    try:
        watches.remove(garage, public_id)
        messages.success(request, _("Removed. You hear no more of it."))
    except DomainError as error:
        messages.error(request, error.message)
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    return redirect("garage-watches-parts" if request.POST.get("from") == "parts" else "garage-watches")


def _sent(request: HttpRequest) -> tuple[Any, ...]:
    return (request.POST, request.FILES) if request.method == "POST" else ()


def _add(
    request: HttpRequest, form: forms.Form, garage: Dealer, watch: Callable[..., Sequence[watches.Outcome]]
) -> bool:
    """Watch what was pasted. What could not be watched stays in the form with its reasons; says whether all could."""
    if not form.is_valid():
        return False
    try:
        found = watch(garage, form.cleaned_data["items"], note=form.cleaned_data["note"], at=timezone.now())
    except DomainError as error:
        form.add_error("items", error.message)
        return False
    if added := sum(one.is_new for one in found):
        text = ngettext("%(n)s added to what you watch.", "%(n)s added to what you watch.", added)
        messages.success(request, text % {"n": added})
    elif all(one.watch for one in found):
        messages.info(request, _("You watch these already."))
    failed = [one for one in found if one.error]
    for one in failed:
        form.add_error("items", f"{one.input}: {one.error.message if one.error else ''}")
    if failed:
        form.data = dict(form.data.items()) | {"items": "\n".join(one.input for one in failed)}
    return not failed


def _car(car: fleet.Car) -> dict[str, Any]:
    plate = (car.watch.vehicle.registration or "") if car.watch.vehicle else ""
    row = car_row(plate, car.answer) | {"watch": car.watch, "is_changed": car.is_changed}
    if isinstance(car.answer, DomainError):
        row["error"] = _("This car has another number plate now, which we do not know. Remove it here.")
        return row
    road = car.answer["road"]
    text = str(_ROAD[road["status"]])
    return row | {"road": text % {"day": day(road["until"])} if "%(day)s" in text else text}


def _car_line(row: dict[str, Any]) -> list[Any]:
    watch = row["watch"]
    changed = watch.changed_at.isoformat() if watch.changed_at else None
    if "error" in row:
        return [
            row["typed"],
            watch.note,
            None,
            None,
            "unrecognised",
            changed,
            None,
            None,
            None,
            None,
            None,
            row["error"],
        ]
    answer = row["answer"]
    missing = "; ".join(str(part["part_number"] or part["description"]) for part in row["missing"])
    return [
        row["typed"], watch.note, answer["make"], answer["model"], answer["repair_status"], changed,
        answer["road"]["status"], answer["road"]["mot_expires_on"], row["have"], row["of"], missing,
        "; ".join(row["reasons"]),
    ]  # fmt: skip


def _part_line(row: fleet.WatchedPart) -> list[Any]:
    part, best = row.watch.part, row.supply.offers[0] if row.supply and row.supply.offers else None
    return [
        getattr(row.watch, "part_number", None),
        part.brand.name if part else None,
        part.description if part else None,
        row.watch.note,
        row.state,
        row.watch.changed_at.isoformat() if row.watch.changed_at else None,
        (best["dealer_name"] or best["supplier"]) if best else None,
        row.supply.expected_on if row.supply else None,
    ]
