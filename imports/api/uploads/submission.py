"""Submitting an import: a file, or the upload of a preview."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, cast
from uuid import UUID

from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.requests.parsers import FormParser, JSONParser, MultiPartParser
from imports import actions, quotas, uploads
from imports.api.base import UploadView, validated
from imports.api.batches.detail import ACCEPTED_HEADERS, accepted
from imports.api.batches.history import HistoryView
from imports.api.batches.representation import BatchSerializer
from imports.api.openapi import examples
from imports.api.openapi.parts import (
    COMMON_REFUSALS,
    ORGANISATION,
    answer,
    header,
    limit_headers,
    refused,
)
from imports.api.uploads.options import (
    OPTION_NAMES,
    ImportOptionsSerializer,
    OptionsSerializer,
    given_options,
)
from imports.api.uploads.review_representation import MAX_ROW
from imports.engine.options import ImportOptions, ReadingOptions, refuse_unknown
from imports.engine.staged.file_reading import ReadFile
from imports.errors import WrongOption
from imports.idempotency import KeyedRequest, earlier_batch, once
from imports.models import ImportBatch, LimitType, Upload
from users.models import User

UPLOAD_ID = "upload_id"
REFERENCE_NAMES = (UPLOAD_ID, "revision")
KEY_CHARS = 255
KEY_SCHEMA = {"type": "string", "maxLength": KEY_CHARS, "pattern": "^[!-~]([ -~]*[!-~])?$"}

# --- request ----------------------------------------------------------------------------------


class SubmissionSerializer(OptionsSerializer):
    """The options of an import, and `upload_id` in place of a file."""

    upload_id = serializers.UUIDField(
        required=False, help_text="The upload_id of a preview, in place of the file."
    )
    revision = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_ROW,
        help_text="The revision of the review. Another one than the newest is refused with 409.",
    )


class ImportForm(SubmissionSerializer):
    """The form of an import: a file, or the upload_id of a preview."""

    file = serializers.FileField(required=False, help_text="CSV, or an .xlsx workbook.")


class ImportReference(ImportOptionsSerializer):
    """An import of a file that was previewed."""

    upload_id = serializers.UUIDField()
    revision = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ROW)


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """What is to be imported and how. Either `file` or `upload_id` is None."""

    file: Any  # an UploadedFile
    upload_id: UUID | None
    reading: ReadingOptions
    options: ImportOptions
    given: frozenset[str]  # the names of the options that the request contains
    revision: int | None

    def sha256(self, user: User, organisation_id: UUID) -> str:
        """The SHA-256 of the file, in hex. Raises NotFound if the upload was deleted."""
        if self.upload_id is None:
            return uploads.sha256_of(self.file)
        return actions.staged(self.upload_id, user=user, organisation_id=organisation_id).sha256

    def asked(self) -> dict[str, Any]:
        """The options that differ from their default, and the upload_id if there is one, as JSON.
        An Idempotency-Key is compared by them. The reading options of an upload are not included.
        They are those of its preview."""
        values = asdict(self.options) | asdict(self.reading)
        defaults = asdict(ImportOptions()) | asdict(ReadingOptions())
        asked = {name: value for name, value in values.items() if value != defaults[name]}
        if self.upload_id:
            asked[UPLOAD_ID] = str(self.upload_id)
        return asked


def submission_of(request: Request) -> Submission:
    """The submission that a request contains. Raises UnknownOption, ValidationError, FileRequired
    and WrongOption."""
    file = uploads.file_of(request)
    given = given_options(request, (*OPTION_NAMES, *REFERENCE_NAMES, uploads.FILE_FIELD))
    values = validated(SubmissionSerializer(data=given))
    upload_id = values.get(UPLOAD_ID)
    if file is None and upload_id is None:
        raise uploads.no_file(request)
    refuse_unknown(request.FILES, [uploads.FILE_FIELD])
    if file and upload_id:
        raise WrongOption("Send either a file, or the upload_id of a preview, and not both.")
    if upload_id:
        _refuse_reading_options(values)
    elif "revision" in values:
        raise WrongOption("Send the revision with the upload_id of a preview only.")
    return Submission(
        file=file,
        upload_id=upload_id,
        reading=ReadingOptions.from_json(values),
        options=ImportOptions.from_json(values),
        given=frozenset(given),
        revision=values.get("revision"),
    )


def _refuse_reading_options(values: dict[str, Any]) -> None:
    for name in ReadingOptions.names():
        if name in values:
            raise WrongOption(
                f"The file was read with the {name} of its preview. Leave {name} out, or preview"
                f" the file again with another {name}."
            )


def idempotency_key(request: Request) -> str | None:
    """The value of the Idempotency-Key header, or None. Raises WrongOption if it is invalid."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    key = key.strip()
    if not key or len(key) > KEY_CHARS or not (key.isascii() and key.isprintable()):
        raise WrongOption(
            f"The Idempotency-Key must be 1 to {KEY_CHARS} printable ASCII characters, a UUID for"
            " example."
        )
    return key


