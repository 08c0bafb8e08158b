"""How many files a user may upload in an hour and in a day, and who may not upload at all.

Other packages may use what `__all__` lists.
"""

from imports.quotas.blocklist import refuse_blocked
from imports.quotas.limits import Usage
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
    "refund",
    "refuse_blocked",
    "refuse_full",
    "reset_limits",
    "usage",
]
