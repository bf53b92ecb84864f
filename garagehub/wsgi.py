"""The WSGI application that granian serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "garagehub.settings")

application = get_wsgi_application()

# What is loaded by now stays. The garbage collector would look through it again and again, amid the largest answers.
_ = get_resolver().url_patterns  # loads every view
gc.collect()
gc.freeze()
gc.set_threshold(20_000)  # more than one of those makes, all to go at its end: by default, it is looked through six times
