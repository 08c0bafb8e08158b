"""What users and operators can do with imports. The API, the admin and the commands call it.

Others may call what is listed in `__all__`. Every function checks permission and organisation.
"""

from imports.actions.batches import cancel, error_report, undo
from imports.actions.halts import halt, resume
from imports.actions.permissions import organisation_for, refuse_others
from imports.actions.reviews import change_review, review, review_rows, reviewable
from imports.actions.staging import (
    read_for_import,
    read_for_preview,
    stage_for_import,
    stage_for_preview,
    staged,
    store,
    store_preview,
)
from imports.actions.submission import reprocess, retry, submit

__all__ = [
    "cancel",
    "change_review",
    "error_report",
    "halt",
    "organisation_for",
    "read_for_import",
    "read_for_preview",
    "refuse_others",
    "reprocess",
    "resume",
    "retry",
    "review",
    "review_rows",
    "reviewable",
    "stage_for_import",
    "stage_for_preview",
    "staged",
    "store",
    "store_preview",
    "submit",
    "undo",
]
