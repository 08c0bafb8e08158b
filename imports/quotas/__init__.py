"""How many files a user may upload, how many bytes an organisation may store, and who is blocked.

Other packages may use what `__all__` lists.
"""

from imports.quotas.blocklist import refuse_blocked
from imports.quotas.limits import Usage
from imports.quotas.refusals import count_refusal, refuse_after_refusals
from imports.quotas.storage import refuse_over_budget
from imports.quotas.usage import (
    Charge,
    charged,
    consume,
    refund,
    refuse_full,
    reset_limits,
    usage,
)

__all__ = [
    "Charge",
    "Usage",
    "charged",
    "consume",
    "count_refusal",
    "refund",
    "refuse_after_refusals",
    "refuse_blocked",
    "refuse_full",
    "refuse_over_budget",
    "reset_limits",
    "usage",
]
