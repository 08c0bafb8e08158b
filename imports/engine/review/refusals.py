"""The refusals of a review, and of the import of a reviewed file."""

from __future__ import annotations

from core.errors import Refusal


class UploadChanged(Refusal):
    """The rows were changed meanwhile. Look at them again, then repeat it."""

    code = "upload_changed"
    status = 409


class UploadImported(Refusal):
    """This file is being imported already, so its rows can't be changed any more."""

    code = "upload_imported"
    status = 409


class FileNeeded(Refusal):
    """The rows were read in another way. Send the file again to read it like this."""

    code = "file_needed"
    status = 409


class NothingToTakeBack(Refusal):
    """There is no change left that could be taken back."""

    code = "nothing_to_undo"
    status = 409


class NothingToImport(Refusal):
    """All rows of the file are left out. Take back at least one of them, then import."""

    code = "nothing_to_import"
    status = 409


class WrongEdit(Refusal):
    """A change names a row or a field that the file does not have."""

    code = "invalid_edit"
