"""Every slice's admin, so that Django finds them."""

from parts.catalogue import admin as catalogue

__all__ = ["catalogue"]
