"""What was said is kept for as long as somebody may need it again, and no longer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from garagehub.outbox.models import Message

KEEP_EMAIL_FOR: Final = timedelta(days=1)  # long enough to find out why one did not come
KEEP_WEBHOOK_FOR: Final = timedelta(days=14)  # until then it can be sent again
KEEP_LOG_FOR: Final = timedelta(days=30)
GIVE_UP_AFTER: Final = timedelta(days=7)  # such as on a site without a mail server: old news helps nobody


def sweep(*, at: datetime) -> dict[str, int]:
    """Give up what waited too long, empty what ended a while ago, and delete the last trace later; answers how many."""
    email, webhook = Message.Channel.EMAIL, Message.Channel.WEBHOOK
    too_old = Message.objects.filter(state=Message.State.QUEUED, created_at__lt=at - GIVE_UP_AFTER)
    given_up = too_old.filter(Q(claimed_until=None) | Q(claimed_until__lt=at), due_at__lt=at).update(
        state=Message.State.FAILED, ended_at=at
    )
    old = Q(channel=email, ended_at__lt=at - KEEP_EMAIL_FOR) | Q(channel=webhook, ended_at__lt=at - KEEP_WEBHOOK_FOR)
    purged = Message.objects.filter(old, ended_at__isnull=False, purged_at=None).update(
        to="", subject="", text="", headers={}, purged_at=at
    )
    deleted = Message.objects.filter(ended_at__lt=at - KEEP_LOG_FOR).delete()[1].get("outbox.Message", 0)
    return {"given_up": given_up, "purged": purged, "deleted": deleted}
