"""The API's root: version 1, its schema and its documentation."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

urlpatterns = [
    path("schema", SpectacularAPIView.as_view(permission_classes=[]), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(permission_classes=[], url_name="schema"), name="api-docs"),
]
