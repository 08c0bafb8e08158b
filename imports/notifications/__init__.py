"""E-mails that tell uploaders how their import ended.

Others may call `is_on`, `tend` and `send_due`. `messages` holds what the e-mails say.
"""

from imports.notifications.queue import TASK_SECONDS, is_on, send_due, tend

__all__ = ["TASK_SECONDS", "is_on", "send_due", "tend"]
