"""The tables of reviews: the rows of a staged file as they stand, and what can be taken back.

A review begins when somebody looks at the rows of a preview, and ends with the import. Foreign keys
have `ON DELETE` in the database (migration 0019). Only `imports.engine.review` writes the tables.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from imports.models.uploads import Upload
from users.models import User
from users.rights.scoping import ScopedManager


class Review(models.Model):
    """What was changed about a staged file before its import: its columns, options and rows."""

    upload = models.OneToOneField(
        Upload, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="review"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    changed_at = models.DateTimeField(db_default=Now())  # at first, when the review began
    revision = models.IntegerField(default=1, db_default=1)  # grows by one with every change
    edited_at = models.DateTimeField(null=True)
    edited_by = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+",
        db_column="edited_by",
    )  # fmt: skip
    columns = models.JSONField()  # as `Upload.columns`, after the changes of the mapping
    warnings = models.JSONField(default=list, db_default=[])  # of the file and of its rows
    options = models.JSONField(default=dict, db_default={})  # `ImportOptions`
    # {"examples": [[value, …] of each column], "encoding_readings": […]}
    shown = models.JSONField(default=dict, db_default={})

    unscoped = models.Manager["Review"]()
    objects = ScopedManager["Review"]("upload__organisation")

    class Meta:
        db_table = "import_reviews"
        indexes = [
            models.Index(
                fields=["edited_by"],
                condition=models.Q(edited_by__isnull=False),
                name="import_reviews_edited_by",
            )
        ]

    def __str__(self) -> str:
        return f"Review of upload {self.upload_id}"


class ReviewRow(models.Model):
    """A row of a staged file as it stands, and what the check of it found."""

    pk = models.CompositePrimaryKey("upload_id", "row_number")
    upload = models.ForeignKey(Review, models.DO_NOTHING, db_constraint=False, db_index=False)
    row_number = models.IntegerField()
    cells = models.JSONField()
    original = models.JSONField(null=True)  # the cells of the file; null: none was changed
    # [[column or null, code, message, value], …]: found while the file was read
    found = models.JSONField(default=list, db_default=[])
    dropped = models.BooleanField(default=False, db_default=False)  # left out of the import
    # The address of a row without problems, as it is stored; "" where the row has problems.
    email = models.CharField(max_length=254, default="", db_default="")
    invite = models.BooleanField(default=False, db_default=False)  # as the row says
    problems = models.JSONField(default=list, db_default=[])  # [[field, code, message, value], …]
    # The first valid row with the same address; null: this is the first one.
    first_row = models.IntegerField(null=True)
    # Whose user has the address: "own" or "other" organisation; "": nobody's.
    taken = models.CharField(max_length=5, default="", db_default="")

    unscoped = models.Manager["ReviewRow"]()
    objects = ScopedManager["ReviewRow"]("upload__upload__organisation")

    class Meta:
        db_table = "import_review_rows"
        indexes = [models.Index(fields=["upload", "email"], name="import_review_rows_email")]

    def __str__(self) -> str:
        return f"Row {self.row_number} of upload {self.upload_id}"


class ReviewChange(models.Model):
    """What a change of a review had before, so that it can be taken back."""

    pk = models.CompositePrimaryKey("upload_id", "revision")
    upload = models.ForeignKey(Review, models.DO_NOTHING, db_constraint=False, db_index=False)
    revision = models.IntegerField()  # of the review before the change
    before = models.JSONField()

    unscoped = models.Manager["ReviewChange"]()
    objects = ScopedManager["ReviewChange"]("upload__upload__organisation")

    class Meta:
        db_table = "import_review_changes"

    def __str__(self) -> str:
        return f"Change of upload {self.upload_id}"
