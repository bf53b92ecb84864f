"""Addresses that other people's tools read."""

from django.urls import include, path
from django.views.generic import RedirectView

from dealers.statuspage import views
from dealers.statuspage.documents import DOCUMENTS

_documents = [path(f"api/v2/{name}.json", views.statuspage, {"name": name}) for name in DOCUMENTS]

urlpatterns = [
    path("", include(_documents)),
    path("dealers/<slug:slug>/", include(_documents)),
    path("systems/<slug:system>/", include(_documents)),
    path("systems/<slug:system>/", RedirectView.as_view(url="/dealers/?system=%(system)s"), name="system"),
]
