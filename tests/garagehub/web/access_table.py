"""Who may ask for what: every page and every call of the API. A new address gets its row here first.

The people: `anonymous`; the `stranger`, who owns another garage; the `member` and the `owner` of the garage that all
objects in the addresses belong to; the `admin`, who works at no garage.
"""

from __future__ import annotations

ANYONE = frozenset({"anonymous", "stranger", "member", "owner", "admin"})
SIGNED_IN = ANYONE - {"anonymous"}
GARAGES = frozenset({"stranger", "member", "owner"})  # each for their own place: the address names none
HERE = frozenset({"member", "owner"})
OWNERS = frozenset({"stranger", "owner"})  # each for their own place
OWNER = frozenset({"owner"})
SELF = frozenset({"owner"})  # whose session the address names

# Calls that take keys, with the scope they ask for.
SCOPES = {
    "POST api/v1/reports": "report",
    "POST api/v1/reports/bulk": "report",
    "POST api/v1/vehicles/check": "read",
    "POST api/v1/parts/check": "read",
    "POST api/v1/stock": "stock",
    "POST api/v1/stock/preview": "stock",
    "GET api/v1/watches": "watch",
    "POST api/v1/watches": "watch",
    "DELETE api/v1/watches/<uuid:public_id>": "watch",
    "GET api/v1/webhooks": "webhooks",
    "POST api/v1/webhooks": "webhooks",
    "GET api/v1/webhooks/<uuid:public_id>": "webhooks",
    "DELETE api/v1/webhooks/<uuid:public_id>": "webhooks",
    "POST api/v1/webhooks/<uuid:public_id>/rotate": "webhooks",
    "POST api/v1/webhooks/<uuid:public_id>/enable": "webhooks",
    "POST api/v1/webhooks/<uuid:public_id>/ping": "webhooks",
    "GET api/v1/webhooks/<uuid:public_id>/deliveries": "webhooks",
    "POST api/v1/webhooks/<uuid:public_id>/deliveries/<uuid:message_id>/replay": "webhooks",
}

