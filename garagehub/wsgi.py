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
# More than one of those makes, all of it needed to the end: by default it would be looked through six times.
gc.set_threshold(20_000)
