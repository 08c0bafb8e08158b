"""Uploaded files: limits their size, and deletes them after the request.

The API and the admin use this module.
"""

from __future__ import annotations

import hashlib
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from rest_framework.request import Request

from imports.errors import FileRequired, FileTooLarge, UploadIncomplete, WrongOption

FILE_FIELD = "file"
IN_MEMORY_BYTES = 1024 * 1024  # a larger file is written to disk
FRAME_BYTES = 16 * 1024  # allowed for the boundaries and headers of a form's parts
MULTIPART = "multipart/form-data"


def too_large() -> FileTooLarge:
    """The refusal of a file or body that is larger than allowed."""
    allowed = settings.MAX_FILE_SIZE
    return FileTooLarge(
        f"The file is larger than {allowed:,} bytes ({allowed / 1024 / 1024:.0f} MiB), which is the"
        " most that is allowed. Split it into several files, each with the header row, and import"
        " them one after the other.",
        max_bytes=allowed,
    )


class UploadHandler(FileUploadHandler):
    """Accepts at most MAX_FILE_SIZE bytes, whatever Content-Length says.

    Stores them in a temporary file without a name. The operating system removes it when it is
    closed, also when the process crashes."""

    chunk_size = 256 * 1024

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.size_bytes = 0
        self._content: Any = None

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        """Raises FileTooLarge if Content-Length is too large, before anything is read."""
        if content_length > largest_body():
            raise too_large()

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Opens a temporary file for the next file of the form."""
        super().new_file(*args, **kwargs)
        self._content = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed with the request

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Stores some bytes. The limit applies to all files of a request together."""
        self.size_bytes += len(raw_data)
        if self.size_bytes > settings.MAX_FILE_SIZE:
            self._content.close()
            raise too_large()
        self._content.write(raw_data)

    def file_complete(self, file_size: int) -> Any:
        """The file. Django calls this only after it has read the boundary at the end."""
        self._content.seek(0)
        return UploadedFile(
            self._content, self.file_name, self.content_type, file_size, self.charset
        )

    def upload_interrupted(self) -> None:
        """Raises UploadIncomplete, as the body ended in the middle of a file."""
        self._content.close()
        raise UploadIncomplete


def prepare(request: HttpRequest) -> None:
    """Installs the handler. Call this before anything reads the form, as the CSRF check does."""
    request.upload_handlers = [UploadHandler(request)]
    _accept_chunked(request)


def refuse_too_large(request: Request) -> None:
    """Raises FileTooLarge if Content-Length is too large. Does not read the body."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    is_form = str(request.content_type).startswith(MULTIPART)
    if is_form and length.isdecimal() and int(length) > largest_body():
        raise too_large()


def file_of(request: Request) -> Any:
    """The UploadedFile of the form field `file`, or None. Raises WrongOption for several files."""
    files = request.FILES.getlist(FILE_FIELD) if request.FILES else []
    if len(files) > 1:
        raise WrongOption("Send one file at a time, as the form field 'file'.")
    return files[0] if files else None


def no_file(request: Request) -> FileRequired:
    """The refusal of an upload without a file. It names the fields that were sent."""
    names = sorted({*request.FILES, *request.data})[:10] if request.data else []
    found = f" The request has: {', '.join(name[:50] for name in names)}." if names else ""
    return FileRequired(
        "Send the file as the form field 'file' of a multipart/form-data request, or the upload_id"
        f" of a preview.{found}"
    )


def content_of(file: Any) -> BinaryIO:
    """The content of an UploadedFile, at its beginning."""
    content = cast(BinaryIO, file.file)
    content.seek(0)
    return content


def sha256_of(file: Any) -> str:
    """The SHA-256 of an UploadedFile, in hex."""
    return hashlib.file_digest(cast(Any, content_of(file)), "sha256").hexdigest()


def largest_body() -> int:
    """The largest body of a request that uploads a file, in bytes."""
    return settings.MAX_FILE_SIZE + settings.DATA_UPLOAD_MAX_MEMORY_SIZE + FRAME_BYTES


def _accept_chunked(request: HttpRequest) -> None:
    """Makes Django read a body without a length (`Transfer-Encoding: chunked`), if the server marks
    its end. Without a length, Django treats the body as empty.

    Sets the largest length that is allowed. The handler counts the bytes that arrive."""
    environ: dict[str, Any] = request.META
    if environ.get("CONTENT_LENGTH") or not environ.get("wsgi.input_terminated"):
        return
    if not environ.get("CONTENT_TYPE", "").startswith(MULTIPART):
        return
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        environ["CONTENT_LENGTH"] = str(largest_body())
        # Private: WSGIRequest has limited its stream to 0 bytes, and has no public way to replace
        # it. tests/imports/api/uploads/test_uploads.py sends such bodies through a real server.
        request._stream = environ["wsgi.input"]
