"""The admin's view of dealers: reading, repairing, and telling people. What we derive is read-only."""

from dealers.admin import evidence, incidents, places

__all__ = ["evidence", "incidents", "places"]
