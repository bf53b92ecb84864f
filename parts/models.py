"""Shows each slice's models to Django, and to nobody else: import them from their slice."""

import parts.blocking.models
import parts.catalogue.models
import parts.feeds.models
import parts.lookup.models
import parts.marks.models
import parts.notices.models
import parts.stock.models
import parts.vehicles.models  # noqa: F401 - imported for Django's registry
