"""The tables of staged files: what was read of a file, and its rows in chunks."""

from __future__ import annotations

from uuid import UUID

from django.db import connection, models
from django.db.models import Q, Subquery

from core.models import Table
from imports.models.batches import ImportBatch
from users.models import Organisation, User
from users.rights.scoping import ScopedManager


class Upload(Table):
    """A staged file: how it was read. Its rows are in `import_upload_chunks`.

    An upload without a batch belongs to a preview, and is kept for `UPLOAD_KEPT_SECONDS`.
    """

    organisation = models.ForeignKey(Organisation, models.DO_NOTHING, db_constraint=False)
    staged_by = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, db_column="staged_by"
    )
    import_batch = models.OneToOneField(
        ImportBatch, models.DO_NOTHING, null=True, db_constraint=False, related_name="upload"
    )
    filename = models.CharField(max_length=255)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=10)  # csv, xlsx
    encoding = models.CharField(max_length=40)
    # Where a preview guessed it: its name, and that of the next that reads the file in another way
    encoding_guesses = models.JSONField(default=list, db_default=[])
    delimiter = models.CharField(max_length=1, blank=True)
    sheet = models.CharField(max_length=255, blank=True)
    header_row = models.IntegerField()
    columns = models.JSONField()
    warnings = models.JSONField(default=list)
    # The visible sheets of a workbook that was staged by a preview: [{name, is_read, rows, fields}]
    sheets = models.JSONField(default=list, db_default=[])
    total_rows = models.IntegerField()
    # Uploads of the same content share its chunks, which belong to one of them. Null: not shared.
    content_id = models.UUIDField(null=True)
    # The counts of the last preview and its options. The import reports differences from them.
    previewed = models.JSONField(null=True)

    unscoped = models.Manager["Upload"]()
    objects = ScopedManager["Upload"]()

    class Meta:
        db_table = "import_uploads"
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(import_batch__isnull=True),
                name="import_uploads_unused",
            ),
            models.Index(
                fields=["content_id"],
                condition=Q(content_id__isnull=False),
                name="import_uploads_content",
            ),
        ]

    def __str__(self) -> str:
        return self.filename


class ChunkManager(ScopedManager["UploadChunk"]):
    """Finds chunks, and counts the bytes that they take."""

    # octet_length does not read the content: the length is stored beside it.
    BYTES = """
        SELECT coalesce(sum(octet_length(c.content)), 0) FROM import_upload_chunks c
        JOIN import_uploads u ON u.id = c.upload_id
        WHERE %(organisation)s::uuid IS NULL OR u.organisation_id = %(organisation)s
    """

    def of_upload(self, upload_id: UUID) -> models.QuerySet[UploadChunk]:
        """The chunks of an upload, whichever upload of the same content they belong to."""
        uploads = Upload.objects.everywhere()
        content = uploads.filter(id=upload_id).values("content_id")
        same = uploads.filter(Q(id=upload_id) | Q(content_id=Subquery(content)))
        return self.everywhere().filter(upload_id__in=same.values("id"))

    def staged_bytes(self, organisation_id: UUID | None = None) -> int:
        """The bytes that are staged for an organisation, or for all. Shared chunks count once."""
        with connection.cursor() as cursor:
            cursor.execute(self.BYTES, {"organisation": organisation_id})
            return int(cursor.fetchone()[0])


class UploadChunk(models.Model):
    """Some thousand rows of a staged file. A worker imports one chunk in one transaction."""

    upload = models.ForeignKey(
        Upload, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="chunks"
    )
    number = models.IntegerField()
    first_row = models.IntegerField()
    row_count = models.IntegerField()
    content = models.BinaryField()
    # {row number, as text: number of the first valid row with the same e-mail address}
    duplicates = models.JSONField(default=dict)
    # {row number, as text: [[field, code, message, value], …]}: found while the file was read
    problems = models.JSONField(default=dict, db_default={})

    unscoped = models.Manager["UploadChunk"]()
    objects = ChunkManager("upload__organisation")

    class Meta:
        db_table = "import_upload_chunks"
        constraints = [
            models.UniqueConstraint(fields=["upload", "number"], name="import_upload_chunks_number")
        ]

    def __str__(self) -> str:
        return f"Chunk {self.number} of upload {self.upload_id}"
