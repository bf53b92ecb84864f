"""Every slice's admin, so that Django finds them."""

from parts.blocking import admin as blocking
from parts.blocking.overview import admin as overview
from parts.catalogue import admin as catalogue
from parts.feeds import admin as feeds
from parts.notices import admin as notices
from parts.stock import admin as stock
from parts.vehicles import admin as vehicles

__all__ = ["blocking", "catalogue", "feeds", "notices", "overview", "stock", "vehicles"]
