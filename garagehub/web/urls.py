"""Pages that need both apps, sign-in, and operations."""

from django.contrib.auth import views as auth
from django.urls import path
from django.views.generic import RedirectView, TemplateView

from garagehub.web import account, garage, keys, language, metrics, search, sign_in, stock, team, views, watches, webhooks

urlpatterns = [
    path("", views.home, name="home"),
    path("board/", views.live_board),
    path("board/<str:language>/", views.live_board, name="live-board"),
    path("language/", language.choose, name="language"),
    path("sign-in/", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-in/code/", sign_in.code, name="sign-in-code"),
    path("sign-out/", auth.LogoutView.as_view(), name="sign-out"),
    path("admin/login/", sign_in.admin_sign_in),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account-password")),
    path("password-reset/", account.Reset.as_view(), name="password-reset"),
    path(
        "password-reset/sent/",
        TemplateView.as_view(template_name="accounts/reset_sent.html"),
        name="password-reset-sent",
    ),
    path("password-reset/<uidb64>/<token>/", account.ResetConfirm.as_view(), name="password-reset-confirm"),
    path("invitation/<str:token>/", team.invitation, name="invitation"),
    path("account/", account.account, name="account"),
    path("account/password/", account.ChangePassword.as_view(), name="account-password"),
    path("account/two-step/", account.set_up_second_step, name="account-two-step"),
    path("account/two-step/change/", account.change_second_step, name="account-two-step-change"),
    path("account/sessions/end-others/", account.end_others, name="account-end-others"),
    path("account/sessions/<uuid:public_id>/end/", account.end_one, name="account-end-one"),
    path("garage/", garage.workbench, name="garage"),
    path("garage/parts/", garage.check_part_numbers, name="garage-parts"),
    path("garage/cars/", garage.check_cars, name="garage-cars"),
    path("garage/search/", search.search, name="garage-search"),
    path("garage/part/", search.part, name="garage-part"),
    path("garage/watches/", watches.cars, name="garage-watches"),
    path("garage/watches/parts/", watches.parts, name="garage-watches-parts"),
    path("garage/watches/<uuid:public_id>/remove/", watches.remove, name="garage-watch-remove"),
    path("garage/stock/", stock.stock, name="garage-stock"),
    path("garage/stock/<uuid:public_id>/", stock.waiting, name="garage-stock-waiting"),
    path("garage/keys/", keys.keys, name="garage-keys"),
    path("garage/keys/<uuid:public_id>/revoke/", keys.revoke, name="garage-key-revoke"),
    path("garage/webhooks/", webhooks.webhooks, name="garage-webhooks"),
    path("garage/webhooks/<uuid:public_id>/", webhooks.webhook, name="garage-webhook"),
    path("garage/team/", team.team, name="garage-team"),
    path("garage/team/<uuid:public_id>/role/", team.role, name="garage-team-role"),
    path("garage/team/<uuid:public_id>/remove/", team.remove, name="garage-team-remove"),
    path("garage/team/invitations/<uuid:public_id>/withdraw/", team.withdraw, name="garage-team-withdraw"),
    path("how-we-decide/", views.how_we_decide, name="how-we-decide"),
    path("privacy/", TemplateView.as_view(template_name="web/privacy.html"), name="privacy"),
    path("metrics", metrics.metrics, name="metrics"),
    path(".well-known/security.txt", views.security_txt, name="security-txt"),
]
