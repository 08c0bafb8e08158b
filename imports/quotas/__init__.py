"""How many files a user may upload in an hour and in a day, and who may not upload at all.

Others may call what is listed in `__all__`.
"""

from imports.quotas.blocklist import refuse_blocked
from imports.quotas.limits import Usage, charge, count_violation, give_back, reset_limits, usage

__all__ = [
    "Usage",
    "charge",
    "count_violation",
    "give_back",
    "refuse_blocked",
    "reset_limits",
    "usage",
]
