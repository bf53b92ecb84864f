"""People in the admin: by e-mail address, with Django's own password handling."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from garagehub.accounts import second_step
from garagehub.accounts.models import Authenticator, User
from garagehub.accounts.sessions import end_sessions


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")


class UserForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Shut a person out by unticking active: what they reported stays."""

    form = UserForm
    add_form = NewUserForm
    list_display = ("email", "name", "is_active", "is_staff", "two_steps", "joined_at", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("public_id", "joined_at", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("joined_at", "last_login", "public_id")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "usable_password", "password1", "password2")}),
    )
    actions = ("turn_second_step_off", "sign_out")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people: QuerySet[User] = super().get_queryset(request)
        return people.annotate(has_app=Exists(Authenticator.objects.filter(user=OuterRef("pk"))))

    @admin.display(description="two steps", boolean=True, ordering="has_app")
    def two_steps(self, user: Any) -> bool:
        return bool(user.has_app)

    @admin.action(description="Turn two-step sign-in off (phone and codes lost)", permissions=["change"])
    def turn_second_step_off(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            second_step.turn_off(user=user, at=timezone.now())
        self.message_user(request, "Two-step sign-in is off for them; they were told by e-mail.", messages.WARNING)

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def sign_out(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        ended = sum(end_sessions(user=user) for user in queryset)
        self.message_user(request, f"{ended} sessions ended.")
