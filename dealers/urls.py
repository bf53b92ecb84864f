"""Addresses of the dealers' app: the API's below /api/v1/, the pages' below /."""

from django.urls import path

from dealers import api, views
from dealers.notices.urls import api_urlpatterns as notice_calls
from dealers.notices.urls import page_urlpatterns as notice_pages
from dealers.statuspage.urls import urlpatterns as statuspage_urlpatterns

api_urlpatterns = [
    path("dealers", api.DealersView.as_view(), name="api-dealers"),
    path("dealers/<slug:code>", api.DealerView.as_view(), name="api-dealer"),
    path("reports", api.ReportsView.as_view(), name="api-reports"),
    path("reports/bulk", api.BulkReportsView.as_view(), name="api-reports-bulk"),
    path("incidents", api.IncidentsView.as_view(), name="api-incidents"),
    path("incidents/<slug:slug>", api.IncidentView.as_view(), name="api-incident"),
    path("status", api.StatusView.as_view(), name="api-status"),
    *notice_calls,
]

page_urlpatterns = [
    path("dealers/", views.dealer_list, name="dealers"),
    path("dealers/<slug:slug>/", views.dealer_page, name="dealer"),
    path("dealers/<slug:slug>/report/", views.report, name="report"),
    path("makes/<slug:slug>/", views.make_page, name="make"),
    path("incidents/", views.incident_list, name="incidents"),
    path("incidents/<slug:slug>/", views.incident_page, name="incident"),
    *notice_pages,
    *statuspage_urlpatterns,
]
