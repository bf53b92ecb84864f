"""GarageHub's settings: one file, read from the environment by `garagehub.env`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dj_database_url
from celery.schedules import crontab
from csp.constants import NONE, SELF
from redis.backoff import NoBackoff
from redis.retry import Retry

from garagehub.env import env_bool, env_int, env_list, env_mail, env_secret, env_str

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = env_secret("SECRET_KEY")
DEBUG = env_bool("DEBUG", default=False)
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", default=[])
METRICS_TOKEN = env_str("METRICS_TOKEN")
SECURITY_CONTACT = env_str("SECURITY_CONTACT", "mailto:security@garagehub.example")
SITE_URL = env_str("SITE_URL", "http://127.0.0.1:8000").rstrip("/")

INSTALLED_APPS = [
    "garagehub.accounts",
    "garagehub.outbox",
    "dealers",
    "parts",
    "garagehub.web",
    "garagehub.scenario",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "garagehub.web.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "garagehub.web.language.PageLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "garagehub.web.second_step.SecondStepMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "garagehub.urls"
WSGI_APPLICATION = "garagehub.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "garagehub" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "garagehub.web.context.site",
            ],
        },
    },
]

_database: dict[str, Any] = {
    **dj_database_url.parse(env_secret("DATABASE_URL"), conn_max_age=env_int("CONN_MAX_AGE", default=60)),
    "CONN_HEALTH_CHECKS": True,
}
if env_bool("PREPARE_STATEMENTS", default=True):
    _options = _database.setdefault("OPTIONS", {})
    # So many uses that psycopg prepares nothing but what asks for it (garagehub.lib.prepared); None would refuse that too.
    _options["prepare_threshold"] = 2**31
    # A plan for any values looks dear where tables are new, and compiling it takes a second that running it does not.
    _options["options"] = f"{_options.get('options', '')} -c plan_cache_mode=force_generic_plan -c jit=off".strip()
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env_secret("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "garagehub.lib.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "garagehub",
        # One try: a Redis that hangs is given up after a second, not after four.
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1, "retry": Retry(NoBackoff(), 0)},
    }
}

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 2 * 60 * 60
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "garage"
LOGOUT_REDIRECT_URL = "home"

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English"), ("cy", "Cymraeg")]  # pages; what machines read is English (garagehub.web.language)
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/London"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = Path(env_str("STATIC_ROOT") or BASE_DIR / ".garagehub" / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "garagehub" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env_str("STATICFILES_STORAGE", "whitenoise.storage.CompressedManifestStaticFilesStorage")
    },
}

# Cookies and headers. HTTPS is on unless the site is served on a plain address, as `make run` does.
HTTPS = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 60 * 60 * 24 * 365
SESSION_ENGINE = "garagehub.accounts.sessions"
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "garagehub.web.views.stale_form"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("BEHIND_PROXY", default=False) else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
FILE_UPLOAD_HANDLERS = [
    "garagehub.lib.uploads.BoundedUploadHandler",  # first: no form's files reach memory or disk beyond its limit
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "dealers.access.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["dealers.access.IsGarage"],  # a call is for garages unless it says otherwise
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["garagehub.lib.api.BodyParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "garagehub.lib.api.Paging",
    "PAGE_SIZE": 50,
    "EXCEPTION_HANDLER": "garagehub.lib.api.problem_json",
    "DEFAULT_THROTTLE_RATES": {
        "lookup": env_str("THROTTLE_LOOKUP", "60/min"),
        "lookup_total": env_str("THROTTLE_LOOKUP_TOTAL", "3000/min"),
        "public": env_str("THROTTLE_PUBLIC", "300/min"),
        "garage": env_str("THROTTLE_GARAGE", "600/min"),
        "report": env_str("THROTTLE_REPORT", "120/min"),
    },
    # How many reverse proxies in front of us add to X-Forwarded-For; 0 trusts the socket address only.
    "NUM_PROXIES": env_int("NUM_PROXIES", default=0),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "GarageHub API",
    "DESCRIPTION": "Which parts and dealer systems work, and which vehicles are blocked from MOT repair, and why.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "CONTACT": {"name": "GarageHub", "url": SITE_URL},
    "SERVERS": [{"url": SITE_URL, "description": "This site"}],
    "EXTERNAL_DOCS": {"description": "Quick start in curl and Python", "url": f"{SITE_URL}/api/v1/docs"},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "garagehub.openapi.document.complete",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "State": "dealers.models.State",
        "System": "dealers.models.System",
        "Claim": "dealers.models.CLAIMS",
        "Availability": "parts.stock.models.Availability",
        "ReporterKind": "dealers.serializers.REPORTERS",
        "Event": "dealers.models.Event",
        "DealerKind": "dealers.models.Dealer.Kind",
        "EvidenceKind": "dealers.models.Evidence.Kind",
        "WebhookState": "garagehub.outbox.models.Endpoint.State",
        "DeliveryState": "garagehub.outbox.models.Message.State",
    },
}

# The outside world. Addresses of DVSA's services; the sandbox's own are set by `make run`.
DVSA_API_URL = env_str("DVSA_API_URL")
DVSA_TOKEN_URL = env_str("DVSA_TOKEN_URL")
DVSA_CLIENT_ID = env_str("DVSA_CLIENT_ID")
DVSA_CLIENT_SECRET = env_str("DVSA_CLIENT_SECRET")
DVSA_API_KEY = env_str("DVSA_API_KEY")
DVSA_INTERNAL = env_bool("DVSA_INTERNAL", default=False)  # private addresses allowed: the sandbox
DVSA_MAKES = env_list("DVSA_MAKES", default=["LAND ROVER", "JAGUAR"])  # makes the daily import keeps
DVLA_API_URL = env_str("DVLA_API_URL")
DVLA_API_KEY = env_str("DVLA_API_KEY")
DVLA_INTERNAL = env_bool("DVLA_INTERNAL", default=False)  # private addresses allowed: the sandbox
SANDBOX_URL = env_str("SANDBOX_URL")

# E-mail goes out by SMTP; without a server it waits in the outbox.
EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_TLS, EMAIL_USE_SSL = env_mail("EMAIL_URL")
DEFAULT_FROM_EMAIL = env_str("MAIL_FROM", "GarageHub <no-reply@garagehub.example>")
EMAIL_TIMEOUT = 10

# Celery: the row is the truth, a task is a nudge, the beat is the net.
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT = "garagehub.lib.broker:Transport"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_RETRY_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 1_800
CELERY_TASK_SOFT_TIME_LIMIT = 1_740
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1_000
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3_600,  # above the hard time limit, so no running task is handed out twice
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "global_keyprefix": "garagehub:",
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
CELERY_TASK_ROUTES = {
    "parts.tasks.poll_feed": {"queue": "feeds"},
    "parts.tasks.import_daily_mot": {"queue": "feeds"},
    "parts.tasks.work_off_enquiries": {"queue": "probes"},
    "dealers.tasks.run_due_probes": {"queue": "probes"},
    "garagehub.outbox.tasks.deliver_mail": {"queue": "outbox"},
    "garagehub.outbox.tasks.deliver_webhooks": {"queue": "outbox"},
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = env_str("BEAT_SCHEDULE_FILE", "/tmp/garagehub-beat")  # noqa: S108 - beat's own clock file, not trusted data
CELERY_BEAT_SCHEDULE = {
    "poll feeds that are due": {"task": "parts.tasks.poll_due_feeds", "schedule": 5, "options": {"expires": 4}},
    "drain dirty marks": {"task": "parts.tasks.drain", "schedule": 5, "options": {"expires": 4}},
    "count the fleet": {"task": "parts.tasks.count_fleet", "schedule": 5, "options": {"expires": 4}},
    "decide everything": {"task": "parts.tasks.decide_full", "schedule": 86_400, "options": {"expires": 3_600}},
    "decide everything afresh": {
        "task": "parts.tasks.rebuild_decisions",
        "schedule": crontab(day_of_week="sun", hour="3", minute="20"),
        "options": {"expires": 3_600},
    },
    "count blocked vehicles by day": {"task": "parts.tasks.count_days", "schedule": 900, "options": {"expires": 800}},
    "import yesterday's MOT tests": {
        "task": "parts.tasks.import_daily_mot",
        "schedule": 3_600,
        "options": {"expires": 3_500},
    },
    "ask about unknown plates": {
        "task": "parts.tasks.work_off_enquiries",
        "schedule": 5,
        "options": {"expires": 4},
    },
    "tell of cars and parts": {"task": "parts.tasks.tell", "schedule": 30, "options": {"expires": 25}},
    "forget owners": {"task": "parts.tasks.forget_owners", "schedule": 3_600, "options": {"expires": 3_500}},
    "sweep stuck runs": {"task": "parts.tasks.sweep", "schedule": 60, "options": {"expires": 55}},
    "run due probes": {"task": "dealers.tasks.run_due_probes", "schedule": 5, "options": {"expires": 4}},
    "judge reports": {"task": "dealers.tasks.judge_reports", "schedule": 5, "options": {"expires": 4}},
    "recompute statuses": {"task": "dealers.tasks.recompute_statuses", "schedule": 60, "options": {"expires": 55}},
    "suggest incidents": {"task": "dealers.tasks.suggest_incidents", "schedule": 60, "options": {"expires": 55}},
    "tell of changes": {"task": "dealers.tasks.tell", "schedule": 30, "options": {"expires": 25}},
    "tell owners of webhooks": {
        "task": "dealers.tasks.tell_webhook_owners",
        "schedule": 60,
        "options": {"expires": 55},
    },
    "forget readers": {
        "task": "dealers.tasks.forget_readers",
        "schedule": 3_600,
        "options": {"expires": 3_500},
    },
    "deliver mail": {"task": "garagehub.outbox.tasks.deliver_mail", "schedule": 5, "options": {"expires": 4}},
    "deliver webhooks": {"task": "garagehub.outbox.tasks.deliver_webhooks", "schedule": 5, "options": {"expires": 4}},
    "tidy accounts": {"task": "garagehub.accounts.tasks.sweep", "schedule": 3_600, "options": {"expires": 3_500}},
    "tidy invitations": {"task": "dealers.tasks.tidy_invitations", "schedule": 86_400, "options": {"expires": 3_600}},
    "tidy the outbox": {"task": "garagehub.outbox.tasks.sweep", "schedule": 600, "options": {"expires": 550}},
    "advance maintenance": {"task": "dealers.tasks.advance_maintenance", "schedule": 60, "options": {"expires": 55}},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env_str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        # httpx logs whole URLs at INFO, and DVSA's carry a plate.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
    },
}
