"""The audit trail: who did what to which import, when and from where.

Others may call `record` and `purge`. `middleware.Origin` notes where a request comes from.
"""

from imports.audit import people as people  # connects its receivers
from imports.audit.events import record
from imports.audit.retention import purge

__all__ = ["purge", "record"]
