"""What every template may read."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from dealers.models import Dealer


def site(request: HttpRequest) -> dict[str, Any]:
    """`demo`: whether the demonstration scenario is loaded, which every page must say; `mailbox`: where its e-mails are;
    `languages`: those we speak, each by its own name.
    """
    demo = Dealer.objects.filter(is_demo=True).exists()
    return {
        "demo": demo,
        "mailbox": f"{settings.SANDBOX_URL}/mail" if demo and settings.SANDBOX_URL else "",
        "languages": settings.LANGUAGES,
    }
