"""`manage.py makemessages -l cy`: bring a translation up to date with our texts. Needs GNU gettext."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import makemessages

# Not ours, or read by nobody in another language: the admin is English, and so are e-mails but to owners and subscribers.
_ENGLISH_MAIL = ("*/accounts/mail/*", "*/watches/mail/*")
NOT_TRANSLATED = (".venv/*", "tests/*", "bench/*", "*/templates/admin/*", *_ENGLISH_MAIL, "garagehub/sandbox/*")


class Command(makemessages.Command):
    """Django's, told that we also write `lazy("…")`; texts that changed are left open instead of guessed."""

    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=lazy"]  # noqa: RUF012 - as Django has it
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]  # noqa: RUF012 - as Django has it

    def handle(self, *args: Any, **options: Any) -> None:
        options["ignore_patterns"] = [*options["ignore_patterns"], *NOT_TRANSLATED]
        options |= {"no_obsolete": True, "add_location": "file"}
        super().handle(*args, **options)
