"""`script/demo`: serves MarketEdge on this machine with demo data, and imports a sample file."""

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

from devtools.local_stack import ADDRESSES, DEMO, Stack, State, from_outside
from devtools.processes import Process, Processes
from devtools.virtualenv import ROOT, enter, own_files

LOGS = DEMO / "logs"
SAMPLE = ROOT / "samples" / "users.csv"
WORKER = "celery -A celery_app worker --concurrency 2 --loglevel INFO"
WORKER += " --without-gossip --without-mingle"  # it is the only one: nobody to wait for
# Its calendar is in memory: a file would be one more thing that a hard stop can break.
BEAT = "celery -A celery_app beat --scheduler celery.beat:Scheduler"
# The control socket would lie in the home directory, where two services meet.
WEB = "gunicorn marketedge.wsgi --worker-class gthread --workers 2 --threads 4 --preload"
WEB += " --graceful-timeout 3 --no-control-socket --access-logfile - --bind 127.0.0.1:{port}"
IMPORT_SECONDS = 120  # after which something must be wrong; it takes one or two
PASSWORD = os.environ.get("DEMO_PASSWORD") or "marketedge-demo"
WELCOME = """
MarketEdge runs at {address}
  {address}/admin/       the Django admin, with Import on the list of users
  {address}/api/v1/docs  the API
{accounts}  Logs: {logs}
Ctrl-C stops everything."""
ACCOUNTS = f"""Accounts, all with the password {PASSWORD}
  root@marketedge.example  platform staff
  admin@acme.example       administrator of Acme
  viewer@acme.example      of Acme, may not import
  admin@globex.example     administrator of Globex
"""


