"""Every address of the site on one screen."""

from django.contrib import admin
from django.urls import include, path

from dealers.urls import page_urlpatterns as dealer_pages
from parts.urls import page_urlpatterns as part_pages

admin.site.enable_nav_sidebar = False  # lists such as the feeds' need the width

urlpatterns = [
    path("api/v1/", include("garagehub.api")),
    path("", include("garagehub.web.urls")),  # before the admin: its sign-in is ours
    path("admin/", admin.site.urls),
    *dealer_pages,
    *part_pages,
]

handler400 = "garagehub.web.views.bad_request"
handler403 = "garagehub.web.views.forbidden"
handler404 = "garagehub.web.views.not_found"
handler500 = "garagehub.web.views.server_error"
