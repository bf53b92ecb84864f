"""What the links in e-mails carry, each good for one purpose only."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from garagehub.lib.tokens import Purpose

CONFIRM_WITHIN: Final = timedelta(hours=48)

CONFIRMING: Final = Purpose("dealers.notices.confirm", CONFIRM_WITHIN)
MANAGING: Final = Purpose("dealers.notices.manage")  # an old e-mail must still let its reader leave
