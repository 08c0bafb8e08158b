"""The refusals of the import: each has a sentence, a stable code and an HTTP status.

The API answers with problem details, the admin site shows a form error or a message, and commands
write to stderr. Problems of single rows are values, not exceptions (`imports.validation.problems`).
"""

from __future__ import annotations

from typing import Any

from core.errors import Refusal, TooManyRequests, TryAgainLater


class FileRefused(Refusal):
    """The file can't be imported as it is."""

    code = "file_refused"


# --- the file as a whole ----------------------------------------------------------------------


class FileTooLarge(FileRefused):
    """The file is larger than allowed."""

    code = "file_too_large"
    status = 413


class FileEmpty(FileRefused):
    """The file is empty."""

    code = "file_empty"


class NotCsv(FileRefused):
    """The file is not a CSV file and not an .xlsx workbook."""

    code = "not_csv"


class BinaryContent(FileRefused):
    """The file contains a NUL character, so it is not text."""

    code = "binary_content"


class EncodingUnknown(FileRefused):
    """The file is not UTF-8, and no encoding was named."""

    code = "encoding_unknown"


class UnknownEncoding(FileRefused):
    """The encoding that was named is not one that this service can read."""

    code = "unknown_encoding"


class Undecodable(FileRefused):
    """The file can't be read in the encoding that was named."""

    code = "undecodable"


class UnknownDelimiter(FileRefused):
    """The delimiter that was named is not one of comma, semicolon, tab and pipe."""

    code = "unknown_delimiter"


class MixedDelimiters(FileRefused):
    """The header row has another delimiter than the rows below it."""

    code = "mixed_delimiters"


class CsvSyntax(FileRefused):
    """The quoting of the file is broken."""

    code = "csv_syntax"


class CellTooLong(FileRefused):
    """A cell is longer than allowed."""

    code = "cell_too_long"


class RecordTooLong(FileRefused):
    """A row is longer than allowed."""

    code = "record_too_long"


class TooManyColumns(FileRefused):
    """The file has more columns than allowed."""

    code = "too_many_columns"


class HeaderTooLarge(FileRefused):
    """The header row is larger than allowed."""

    code = "header_too_large"


class NoHeader(FileRefused):
    """The file has no header row."""

    code = "no_header"


class MissingColumn(FileRefused):
    """A required column is missing."""

    code = "missing_column"


class DuplicateColumn(FileRefused):
    """Two columns stand for the same field."""

    code = "duplicate_column"


class ForbiddenColumn(FileRefused):
    """The file has a column that no file may set."""

    code = "forbidden_column"


class UnknownMapping(FileRefused):
    """The mapping names a field or a header that does not exist."""

    code = "unknown_mapping"


class NoRows(FileRefused):
    """The file has a header but no rows below it."""

    code = "no_rows"


class TooManyRows(FileRefused):
    """The file has more rows than allowed."""

    code = "too_many_rows"


class BrokenWorkbook(FileRefused):
    """The workbook is damaged or protected."""

    code = "broken_workbook"


class WorkbookTooLarge(FileRefused):
    """The workbook is larger than allowed once it is unpacked."""

    code = "uncompressed_too_large"
    status = 413


class WorkbookTooExpensive(FileRefused):
    """Reading the workbook takes more memory or time than is allowed."""

    code = "workbook_too_expensive"


class UnknownSheet(FileRefused):
    """The workbook has no sheet of that name."""

    code = "unknown_sheet"


class WorkbookReaderBusy(TryAgainLater):
    """Too many workbooks are being read at the moment. Try again in a few seconds."""

    code = "workbook_reader_busy"


# --- actions on a batch -----------------------------------------------------------------------


class MoveNotAllowed(Refusal):
    """The batch is not in a status that allows this."""

    code = "move_not_allowed"
    status = 409


class UndoNotPossible(Refusal):
    """This import can't be undone."""

    code = "undo_not_possible"
    status = 409


class RetryNotPossible(Refusal):
    """This import can't be run again."""

    code = "retry_not_possible"
    status = 409


# --- the request of an upload -----------------------------------------------------------------


class FileRequired(Refusal):
    """The request contains no file."""

    code = "file_required"


class UploadIncomplete(Refusal):
    """The upload was cut off before its end, so nothing of it was imported. Send it again."""

    code = "upload_incomplete"


class IdempotencyKeyReused(Refusal):
    """This Idempotency-Key came with another file before. Use a new key for a new file."""

    code = "idempotency_key_reused"
    status = 422


# --- permissions and options ------------------------------------------------------------------


class FeatureDisabled(Refusal):
    """Importing users is switched off at the moment. Try again later."""

    code = "feature_disabled"
    status = 503


class ImportsHalted(TryAgainLater):
    """Imports are halted for the moment. What was started goes on later. Try again in minutes."""

    code = "imports_halted"


class OrganisationInactive(Refusal):
    """This organisation is not active, so nobody can be imported into it."""

    code = "organization_inactive"
    status = 403


class WrongOption(Refusal):
    """An option of the import has a value that is not allowed."""

    code = "invalid_option"
    status = 400


class UnknownOption(Refusal):
    """There is no option of this name."""

    code = "unknown_option"
    status = 400


# --- quotas and the block list ----------------------------------------------------------------


class QuotaExceeded(TooManyRequests):
    """You have uploaded as much as you may for now. Try again later."""

    code = "quota_exceeded"

    def __init__(self, detail: str = "", *, usage: Any, retry_after_seconds: int) -> None:
        """Takes also what is left of the quota (`quotas.Usage`), for the headers."""
        self.usage = usage
        super().__init__(detail, limit=usage.limit, retry_after_seconds=retry_after_seconds)

    def headers(self) -> dict[str, str]:
        """`X-RateLimit-*` and `Retry-After`."""
        return {**self.usage.headers(), **super().headers()}


class StagingFull(Refusal):
    """The files of your organisation take up all the space that they may. Try again later."""

    code = "staging_full"
    status = 507


class UploadBlocked(Refusal):
    """Uploads from here are blocked. Please ask MarketEdge's support."""

    code = "upload_blocked"
    status = 403