class Api:
    """The public HTTP API, as any client sees it."""

    def __init__(self, address: str) -> None:
        self.address, self.headers = address, dict[str, str]()
        self._open = build_opener(ProxyHandler({})).open  # a proxy would not find 127.0.0.1

    def is_ready(self) -> bool:
        """Whether the service says that database, Redis and migrations are there."""
        try:
            with self._open(f"{self.address}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def call(self, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        """The answer to a GET, or with a body to a POST. Raises SystemExit with what it refused."""
        url = path if path.startswith("http") else f"{self.address}/api/v1{path}"
        request = Request(url, body, {**self.headers, "Content-Type": kind})  # noqa: S310
        try:
            with self._open(request, timeout=60) as answer:
                return json.load(answer)
        except HTTPError as error:
            said = error.read(500).decode(errors="replace")
            raise SystemExit(f"{url} answered {error.code}: {said}\nLogs: {LOGS}") from None

    def log_in(self, email: str, password: str) -> None:
        """Gets a token for the calls that follow."""
        sent = json.dumps({"email": email, "password": password}).encode()
        self.headers["Authorization"] = f"Bearer {self.call('/auth/token', sent)['access']}"

    def upload(self, path: str, name: str, content: bytes) -> Any:
        """Sends a file as a form does."""
        mark = f"marketedge-{os.urandom(16).hex()}"
        head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
        body = f"--{mark}\r\n{head}Content-Type: text/csv\r\n\r\n".encode()
        body += content + f"\r\n--{mark}--\r\n".encode()
        return self.call(path, body, f"multipart/form-data; boundary={mark}")

    def errors(self, path: str) -> list[dict[str, Any]]:
        """All row errors of a batch, page after page."""
        found: list[dict[str, Any]] = []
        page: str | None = f"{path}/errors"
        while page:
            answer = self.call(page)
            found += answer["errors"]
            page = answer.get("next")
        return found


def say(text: str, end: str = "\n") -> None:
    """Prints at once, also into a pipe."""
    print(text, end=end, flush=True)


def show_progress(batch: dict[str, Any], last: str) -> str:
    """A bar that is redrawn on a terminal, and a line for each change elsewhere."""
    done, total = batch["processed_rows"], batch["total_rows"]
    bar = ("#" * (30 * done // max(total, 1))).ljust(30, ".")
    line = f"  [{bar}] {done:,} of {total:,} rows, {batch['status']}"
    if line != last and sys.stdout.isatty():
        say(f"\r{line:<72}", end="")
    elif line != last:
        say(line)
    return line


def import_sample(api: Api, processes: Processes) -> bool:
    """Imports the sample as any client would; tells whether all went as it should."""
    api.log_in("admin@acme.example", PASSWORD)
    me = api.call("/me")
    path = f"/organizations/{me['organization']['id']}/users/import"
    say(f"Importing {SAMPLE.relative_to(ROOT)} into {me['organization']['name']} as {me['email']}")
    began = time.monotonic()
    batch = api.upload(path, SAMPLE.name, SAMPLE.read_bytes())
    line = show_progress(batch, "")
    while batch["status"] in ("pending", "processing"):
        processes.check()
        if time.monotonic() - began > IMPORT_SECONDS:
            raise SystemExit(f"\nThe import has not ended. What the worker said: {LOGS}/worker.log")
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
    """What differs from samples/users.expected.json, in words."""
    expected = json.loads(SAMPLE.with_suffix(".expected.json").read_text(encoding="utf-8"))
    named = ("row_number", "field_name", "error_code")
    due = {tuple(error[name] for name in named) for error in expected.pop("errors")}
    found = {tuple(error[name] for name in named) for error in errors}
    words = [f"{k} is {batch[k]!r}, not {v!r}" for k, v in expected.items() if batch[k] != v]
    words += [f"row {row} has an error too many: {what}" for row, *what in sorted(found - due)]
    return words + [f"row {row} lacks an error: {what}" for row, *what in sorted(due - found)]


def chosen_port() -> int:
    """The port from `PORT`. Raises SystemExit where it is no port, or taken."""
    text = os.environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise SystemExit(f"PORT is {text!r}; it must be a number from 1 to 65535.")
    other = (
        f"Choose another: PORT={int(text) + 1 if 1024 <= int(text) < 65535 else 8001} script/demo"
    )
    with socket.socket() as probe:
        # As the web server does: connections of an earlier run that are still closing don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except PermissionError:
            raise SystemExit(f"Port {text} is reserved for root. {other}") from None
        except OSError:
            raise SystemExit(f"Port {text} is taken by another program. {other}") from None
    return int(text)


def refuse_a_second() -> None:
    """Raises SystemExit where somebody holds the demo's servers."""
    holder = State(DEMO).read()
    if holder and "address" in holder:
        raise SystemExit(f"The demo of this checkout runs already: {holder['address']}")
    if holder is not None:
        raise SystemExit("script/manage is using the servers of the demo. Let it end first.")


def start_service(
    environment: dict[str, str], port: int, make_data: bool, processes: Processes
) -> None:
    """Starts the web server and meanwhile prepares the database; then starts worker and beat."""

    def start(name: str, *command: str) -> Process:
        options = {"env": environment | {"PYTHONUNBUFFERED": "1"}, "cwd": ROOT}
        return processes.start(
            name, [sys.executable, *command], log=LOGS / f"{name}.log", options=options
        )

    orders = ["make_demo_data", "--migrate"] if make_data else ["migrate", "--no-input"]
    preparing = start("prepare", "manage.py", *orders)
    start("web", "-m", *WEB.format(port=port).split())
    processes.finish(preparing)
    for line in preparing.tail().splitlines():
        if make_data and not line.startswith("{"):  # a structured log's
            say(f"  {line}")
    start("worker", "-m", *WORKER.split())
    start("beat", "-m", *BEAT.split())


def serve(options: argparse.Namespace, port: int, processes: Processes) -> int:
    """Starts everything, imports, and serves. Raises SystemExit where something goes wrong."""
    address = f"http://127.0.0.1:{port}"
    make_data = options.demo_data or "DATABASE_URL" not in from_outside()
    state = State(DEMO)
    if not state.claim(address=address):
        refuse_a_second()
    say("Starting PostgreSQL and Valkey ...")
    environment = Stack(DEMO).start(processes)
    state.write({name: environment[name] for name in ADDRESSES})
    say("Preparing the database, starting web, worker and beat ...")
    start_service(environment, port, make_data, processes)
    api = Api(address)
    processes.wait_until(api.is_ready, f"{address}/readyz does not answer 200")
    as_expected = import_sample(api, processes) if make_data else True
    if options.once:
        say("As expected." if as_expected else f"That is not as expected. Logs: {LOGS}")
        return 0 if as_expected else 1
    say(WELCOME.format(address=address, accounts=ACCOUNTS if make_data else "", logs=LOGS))
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
    """Checks what can be checked at once, sets up, serves; gives the exit status."""
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument(
        "--once", action="store_true", help="stop after the import; 0 if it went as expected"
    )
    parser.add_argument(
        "--demo-data",
        action="store_true",
        help="make demo data even where DATABASE_URL is set, which sets Acme and Globex back there",
    )
    options = parser.parse_args()
    refuse_a_second()
    port = chosen_port()
    if options.once and not options.demo_data and "DATABASE_URL" in from_outside():
        raise SystemExit(
            "DATABASE_URL is set, no demo data is made there, so --once has nobody to import as."
            " If that database is for trials only, add --demo-data."
        )
    enter("local")
    with Processes() as processes:
        return serve(options, port, processes)


if __name__ == "__main__":
    with own_files():
        sys.exit(main())
