"""The admin's view of stock: branches, and what each offers."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from parts.catalogue.numbers import normalise
from parts.stock.models import Branch, Offer


@admin.register(Branch)
class BranchAdmin(admin.ModelAdmin):
    """Not deleted by itself: the next file would bring it back. It goes with its supplier."""

    list_display = ("code", "name", "supplier", "tier", "dealer")
    list_filter = ("supplier", "tier")
    list_select_related = ("supplier", "dealer")
    search_fields = ("code", "name")
    autocomplete_fields = ("dealer",)
    ordering = ("supplier__code", "code")

    def has_delete_permission(self, request: HttpRequest, obj: Branch | None = None) -> bool:
        return False


@admin.register(Offer)
class OfferAdmin(admin.ModelAdmin):
    """To look at only: offers are what feeds say, and an edit here would be undone by the next."""

    list_display = ("number", "brand", "branch", "supplier", "availability", "quantity", "expected_on", "changed_at")
    list_filter = ("branch__supplier", "availability")
    list_select_related = ("part__brand", "branch__supplier")
    search_fields = ("part__numbers__norm",)
    search_help_text = "A part number, however it is written."
    show_full_result_count = False
    ordering = ("-pk",)
    readonly_fields: ClassVar = tuple(field.name for field in Offer._meta.fields)  # noqa: SLF001 - Django's own way

    def get_queryset(self, request: HttpRequest) -> QuerySet[Offer]:
        return Offer.objects.prefetch_related("part__numbers")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Offer], search_term: str
    ) -> tuple[QuerySet[Offer], bool]:
        if not search_term:
            return queryset, False
        return queryset.filter(part__numbers__norm=normalise(search_term)), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Offer | None = None) -> bool:
        return False

    @admin.display(description="part number")
    def number(self, offer: Offer) -> str:
        return next((number.raw for number in offer.part.numbers.all() if number.is_main), "")

    @admin.display(description="brand")
    def brand(self, offer: Offer) -> str:
        return offer.part.brand.name

    @admin.display(description="supplier")
    def supplier(self, offer: Offer) -> str:
        return offer.branch.supplier.name
