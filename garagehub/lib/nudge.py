"""Send a Celery task after commit. The row is the truth; if the broker is dead, a sweep picks the row up."""

from __future__ import annotations

import logging
from typing import Any

from celery import Task
from django.db import transaction

logger = logging.getLogger(__name__)


def nudge(task: Task[Any, Any], **kwargs: Any) -> None:
    """Send the task once the transaction commits. A dead broker is logged, not raised."""

    def send() -> None:
        try:
            task.delay(**kwargs)
        except task.OperationalError:
            logger.warning("Could not nudge %s; the sweep will pick it up", task.name)

    transaction.on_commit(send)
