"""Files that are sent: small, and never on the disk."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import MemoryFileUploadHandler

#: A photo of a telephone; the page makes it much smaller before it is sent.
LARGEST_UPLOAD_MB = 12


class InMemory(MemoryFileUploadHandler):
    """Holds what is sent in memory; a larger request is refused before it is read."""

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *more: Any, **named: Any) -> None:
        """:raises RequestDataTooBig: answered with 413"""
        if content_length > LARGEST_UPLOAD_MB * 1024 * 1024:
            raise RequestDataTooBig(f"More than {LARGEST_UPLOAD_MB} MB were sent.")
        self.activated = True
