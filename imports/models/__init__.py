"""The tables of imports. Operators run SQL against them: names of tables and columns are public.

Other packages import the classes from here, never from the modules below.
"""

from imports.models.audit import AuditEvent, EventType
from imports.models.batches import ImportBatch, ImportError
from imports.models.blocks import UploadBlock
from imports.models.counters import MetricCounter, MetricDelta
from imports.models.operations import Heartbeat, ImportHalt
from imports.models.quotas import (
    Counts,
    LimitType,
    UploadCounter,
    UploadLimit,
    Window,
    WindowFull,
)
from imports.models.reviews import Review, ReviewChange, ReviewRow
from imports.models.statuses import FINISHED, LIVE, UNSENT, MailState, Status
from imports.models.uploads import Upload, UploadChunk

__all__ = [
    "FINISHED",
    "LIVE",
    "UNSENT",
    "AuditEvent",
    "Counts",
    "EventType",
    "Heartbeat",
    "ImportBatch",
    "ImportError",
    "ImportHalt",
    "LimitType",
    "MailState",
    "MetricCounter",
    "MetricDelta",
    "Review",
    "ReviewChange",
    "ReviewRow",
    "Status",
    "Upload",
    "UploadBlock",
    "UploadChunk",
    "UploadCounter",
    "UploadLimit",
    "Window",
    "WindowFull",
]
