"""Addresses of parts: the API's below /api/v1/, the pages' below /."""

from django.urls import path

from parts.api import StockPreview, StockUpload
from parts.lookup import api, views
from parts.notices import api as watches
from parts.notices import views as alerts

api_urlpatterns = [
    path("vehicles/lookup", api.VehicleLookup.as_view(), name="api-vehicle-lookup"),
    path("vehicles/check", api.VehiclesCheck.as_view(), name="api-vehicles-check"),
    path("parts/check", api.PartsCheck.as_view(), name="api-parts-check"),
    path("stock", StockUpload.as_view(), name="api-stock"),
    path("stock/preview", StockPreview.as_view(), name="api-stock-preview"),
    path("watches", watches.WatchesView.as_view(), name="api-watches"),
    path("watches/<uuid:public_id>", watches.WatchView.as_view(), name="api-watch"),
]

page_urlpatterns = [
    path("vehicle/", views.vehicle, name="vehicle"),
    path("vehicle/alerts/", alerts.ask, name="alert"),
    path("vehicle/alerts/sent/", alerts.sent, name="alert-sent"),
    path("vehicle/alerts/confirm/<str:token>/", alerts.confirm, name="alert-confirm"),
    path("vehicle/alerts/of/<str:token>/", alerts.end, name="alert-end"),
    path("garage/watches/mail/<str:token>/", alerts.end_digest, name="garage-watch-mail-end"),
]
