"""A file that comes in over HTTP: never more of it than is allowed, and nothing is left of it."""

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

IN_MEMORY_BYTES = 1024 * 1024  # a larger file is written to disk, without a name
FRAME_BYTES = 16 * 1024  # what the parts of a form have around them
MULTIPART = "multipart/form-data"


def too_large() -> FileTooLarge:
    """The refusal of a file that is larger than allowed."""
    allowed = settings.MAX_FILE_SIZE
    return FileTooLarge(
        f"The file is larger than {allowed:,} bytes ({allowed / 1024 / 1024:.0f} MiB), which is the"
        " most that is allowed. Split it into several files, each with the header row, and import"
        " them one after the other.",
        max_bytes=allowed,
    )


class UploadHandler(FileUploadHandler):
    """Takes in at most MAX_FILE_SIZE bytes, whatever Content-Length says, and keeps them in a file
    without a name, which the operating system removes however this process ends."""

    chunk_size = 256 * 1024

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.size_bytes = 0
        self._kept: Any = None

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        """Refuses a body that is too large as a whole before any of it is read."""
        if content_length > _largest_body():
            raise too_large()

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        super().new_file(*args, **kwargs)
        self._kept = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed with the request

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keeps some bytes; of all files of a request together, lest two be twice as much."""
        self.size_bytes += len(raw_data)
        if self.size_bytes > settings.MAX_FILE_SIZE:
            self._kept.close()
            raise too_large()
        self._kept.write(raw_data)

    def file_complete(self, file_size: int) -> Any:
        """The file, whole: Django calls this only once the boundary after it was there."""
        self._kept.seek(0)
        return UploadedFile(self._kept, self.file_name, self.content_type, file_size, self.charset)

    def upload_interrupted(self) -> None:
        """The body ended in the middle of a file: half a file is never imported."""
        self._kept.close()
        raise UploadIncomplete


def prepare(request: HttpRequest) -> None:
    """Puts the handler in place. To be called before anything looks at the form: the CSRF check of
    a session does."""
    request.upload_handlers = [UploadHandler(request)]
    _accept_chunked(request)


def refuse_too_large(request: Request) -> None:
    """Raises FileTooLarge where Content-Length alone says so; the body is not read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    is_form = str(request.content_type).startswith(MULTIPART)
    if is_form and length.isdecimal() and int(length) > _largest_body():
        raise too_large()


def file_of(request: Request) -> Any:
    """The form field `file`, an UploadedFile or None. Raises WrongOption for more than one."""
    files = request.FILES.getlist("file") if request.FILES else []
    if len(files) > 1:
        raise WrongOption("Send one file at a time, as the form field 'file'.")
    return files[0] if files else None


def no_file(request: Request) -> FileRequired:
    """The refusal of an upload without a file, which says what there is in its place."""
    names = sorted({*request.FILES, *request.data})[:10] if request.data else []
    found = f" The request has: {', '.join(name[:50] for name in names)}." if names else ""
    return FileRequired(
        "Send the file as the form field 'file' of a multipart/form-data request, or the upload_id"
        f" of a preview.{found}"
    )


def content_of(file: Any) -> BinaryIO:
    """What is in it, at its beginning."""
    content = cast(BinaryIO, file.file)
    content.seek(0)
    return content


def sha256_of(file: Any) -> str:
    """The hash by which two uploads are known as the same."""
    return hashlib.file_digest(cast(Any, content_of(file)), "sha256").hexdigest()


def _largest_body() -> int:
    return settings.MAX_FILE_SIZE + settings.DATA_UPLOAD_MAX_MEMORY_SIZE + FRAME_BYTES


def _accept_chunked(request: HttpRequest) -> None:
    """Lets a body without a length (`Transfer-Encoding: chunked`) in, where the server marks its
    end. Django takes such a body for an empty one; the handler counts, so the length that is put
    here, the largest there is, does no harm."""
    environ: dict[str, Any] = request.META
    if environ.get("CONTENT_LENGTH") or not environ.get("wsgi.input_terminated"):
        return
    if not environ.get("CONTENT_TYPE", "").startswith(MULTIPART):
        return
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        environ["CONTENT_LENGTH"] = str(_largest_body())
        request._stream = environ["wsgi.input"]
