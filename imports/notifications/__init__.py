"""E-mails that tell uploaders how their import ended.

Other packages may call what is listed in `__all__`. `queue` decides when an e-mail is sent,
`messages` what it says.
"""

from imports.notifications.queue import TASK_SECONDS, expire_and_check, is_on, send_due

__all__ = ["TASK_SECONDS", "expire_and_check", "is_on", "send_due"]
