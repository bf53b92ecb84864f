"""The ASGI application, for hosts that ask for one. `make run` serves WSGI: see docs/adr/."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "garagehub.settings")

application = get_asgi_application()
