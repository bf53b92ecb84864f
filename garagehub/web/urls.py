"""Pages that need both apps, sign-in, and operations."""

from django.contrib.auth import views as auth
from django.urls import path
from django.views.generic import TemplateView

from garagehub.web import garage, keys, metrics, stock, views
from garagehub.web.forms import SignInForm

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", views.SignIn.as_view(authentication_form=SignInForm), name="sign-in"),
    path("sign-out/", auth.LogoutView.as_view(), name="sign-out"),
    path("garage/", garage.workbench, name="garage"),
    path("garage/parts/", garage.check_part_numbers, name="garage-parts"),
    path("garage/cars/", garage.check_cars, name="garage-cars"),
    path("garage/stock/", stock.stock, name="garage-stock"),
    path("garage/stock/<uuid:public_id>/", stock.waiting, name="garage-stock-waiting"),
    path("garage/keys/", keys.keys, name="garage-keys"),
    path("garage/keys/<uuid:public_id>/revoke/", keys.revoke, name="garage-key-revoke"),
    path("how-we-decide/", TemplateView.as_view(template_name="web/how_we_decide.html"), name="how-we-decide"),
    path("privacy/", TemplateView.as_view(template_name="web/privacy.html"), name="privacy"),
    path("metrics", metrics.metrics, name="metrics"),
    path(".well-known/security.txt", views.security_txt, name="security-txt"),
]