# --- view -------------------------------------------------------------------------------------


class ImportsView(UploadView, HistoryView):
    """All imports of an organisation (GET), and a new one (POST)."""

    parser_classes = [MultiPartParser, FormParser, JSONParser]
    limit_type = LimitType.CSV_IMPORT
    query_names: ClassVar = {**HistoryView.query_names, "POST": (*OPTION_NAMES, *REFERENCE_NAMES)}

    @extend_schema(
        operation_id="import",
        tags=["import"],
        summary="Import a file",
        description="Checks the file as a whole, queues the import, and answers without waiting for"
        " it. Invalid rows do not stop the valid ones. Options may also be query parameters.",
        parameters=[
            ORGANISATION,
            SubmissionSerializer,
            OpenApiParameter(
                "Idempotency-Key",
                KEY_SCHEMA,
                "header",
                description=f"Up to {KEY_CHARS} characters, for example a UUID. The same key with"
                " the same file and options gives the same import again, and does not count against"
                " the quota. With another file or other options, the answer has status 422.",
            ),
            header("Idempotency-Replayed", "`true` if the key was used before.", [202], str),
            *ACCEPTED_HEADERS,
            *limit_headers(202, 400, 409, 413, 422, 429, 507),
        ],
        request={
            "multipart/form-data": ImportForm,
            "application/json": ImportReference,
            "application/x-www-form-urlencoded": ImportReference,
        },
        responses={
            202: answer(BatchSerializer, "The batch, pending.", examples.PENDING),
            **refused(*COMMON_REFUSALS, 409, 413, 415, 422, 429, 507),
        },
    )
    def post(self, request: Request, org_id: UUID) -> Response:
        """Creates a batch. If this Idempotency-Key or upload has one already, gives that one."""
        submission = submission_of(request)
        key = idempotency_key(request)
        if key is None:
            return accepted(self._submit(submission))
        keyed = KeyedRequest(key, submission.sha256(self.user, org_id), submission.asked())
        batch, is_replay = self._submit_once(submission, keyed)
        return accepted(self.batch(batch.id), is_replay=is_replay)

    def _submit(self, submission: Submission) -> ImportBatch:
        if earlier := self._submitted(submission):
            return earlier
        with self.charged(), self._read(submission) as file:
            return self._create(submission, file)

    def _submit_once(self, submission: Submission, keyed: KeyedRequest) -> tuple[ImportBatch, bool]:
        """The batch of this key, and True if it existed before. The file is read before the key is
        locked, so that slow files of one user don't wait for each other."""
        owner: dict[str, Any] = {"user": self.user, "organisation_id": self.organisation.id}
        if earlier := earlier_batch(keyed, **owner):
            return earlier, True
        quotas.refuse_full(**owner, limit_type=self.limit_type)
        with self._read(submission) as file:
            return once(keyed, **owner, make=lambda: self._create_charged(submission, file, keyed))

    def _create_charged(
        self, submission: Submission, file: ReadFile | None, keyed: KeyedRequest
    ) -> ImportBatch:
        if earlier := self._submitted(submission):
            return earlier
        with self.charged():
            return self._create(submission, file, keyed)

    def _submitted(self, submission: Submission) -> ImportBatch | None:
        """The batch of an upload that was submitted before, or None. It was counted against the
        quota then, and is not counted again."""
        upload = self._previewed(submission)
        return self.batch(upload.import_batch_id) if upload and upload.import_batch_id else None

    def _previewed(self, submission: Submission) -> Upload | None:
        owner: dict[str, Any] = {"user": self.user, "organisation_id": self.organisation.id}
        return actions.staged(submission.upload_id, **owner) if submission.upload_id else None

    def _read(self, submission: Submission) -> AbstractContextManager[ReadFile | None]:
        """The file of a submission, read to its end; None for the upload of a preview."""
        if submission.upload_id:
            return nullcontext()
        self.refuse_after_refusals()
        return actions.read_for_import(
            uploads.content_of(submission.file),
            filename=submission.file.name or "",
            user=self.user,
            organisation_id=self.organisation.id,
            options=submission.reading,
        )

    @transaction.atomic
    def _create(
        self, submission: Submission, file: ReadFile | None, keyed: KeyedRequest | None = None
    ) -> ImportBatch:
        owner: dict[str, Any] = {"user": self.user, "organisation_id": self.organisation.id}
        if submission.upload_id:
            upload = actions.staged(submission.upload_id, **owner)
        else:
            upload = actions.store(cast(ReadFile, file), **owner)
        batch = actions.submit(
            upload,
            user=self.user,
            options=submission.options,
            given=submission.given,
            revision=submission.revision,
            idempotency_key=keyed.key if keyed else None,
            idempotency_request=keyed.asked if keyed else None,
        )
        return self.batch(batch.id)
