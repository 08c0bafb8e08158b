"""What `halt_imports` and `resume_imports` print about a halt."""

from __future__ import annotations

import json

from core.text import utc
from imports.models import ImportBatch, ImportHalt
from imports.models.statuses import LIVE


def live_imports() -> int:
    """The number of imports that wait or run, in all organisations."""
    return ImportBatch.objects.everywhere().filter(status__in=LIVE).count()


def halt_as_json(halt: ImportHalt | None, *, changed: bool) -> str:
    """The halt that holds, if any, for a script: `halted`, `changed` (by this call), `since`,
    `reason`, and `live_imports`."""
    return json.dumps(
        {
            "halted": halt is not None,
            "changed": changed,
            "since": utc(halt.started_at) if halt else None,
            "reason": halt.reason if halt else None,
            "live_imports": live_imports(),
        },
        indent=2,
    )
