"""What admins of several apps share."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.http import HttpRequest


class OwnerAdmin(admin.ModelAdmin):
    """For rows that others were derived from: those go with them, though nobody deletes them one by one."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """As Django's, asking of what follows only whether the user may delete its kind at all."""
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        allowed = {
            model._meta.verbose_name  # noqa: SLF001 - _meta is public, by Django's documentation
            for model in apps.get_models()
            if request.user.has_perm(
                f"{model._meta.app_label}.{get_permission_codename('delete', model._meta)}"  # noqa: SLF001 - as above
            )
        }
        return to_delete, counts, set(lacking) - allowed, protected
