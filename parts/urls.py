"""Addresses of parts: the API's below /api/v1/, the pages' below /."""

from django.urls import path

from parts.api import StockPreview, StockUpload
from parts.lookup import api, views

api_urlpatterns = [
    path("vehicles/lookup", api.VehicleLookup.as_view(), name="api-vehicle-lookup"),
    path("vehicles/check", api.VehiclesCheck.as_view(), name="api-vehicles-check"),
    path("parts/check", api.PartsCheck.as_view(), name="api-parts-check"),
    path("stock", StockUpload.as_view(), name="api-stock"),
    path("stock/preview", StockPreview.as_view(), name="api-stock-preview"),
]

page_urlpatterns = [
    path("vehicle/", views.vehicle, name="vehicle"),
]
