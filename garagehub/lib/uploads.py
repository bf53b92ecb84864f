"""How large uploaded files may be: counted as they come, before a view or the CSRF check has seen the form."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

MAX_BYTES = 20 * 1024 * 1024


class BoundedUploadHandler(FileUploadHandler):
    """Lets go of a form's files once they are above the limit; `is_too_large` then says why there is none."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._size += len(raw_data)
        if self._size > MAX_BYTES:
            if self.request is not None:
                self.request.META["garagehub.too_large"] = True
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def is_too_large(request: Any) -> bool:
    """Whether files of this form were let go because they are above the limit."""
    return bool(request.META.get("garagehub.too_large"))
