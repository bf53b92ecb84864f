"""The site, with views that do nothing beside it: what answers are measured against."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "garagehub.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application

settings.ROOT_URLCONF = "bench.empty_urls"
application = get_wsgi_application()
