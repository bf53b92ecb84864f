"""The errors a caller can do something about. Edges turn them into a page message or a problem+json answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class DomainError(Exception):
    """Something the caller can fix. `code` is stable and machine-readable, the message plain English.

    `fields` names the inputs at fault: {"registration": ["Enter a number plate, such as AA19 AAA."]}.
    """

    status = 400

    def __init__(self, message: str, *, code: str, fields: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.fields = {name: list(texts) for name, texts in (fields or {}).items()}


class NotFoundError(DomainError):
    """Nothing there, or nothing this caller may see."""

    status = 404


class NotAllowedError(DomainError):
    """Known caller, not theirs to do."""

    status = 403


class ConflictError(DomainError):
    """Something else is in the way right now."""

    status = 409


class MismatchError(DomainError):
    """Well formed, but at odds with what came before."""

    status = 422


class UnavailableError(DomainError):
    """An outside service we need did not answer; trying again after `retry_after_s`, if known, may work."""

    status = 503

    def __init__(
        self,
        message: str,
        *,
        code: str,
        fields: Mapping[str, Sequence[str]] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message, code=code, fields=fields)
        self.retry_after_s = retry_after_s
