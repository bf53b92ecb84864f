"""The API's root: version 1, its schema and its documentation."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from dealers.urls import api_urlpatterns as dealer_calls
from parts.urls import api_urlpatterns as part_calls

urlpatterns = [
    path("schema", SpectacularAPIView.as_view(permission_classes=[]), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(permission_classes=[], url_name="schema"), name="api-docs"),
    *dealer_calls,
    *part_calls,
]
