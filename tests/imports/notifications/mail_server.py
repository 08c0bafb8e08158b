"""A real mail server for tests, in its own process, which a test can stop and freeze.

The server refuses an address with a number before its @ (full452@…, gone550@…) with that number as
SMTP code. It refuses an address that begins with `grey` once, for now. After an e-mail to an
address that begins with `silent` it never answers.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.paths import ROOT
from tests.process_helpers import wait_for


class _Handler:
    """Handles the commands of aiosmtpd: accepts recipients and stores messages."""

    def __init__(self, folder: Path, per_connection: int) -> None:
        self.folder, self.per_connection = folder, per_connection
        self.seen = set[str]()

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        session.number = getattr(session, "number", 0) + 1
        if session.number > self.per_connection:
            return "421 Too many e-mails over one connection"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if code := re.search(r"(\d{3})@", address):
            return f"{code[1]} <{address}> refused"
        if address.startswith("grey") and address not in self.seen:
            self.seen.add(address)
            return "451 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        name = f"{time.time_ns()}.eml"
        (self.folder / name).write_bytes(envelope.content)
        if envelope.rcpt_tos[0].startswith("silent"):
            await asyncio.sleep(3600)
        return "250 OK"


async def serve(port: int, folder: Path, per_connection: int) -> None:
    """Serves until the process is killed."""
    from aiosmtpd.smtp import SMTP  # only this process needs the module

    loop, handler = asyncio.get_running_loop(), _Handler(folder, per_connection)
    listening = await loop.create_server(
        lambda: SMTP(handler, hostname="mail.test"), "127.0.0.1", port
    )
    await listening.serve_forever()


class MailServer:
    """The mail server as tests use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "mail"
        self.folder.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.per_connection = 1_000_000  # e-mails; then it answers 421
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the server; returns when it answers."""
        command = [sys.executable, "-W", "ignore", "-m", "tests.imports.notifications.mail_server"]
        options = [str(self.port), str(self.folder), str(self.per_connection)]
        self._process = subprocess.Popen([*command, *options], cwd=ROOT)
        wait_for(self._answers)

    def stop(self) -> None:
        """Kills the server."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """Stops the process (SIGSTOP): it accepts connections, and does not answer."""
        assert self._process
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Resumes the process (SIGCONT)."""
        assert self._process
        os.kill(self._process.pid, signal.SIGCONT)

    def messages(self) -> list[EmailMessage]:
        """Gives the messages that arrived, in order."""
        files = sorted(self.folder.iterdir())
        return [message_from_bytes(f.read_bytes(), policy=policy.default) for f in files]

    def environment(self) -> dict[str, str]:
        """Gives the environment variables of processes that use the server."""
        return {
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(self.port),
            "EMAIL_USE_TLS": "false",
            "DEFAULT_FROM_EMAIL": "MarketEdge <imports@marketedge.example>",
            "PUBLIC_URL": "https://marketedge.example",
        }

    def _answers(self) -> bool:
        assert self._process
        assert self._process.poll() is None
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as client:
                return client.recv(3) == b"220"
        except OSError:
            return False


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
