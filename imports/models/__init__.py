"""The tables of imports. Operators run SQL against them: names of tables and columns are public.

Other packages import the classes from here, never from the modules below.
"""

from imports.models.audit import AuditEvent, Deed
from imports.models.batches import ImportBatch, ImportError
from imports.models.blocks import UploadBlock
from imports.models.counters import MetricCounter
from imports.models.quotas import LimitType, UploadLimit, UploadTally, Window
from imports.models.statuses import FINISHED, LIVE, UNSENT, MailState, Status
from imports.models.uploads import Upload, UploadChunk

__all__ = [
    "FINISHED",
    "LIVE",
    "UNSENT",
    "AuditEvent",
    "Deed",
    "ImportBatch",
    "ImportError",
    "LimitType",
    "MailState",
    "MetricCounter",
    "Status",
    "Upload",
    "UploadBlock",
    "UploadChunk",
    "UploadLimit",
    "UploadTally",
    "Window",
]
