"""An e-mail backend that kills its process, for the tests of crashes."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from typing import Any

from users.mail.smtp import EmailBackend


class KilledBefore(EmailBackend):
    """Kills the process when it is about to send the third e-mail."""

    sent = 0

    def send_messages(self, email_messages: Sequence[Any]) -> int:
        """Sends an e-mail, or kills the process."""
        type(self).sent += 1
        if self.sent == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().send_messages(email_messages) or 0


class KilledAfter(EmailBackend):
    """Kills the process when the server has accepted the third e-mail."""

    sent = 0

    def send_messages(self, email_messages: Sequence[Any]) -> int:
        """Sends an e-mail, and may kill the process."""
        number = super().send_messages(email_messages) or 0
        type(self).sent += 1
        if self.sent == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return number
