"""Every address of the site on one screen."""

from django.contrib import admin
from django.urls import include, path

from dealers.urls import page_urlpatterns as dealer_pages

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("garagehub.api")),
    *dealer_pages,
]
