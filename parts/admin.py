"""Every slice's admin, so that Django finds them."""

from parts.blocking import admin as blocking
from parts.catalogue import admin as catalogue
from parts.vehicles import admin as vehicles

__all__ = ["blocking", "catalogue", "vehicles"]
