"""The feed console: suppliers, how each feed stands, what its runs did, and what an admin can do about it."""

from __future__ import annotations

import csv
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_POST

from garagehub.lib.errors import DomainError
from parts.feeds import chart, polling, progress, suppliers
from parts.feeds.adapters import ADAPTERS, adapter_named
from parts.feeds.models import Feed, FeedRun, RejectedRow
from parts.feeds.preview import COLUMNS, preview
from parts.feeds.suppliers import check_address, start_afresh
from parts.stock.models import Freshness, Supplier

_READING = {"url", "adapter", "config"}


class FeedForm(forms.ModelForm):
    """A feed whose address and settings are checked by its adapter."""

    url = forms.URLField(
        assume_scheme="https",
        max_length=500,
        label="address",
        required=False,
        help_text="Empty only where files come by hand upload and the feed is not enabled.",
    )
    adapter = forms.ChoiceField(choices=[(name, adapter.label) for name, adapter in sorted(ADAPTERS.items())])

    class Meta:
        model = Feed
        fields = (
            "supplier",
            "adapter",
            "url",
            "is_internal",
            "is_enabled",
            "config",
            "interval_s",
            "drop_limit_percent",
            "requests_per_minute",
            "max_mib",
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        try:
            if cleaned.get("url") or cleaned.get("is_enabled"):
                check_address(cleaned.get("url", ""))
            if "adapter" in cleaned and isinstance(cleaned.get("config"), dict):
                adapter_named(cleaned["adapter"]).config(cleaned["config"])
        except DomainError as error:
            raise ValidationError(error.message, code=error.code) from error
        return cleaned


@admin.register(Supplier)
class SupplierAdmin(admin.ModelAdmin):
    """Deleting one is for a supplier that is no more: while it is only silent, its feed is disabled and its data ages."""

    list_display = ("code", "name", "freshness", "confirmed_at", "branch_count")
    search_fields = ("code", "name")
    fields = ("code", "name", "warn_after_s", "error_after_s", "confirmed_at", "is_demo")
    readonly_fields = ("confirmed_at",)
    ordering = ("code",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Supplier]:
        return Supplier.objects.annotate(branch_count=Count("branches"))

    @admin.display(description="data is")
    def freshness(self, supplier: Supplier) -> str:
        return Freshness(supplier.freshness(at=timezone.now())).label

    @admin.display(description="branches", ordering="branch_count")
    def branch_count(self, supplier: Supplier) -> int:
        return int(getattr(supplier, "branch_count", 0))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """What would go, by count: half a million offers are on no page one by one."""
        told = [(supplier, suppliers.belongings(supplier)) for supplier in objs]
        totals = {name: sum(getattr(found, name) for _, found in told) for name in suppliers.Belongings._fields}
        totals["brands it lists"] = totals.pop("brands")
        return [str(supplier) for supplier, _ in told], {"suppliers": len(told)} | totals, set(), []

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except DomainError as error:
            self.message_user(request, error.message, messages.ERROR)
            return HttpResponseRedirect(reverse("admin:parts_supplier_change", args=[object_id]))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One at a time: each is looked at first."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def delete_model(self, request: HttpRequest, obj: Supplier) -> None:
        suppliers.remove_supplier(obj)


@admin.register(Feed)
class FeedAdmin(admin.ModelAdmin):
    """The console. Two queries for the list, however many feeds there are."""

    form = FeedForm
    list_display = (
        "supplier",
        "adapter",
        "is_enabled",
        "data_is",
        "last_attempt_at",
        "last_success_at",
        "last_run",
        "rows",
        "changed",
        "rejected",
        "breaker",
        "held",
    )
    list_select_related = ("supplier",)
    list_filter = ("adapter", "is_enabled")
    search_fields = ("supplier__code", "supplier__name")
    ordering = ("supplier__code",)
    readonly_fields: ClassVar = (
        "last_attempt_at",
        "last_success_at",
        "next_attempt_at",
        "snapshot_at",
        "snapshot_seq",
        "snapshot_rows",
        "last_seq",
        "failures",
        "opened_at",
    )
    actions = ("poll_now", "read_afresh")
    change_form_template = "admin/parts/feed/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feed]:
        runs = FeedRun.objects.filter(feed=OuterRef("pk"))
        fields = ("id", "state", "rows", "inserted", "updated", "removed", "rejected")
        newest = runs.order_by("-started_at", "-pk").values(found=JSONObject(**{name: name for name in fields}))
        return Feed.objects.annotate(
            newest_run=Subquery(newest[:1]),
            held_run=Subquery(runs.filter(state=FeedRun.State.HELD).values("pk")[:1]),
            is_running=Exists(runs.filter(state=FeedRun.State.RUNNING)),
        )

    def get_urls(self) -> list[URLPattern]:
        own = path("<int:feed_id>/preview/", self.admin_site.admin_view(self.preview), name="parts_feed_preview")
        return [own, *super().get_urls()]

    def has_delete_permission(self, request: HttpRequest, obj: Feed | None = None) -> bool:
        """A feed is disabled, or goes with its supplier."""
        return False

    def save_model(self, request: HttpRequest, obj: Feed, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        if _READING & set(form.changed_data):
            start_afresh(obj)
        super().save_model(request, obj, form, change)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        runs = (
            list(FeedRun.objects.select_related("feed").filter(feed_id=int(object_id)).order_by("-started_at")[:40])
            if object_id.isdigit()
            else []
        )
        under_way = next((run for run in runs if run.state == FeedRun.State.RUNNING), None)
        context = {"runs": runs[:10], "chart": chart.of_runs(runs[::-1]), **_under_way(under_way)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def preview(self, request: HttpRequest, feed_id: int) -> HttpResponse:
        """The first rows of the supplier's file as they would be read now."""
        feed = get_object_or_404(Feed.objects.select_related("supplier"), pk=feed_id)
        if not self.has_change_permission(request, feed):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": f"What {feed.supplier} sends",
            "feed": feed,
            "columns": COLUMNS,
            "preview": preview(feed, at=timezone.now()),
        }
        return TemplateResponse(request, "admin/parts/feed/preview.html", context)

    @admin.action(description="Poll now", permissions=["change"])
    def poll_now(self, request: HttpRequest, queryset: QuerySet[Feed]) -> None:
        for feed in queryset:
            polling.bring_forward(feed.pk, at=timezone.now())
        self.message_user(request, "The feeds are due now; a worker takes them within seconds.")

    @admin.action(description="Read in full at the next poll", permissions=["change"])
    def read_afresh(self, request: HttpRequest, queryset: QuerySet[Feed]) -> None:
        for feed in queryset:
            start_afresh(feed)
            feed.save(update_fields=["etag", "cursor", "snapshot_sha256", "next_attempt_at"])
        self.message_user(request, "The next poll reads these feeds in full.")

    @admin.display(description="data is")
    def data_is(self, feed: Feed) -> str:
        return Freshness(feed.supplier.freshness(at=timezone.now())).label

    @admin.display(description="last run")
    def last_run(self, feed: Feed) -> str:
        run = _newest(feed)
        if not run:
            return "never"
        url = reverse("admin:parts_feedrun_change", args=[run["id"]])
        return format_html('<a href="{}">{}</a>', url, FeedRun.State(run["state"]).label)

    @admin.display(description="rows")
    def rows(self, feed: Feed) -> str:
        return f"{_newest(feed).get('rows', 0):,}"

    @admin.display(description="changed")
    def changed(self, feed: Feed) -> str:
        run = _newest(feed)
        return f"{sum(run.get(name, 0) for name in ('inserted', 'updated', 'removed')):,}"

    @admin.display(description="refused")
    def rejected(self, feed: Feed) -> str:
        return f"{_newest(feed).get('rejected', 0):,}"

    @admin.display(description="breaker")
    def breaker(self, feed: Feed) -> str:
        if feed.opened_at:
            return f"open, next probe {timezone.localtime(feed.next_attempt_at):%H:%M}"
        return f"closed, {feed.failures} failed" if feed.failures else "closed"

    @admin.display(description="held")
    def held(self, feed: Feed) -> str:
        held_run = getattr(feed, "held_run", None)
        if not held_run:
            return ""
        return format_html('<a href="{}">look</a>', reverse("admin:parts_feedrun_change", args=[held_run]))


def _newest(feed: Feed) -> dict[str, Any]:
    return getattr(feed, "newest_run", None) or {}


@admin.register(FeedRun)
class FeedRunAdmin(admin.ModelAdmin):
    """What one run did. Nothing here is edited; a held run is approved or discarded."""

    list_display = (
        "started_at",
        "feed",
        "kind",
        "state",
        "rows",
        "inserted",
        "updated",
        "removed",
        "rejected",
        "seconds",
    )
    list_filter = ("state", "kind", "feed__supplier")
    list_select_related = ("feed__supplier",)
    date_hierarchy = "started_at"
    ordering = ("-started_at",)
    show_full_result_count = False
    change_form_template = "admin/parts/feedrun/change_form.html"
    readonly_fields: ClassVar = tuple(field.name for field in FeedRun._meta.fields if field.name != "id")  # noqa: SLF001 - Django's own way

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: FeedRun | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:run_id>/approve/", view(require_POST(self.approve)), name="parts_feedrun_approve"),
            path("<int:run_id>/discard/", view(require_POST(self.discard)), name="parts_feedrun_discard"),
            path(
                "<int:run_id>/progress/",
                view(require_GET(self.progress), cacheable=True),
                name="parts_feedrun_progress",
            ),
            path("<int:run_id>/rejected.csv", view(require_GET(self.rejected_csv)), name="parts_feedrun_rejected"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context: dict[str, Any] = {}
        if object_id.isdigit():
            context["samples"] = RejectedRow.objects.filter(run_id=int(object_id)).order_by("pk")[:250]
            context |= _under_way(
                FeedRun.objects.select_related("feed").filter(pk=int(object_id), state="running").first()
            )
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def progress(self, request: HttpRequest, run_id: int) -> HttpResponseBase:
        """How far a run is, for an open page that asks again until it is over; 304 while nothing moved."""
        run = get_object_or_404(FeedRun.objects.select_related("feed"), pk=run_id)
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        context = _under_way(run)
        etag = f'"{run.pk}-{run.state}-{context["pace"].rows}"'
        response = get_conditional_response(request, etag=etag)
        if response is None:
            response = TemplateResponse(request, "admin/parts/feedrun/_progress.html", context)
        response["ETag"] = etag
        response["Cache-Control"] = "private, no-cache"
        return response

    def approve(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Take a held run's data in."""
        return self._decide(request, run_id, polling.approve, at=timezone.now())

    def discard(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Throw a held run's data away."""
        return self._decide(request, run_id, polling.discard)

    def _decide(self, request: HttpRequest, run_id: int, decide: Any, **how: Any) -> HttpResponse:
        run = get_object_or_404(FeedRun, pk=run_id)
        if not self.has_change_permission(request, run):
            raise PermissionDenied
        try:
            decided = decide(run_id, by=request.user.get_username(), **how)
        except DomainError as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            self.log_change(request, decided, [{"changed": {"fields": [decide.__name__]}}])
            self.message_user(request, f"The run is now: {FeedRun.State(decided.state).label}.")
        return HttpResponseRedirect(reverse("admin:parts_feedrun_change", args=[run_id]))

    def rejected_csv(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """The samples of what was refused, as a file a supplier can be sent."""
        run = get_object_or_404(FeedRun, pk=run_id)
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="refused-{run.public_id}.csv"'
        writer = csv.writer(response)
        writer.writerow(["line", "reason", "row as sent"])
        for sample in run.rejected_rows.order_by("pk").iterator():
            writer.writerow([sample.line, _plain(sample.reason), _plain(sample.raw)])
        return response

    @admin.display(description="seconds")
    def seconds(self, run: FeedRun) -> str:
        return f"{(run.finished_at - run.started_at).total_seconds():.1f}" if run.finished_at else ""


def _under_way(run: FeedRun | None) -> dict[str, Any]:
    """What a page needs to show how far a run is."""
    return {"run": run, "pace": progress.pace_of(run, at=timezone.now())} if run else {}


def _plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
