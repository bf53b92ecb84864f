"""The site, with views that do nothing beside it: what answers are measured against."""

from django.conf import settings

from garagehub.wsgi import application

__all__ = ["application"]

settings.ROOT_URLCONF = "bench.empty_urls"
