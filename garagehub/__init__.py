"""GarageHub. Loading the project loads its Celery app, so that tasks find it."""

from garagehub.celery import app as celery_app

__all__ = ["celery_app"]
