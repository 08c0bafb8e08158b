"""`script/demo`: runs MarketEdge on this machine with demo data, and imports a sample file."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
import time
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from devtools.local_stack import DEMO, URL_NAMES, Stack, State, urls_set_outside
from devtools.processes import Process, Processes
from devtools.virtualenv import LOCAL, ROOT, enter_virtualenv, explain_permission_errors

LOGS = DEMO / "logs"
MAIL = LOCAL / "mail"
SAMPLE = ROOT / "samples" / "users.csv"
WORKER = "celery -A celery_app worker --concurrency 2 --loglevel INFO"
WORKER += " --without-gossip --without-mingle"  # there is no other worker to talk to
# This scheduler keeps its state in memory. A file could be damaged when beat is killed.
BEAT = "celery -A celery_app beat --scheduler celery.beat:Scheduler"
# gunicorn's control socket is in the home directory, which two services would share.
WEB = "gunicorn marketedge.wsgi --workers 2 --preload"
WEB += " --graceful-timeout 3 --no-control-socket --access-logfile - --bind 127.0.0.1:{port}"
IMPORT_SECONDS = 120  # the import takes one or two seconds; after this long something is wrong
PASSWORD = os.environ.get("DEMO_PASSWORD") or "marketedge-demo"
WELCOME = """
MarketEdge runs at {url}
  {url}/admin/       the Django admin, with Import on the list of users
  {url}/api/v1/docs  the API
{accounts}  E-mails: {mails}
  Logs: {logs}
Ctrl-C stops everything."""
ACCOUNTS = f"""Accounts, all with the password {PASSWORD}
  root@marketedge.example  platform staff
  admin@acme.example       administrator of Acme
  viewer@acme.example      a user of Acme who may not import
  admin@globex.example     administrator of Globex
"""


class Api:
    """A client of the public HTTP API."""

    def __init__(self, url: str) -> None:
        self.url, self.headers = url, dict[str, str]()
        self._open = build_opener(ProxyHandler({})).open  # a proxy would not find 127.0.0.1

    def is_ready(self) -> bool:
        """Whether `/readyz` answers 200."""
        try:
            with self._open(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def call(self, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        """Sends a GET request, or with a body a POST request. Returns the parsed answer.

        Raises SystemExit with the answer where its status is 400 or above."""
        url = path if path.startswith("http") else f"{self.url}/api/v1{path}"
        request = Request(url, body, {**self.headers, "Content-Type": kind})  # noqa: S310
        try:
            with self._open(request, timeout=60) as answer:
                return json.load(answer)
        except HTTPError as error:
            said = error.read(500).decode(errors="replace")
            raise SystemExit(f"{url} answered {error.code}: {said}\nLogs: {LOGS}") from None

    def log_in(self, email: str, password: str) -> None:
        """Gets a token, which later calls send."""
        sent = json.dumps({"email": email, "password": password}).encode()
        self.headers["Authorization"] = f"Bearer {self.call('/auth/token', sent)['access']}"

    def upload(self, path: str, name: str, content: bytes) -> Any:
        """Sends a file as a multipart form. Returns the parsed answer."""
        boundary = f"marketedge-{os.urandom(16).hex()}"
        head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
        body = f"--{boundary}\r\n{head}Content-Type: text/csv\r\n\r\n".encode()
        body += content + f"\r\n--{boundary}--\r\n".encode()
        return self.call(path, body, f"multipart/form-data; boundary={boundary}")

    def errors(self, path: str) -> list[dict[str, Any]]:
        """All row errors of a batch, from all pages."""
        found: list[dict[str, Any]] = []
        page: str | None = f"{path}/errors"
        while page:
            answer = self.call(page)
            found += answer["errors"]
            page = answer.get("next")
        return found


def say(text: str, end: str = "\n") -> None:
    """Prints and flushes, so that a pipe gets the text at once."""
    print(text, end=end, flush=True)


def show_progress(batch: dict[str, Any], last: str) -> str:
    """Prints a progress bar: redrawn on a terminal, otherwise one line for each change.

    `last` is the line that was printed before. Returns the new one."""
    done, total = batch["processed_rows"], batch["total_rows"]
    bar = ("#" * (30 * done // max(total, 1))).ljust(30, ".")
    line = f"  [{bar}] {done:,} of {total:,} rows, {batch['status']}"
    if line != last and sys.stdout.isatty():
        say(f"\r{line:<72}", end="")
    elif line != last:
        say(line)
    return line


def import_sample(api: Api, processes: Processes) -> bool:
    """Imports the sample through the API. Returns whether the outcome is the expected one."""
    api.log_in("admin@acme.example", PASSWORD)
    me = api.call("/me")
    path = f"/organizations/{me['organization']['id']}/users/import"
    say(f"Importing {SAMPLE.relative_to(ROOT)} into {me['organization']['name']} as {me['email']}")
    began = time.monotonic()
    # Nobody in the sample is invited, so that the first e-mails are of the first own import.
    batch = api.upload(f"{path}?send_invitations=false", SAMPLE.name, SAMPLE.read_bytes())
    line = show_progress(batch, "")
    while batch["status"] in ("pending", "processing"):
        processes.check()
        if time.monotonic() - began > IMPORT_SECONDS:
            raise SystemExit(f"\nThe import has not ended. The worker's log: {LOGS}/worker.log")
        time.sleep(0.1)
        batch = api.call(f"{path}/{batch['id']}")
        line = show_progress(batch, line)
    counts = "{successful_rows:,} imported, {skipped_rows:,} skipped, {failed_rows:,} failed"
    say("" if sys.stdout.isatty() else f"  {batch['error_message']}")
    say(f"  {counts.format(**batch)}, in {time.monotonic() - began:.1f} s")
    differences = compare(batch, api.errors(f"{path}/{batch['id']}"))
    for difference in differences:
        say(f"  Not as expected: {difference}")
    return not differences


def compare(batch: dict[str, Any], errors: list[dict[str, Any]]) -> list[str]:
    """Describes the differences to samples/users.expected.json, one sentence each."""
    expected = json.loads(SAMPLE.with_suffix(".expected.json").read_text(encoding="utf-8"))
    keys = ("row_number", "field_name", "error_code")
    wanted = {tuple(error[key] for key in keys) for error in expected.pop("errors")}
    found = {tuple(error[key] for key in keys) for error in errors}
    lines = [f"{k} is {batch[k]!r}, not {v!r}" for k, v in expected.items() if batch[k] != v]
    lines += [f"row {row} has an unexpected error: {e}" for row, *e in sorted(found - wanted)]
    return lines + [f"row {row} lacks an error: {e}" for row, *e in sorted(wanted - found)]


def chosen_port() -> int:
    """Returns the port from `PORT`. Raises SystemExit where it is no port number or is in use."""
    text = os.environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise SystemExit(f"PORT is {text!r}; it must be a number from 1 to 65535.")
    other = int(text) + 1 if 1024 <= int(text) < 65535 else 8001
    advice = f"Choose another: PORT={other} script/demo"
    with socket.socket() as probe:
        # The web server sets this too: connections of an earlier run may still be closing.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except PermissionError:
            raise SystemExit(f"Port {text} is reserved for root. {advice}") from None
        except OSError:
            raise SystemExit(f"Port {text} is used by another program. {advice}") from None
    return int(text)


def refuse_second_demo() -> None:
    """Raises SystemExit where another process holds the demo's servers."""
    holder = State(DEMO).read()
    if holder and "url" in holder:
        raise SystemExit(f"The demo of this checkout runs already: {holder['url']}")
    if holder is not None:
        raise SystemExit("script/manage uses the servers of the demo. Wait until it has ended.")