TABLE = {
    # The API
    "GET api/v1/schema": ANYONE,
    "GET api/v1/docs": ANYONE,
    "GET api/v1/dealers": ANYONE,
    "GET api/v1/dealers/<slug:code>": ANYONE,
    "GET api/v1/incidents": ANYONE,
    "GET api/v1/incidents/<slug:slug>": ANYONE,
    "GET api/v1/status": ANYONE,
    "POST api/v1/vehicles/lookup": ANYONE,
    "POST api/v1/vehicles/check": GARAGES,
    "POST api/v1/parts/check": GARAGES,
    "POST api/v1/reports": GARAGES,
    "POST api/v1/reports/bulk": GARAGES,
    "POST api/v1/stock": GARAGES,
    "POST api/v1/stock/preview": GARAGES,
    "GET api/v1/watches": GARAGES,
    "POST api/v1/watches": GARAGES,
    "DELETE api/v1/watches/<uuid:public_id>": HERE,
    "GET api/v1/webhooks": OWNERS,
    "POST api/v1/webhooks": OWNERS,
    "GET api/v1/webhooks/<uuid:public_id>": OWNER,
    "DELETE api/v1/webhooks/<uuid:public_id>": OWNER,
    "POST api/v1/webhooks/<uuid:public_id>/rotate": OWNER,
    "POST api/v1/webhooks/<uuid:public_id>/enable": OWNER,
    "POST api/v1/webhooks/<uuid:public_id>/ping": OWNER,
    "GET api/v1/webhooks/<uuid:public_id>/deliveries": OWNER,
    "POST api/v1/webhooks/<uuid:public_id>/deliveries/<uuid:message_id>/replay": OWNER,
    # Sign-in and accounts
    "GET sign-in/": ANYONE,
    "POST sign-in/": ANYONE,
    "GET sign-in/code/": frozenset(),  # asked of who has just given a password
    "POST sign-in/code/": frozenset(),
    "POST sign-out/": ANYONE,
    "GET password-reset/": ANYONE,
    "POST password-reset/": ANYONE,
    "GET password-reset/sent/": ANYONE,
    "GET password-reset/<uidb64>/<token>/": ANYONE,  # and the link decides
    "POST password-reset/<uidb64>/<token>/": ANYONE,
    "GET invitation/<str:token>/": ANYONE,  # and the link decides
    "POST invitation/<str:token>/": ANYONE,
    "GET account/": SIGNED_IN,
    "GET account/password/": SIGNED_IN,
    "POST account/password/": SIGNED_IN,
    "GET account/two-step/": SIGNED_IN,
    "POST account/two-step/": SIGNED_IN,
    "GET account/two-step/change/": SIGNED_IN,
    "POST account/two-step/change/": SIGNED_IN,
    "POST account/sessions/end-others/": SIGNED_IN,
    "POST account/sessions/<uuid:public_id>/end/": SELF,
    # The garage's own pages
    "GET garage/": GARAGES,
    "GET garage/parts/": SIGNED_IN,  # leads back to the workbench
    "POST garage/parts/": GARAGES,
    "GET garage/cars/": SIGNED_IN,
    "POST garage/cars/": GARAGES,
    "GET garage/search/": GARAGES,
    "POST garage/search/": GARAGES,
    "GET garage/part/": frozenset(),  # who works at a garage is told of the part that the address names; here, none
    "GET garage/watches/": GARAGES,
    "POST garage/watches/": GARAGES,
    "GET garage/watches/parts/": GARAGES,
    "POST garage/watches/parts/": GARAGES,
    "POST garage/watches/mail/": GARAGES,
    "GET garage/watches/mail/<str:token>/": frozenset(),  # the link decides; this one is made up
    "POST garage/watches/mail/<str:token>/": frozenset(),
    "POST garage/watches/<uuid:public_id>/remove/": HERE,
    "GET garage/stock/": GARAGES,
    "POST garage/stock/": GARAGES,
    "GET garage/stock/<uuid:public_id>/": HERE,
    "POST garage/stock/<uuid:public_id>/": HERE,
    "GET garage/keys/": GARAGES,
    "POST garage/keys/": OWNERS,
    "POST garage/keys/<uuid:public_id>/revoke/": OWNER,
    "GET garage/webhooks/": GARAGES,
    "POST garage/webhooks/": OWNERS,
    "GET garage/webhooks/<uuid:public_id>/": HERE,
    "POST garage/webhooks/<uuid:public_id>/": OWNER,
    "GET garage/team/": GARAGES,
    "POST garage/team/": OWNERS,
    "POST garage/team/second-step/": OWNERS,
    "POST garage/team/<uuid:public_id>/role/": OWNER,
    "POST garage/team/<uuid:public_id>/remove/": HERE,  # the address names the member, who may leave
    "POST garage/team/invitations/<uuid:public_id>/withdraw/": OWNER,
    # What anyone may read or ask
    "GET ": ANYONE,
    "GET board/": ANYONE,
    "GET board/<str:language>/": ANYONE,
    "POST language/": ANYONE,
    "GET how-we-decide/": ANYONE,
    "GET privacy/": ANYONE,
    "GET metrics": ANYONE,  # on this machine; elsewhere with a token
    "GET .well-known/security.txt": ANYONE,
    "GET vehicle/": ANYONE,
    "POST vehicle/": ANYONE,
    "GET vehicle/alerts/": ANYONE,  # leads back to the question
    "POST vehicle/alerts/": ANYONE,
    "GET vehicle/alerts/sent/": ANYONE,
    "GET vehicle/alerts/confirm/<str:token>/": frozenset(),  # the link decides; this one is made up
    "POST vehicle/alerts/confirm/<str:token>/": frozenset(),
    "GET vehicle/alerts/of/<str:token>/": frozenset(),
    "POST vehicle/alerts/of/<str:token>/": frozenset(),
    "GET dealers/": ANYONE,
    "GET dealers/<slug:slug>/": ANYONE,
    "GET dealers/<slug:slug>/report/": ANYONE,  # leads to the dealer's page
    "POST dealers/<slug:slug>/report/": ANYONE,  # the public's word, capped
    "GET makes/<slug:slug>/": ANYONE,
    "GET incidents/": ANYONE,
    "GET incidents/<slug:slug>/": ANYONE,
    "GET subscriptions/": ANYONE,
    "POST subscriptions/": ANYONE,
    "GET subscriptions/sent/": ANYONE,
    "GET subscriptions/confirm/<str:token>/": frozenset(),  # the link decides; this one is made up
    "POST subscriptions/confirm/<str:token>/": frozenset(),
    "GET subscriptions/of/<str:token>/": frozenset(),
    "POST subscriptions/of/<str:token>/": frozenset(),
    # Statuspage, feeds, badges
    **{
        f"GET {below}api/v2/{document}.json": ANYONE
        for below in ("", "dealers/<slug:slug>/", "systems/<slug:system>/")
        for document in (
            "summary",
            "status",
            "components",
            "incidents",
            "incidents/unresolved",
            "scheduled-maintenances",
            "scheduled-maintenances/upcoming",
            "scheduled-maintenances/active",
        )
    },
    "GET systems/<slug:system>/": ANYONE,
    "GET history.atom": ANYONE,
    "GET history.rss": ANYONE,
    "GET calendar.ics": ANYONE,
    "GET badge/<slug:slug>/<slug:system>.svg": ANYONE,
    "GET badge/<slug:slug>/<slug:system>.json": ANYONE,
    # The admin; its other addresses are asked for in a test of their own
    "GET admin/login/": frozenset(),  # leads strangers to our sign-in, and tells others that they are no admin
    "GET admin/password_change/": ANYONE,  # leads to our own page
    "POST admin/password_change/": ANYONE,
}
