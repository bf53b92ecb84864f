"""The API's root: version 1, its schema and its documentation."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import URLPattern, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from dealers.urls import api_urlpatterns as dealer_calls
from garagehub.lib.conditional import call
from parts.urls import api_urlpatterns as part_calls


def _calls(patterns: Iterable[URLPattern]) -> list[URLPattern]:
    """The same addresses; their reads carry an ETag, and every answer says who may keep it."""
    return [URLPattern(one.pattern, call(one.callback), one.default_args, one.name) for one in patterns]


urlpatterns = _calls(
    [
        path("schema", SpectacularAPIView.as_view(permission_classes=[]), name="schema"),
        path("docs", SpectacularSwaggerSplitView.as_view(permission_classes=[], url_name="schema"), name="api-docs"),
        *dealer_calls,
        *part_calls,
    ]
)