def mail_settings(url: str) -> dict[str, str]:
    """The variables with which e-mails become files, unless those of a mail server are set."""
    if os.environ.get("EMAIL_HOST") or os.environ.get("EMAIL_PROVIDER"):
        return {}
    MAIL.mkdir(parents=True, exist_ok=True)
    sender = "MarketEdge <demo@marketedge.example>"
    return {"EMAIL_FILE_PATH": str(MAIL), "DEFAULT_FROM_EMAIL": sender, "PUBLIC_URL": url}


def start_service(
    environment: dict[str, str], port: int, make_data: bool, processes: Processes
) -> None:
    """Prepares the database, then starts the web server, the worker and beat. `make_data` says
    whether to create the demo data."""

    def start(name: str, *command: str) -> Process:
        options = {"env": environment | {"PYTHONUNBUFFERED": "1"}, "cwd": ROOT}
        return processes.start(
            name, [sys.executable, *command], log=LOGS / f"{name}.log", options=options
        )

    command = ["make_demo_data", "--migrate"] if make_data else ["migrate", "--no-input"]
    preparing = start("prepare", "manage.py", *command)
    processes.finish(preparing)
    for line in preparing.tail().splitlines():
        if make_data and not line.startswith("{"):  # lines of the log begin with it
            say(f"  {line}")
    # They refuse to start before the database has the time-outs that `migrate` sets.
    start("web", "-m", *WEB.format(port=port).split())
    start("worker", "-m", *WORKER.split())
    start("beat", "-m", *BEAT.split())


def serve(options: argparse.Namespace, port: int, processes: Processes) -> int:
    """Starts everything, imports the sample, and serves until a signal. Returns the exit status.

    Raises SystemExit where something fails."""
    url = f"http://127.0.0.1:{port}"
    make_data = options.demo_data or "DATABASE_URL" not in urls_set_outside()
    state = State(DEMO)
    if not state.claim(url=url):
        refuse_second_demo()
    say("Starting PostgreSQL and Valkey ...")
    environment = Stack(DEMO).start(processes)
    state.write({name: environment[name] for name in URL_NAMES})
    mails = mail_settings(url)
    say("Preparing the database, starting web, worker and beat ...")
    start_service(environment | mails, port, make_data, processes)
    api = Api(url)
    processes.wait_until(api.is_ready, f"{url}/readyz does not answer 200")
    as_expected = import_sample(api, processes) if make_data else True
    if options.once:
        say("As expected." if as_expected else f"The outcome is not as expected. Logs: {LOGS}")
        return 0 if as_expected else 1
    accounts = ACCOUNTS if make_data else ""
    kept = mails.get("EMAIL_FILE_PATH", "sent, as the environment says")
    say(WELCOME.format(url=url, accounts=accounts, mails=kept, logs=LOGS))
    try:
        while True:
            processes.check()
            time.sleep(0.5)
    except SystemExit as end:
        if end.code != 128 + signal.SIGINT:
            raise
        say("\nStopping ...")
        return 0


def main() -> int:
    """Parses the arguments, checks the port, installs, and serves. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument(
        "--once",
        action="store_true",
        help="stop after the import; exit status 0 if it went as expected",
    )
    parser.add_argument(
        "--demo-data",
        action="store_true",
        help="create demo data even where DATABASE_URL is set; resets Acme and Globex there",
    )
    options = parser.parse_args()
    refuse_second_demo()
    port = chosen_port()
    if options.once and not options.demo_data and "DATABASE_URL" in urls_set_outside():
        raise SystemExit(
            "DATABASE_URL is set. No demo data is created there, so that --once has no user to "
            "import with. If that database is for trials only, add --demo-data."
        )
    enter_virtualenv("local")
    with Processes() as processes:
        return serve(options, port, processes)


if __name__ == "__main__":
    with explain_permission_errors():
        sys.exit(main())
