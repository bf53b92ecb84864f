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
    path("history.atom", views.atom, name="history-atom"),
    path("history.rss", views.rss, name="history-rss"),
    path("calendar.ics", views.planned, name="calendar"),
    path("badge/<slug:slug>/<slug:system>.svg", views.badge_svg, name="badge-svg"),
    path("badge/<slug:slug>/<slug:system>.json", views.badge_json, name="badge-json"),
]
