"""How the web server runs: `gunicorn marketedge.wsgi` reads this file by itself.

Options on the command line come after it and win.
"""

import os

from imports.files.xlsx import processes
from marketedge import logs, tracing

bind = f"0.0.0.0:{os.environ.get('PORT') or 8000}"
# Threads, none of which waits for a client (docs/deployment.md).
worker_class = "marketedge.server.worker.Worker"
worker_connections = 400  # each may also need a temporary file: 1,024 open files are usual
sendfile = False  # the worker sends answers itself
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 4
preload_app = True  # the code is in memory once, and a mistake in it ends the start
timeout = 60
# Clients poll every 2 seconds over one connection: closing it after 2, as gunicorn would by itself,
# meets every other request on its way.
keepalive = 15
graceful_timeout = 25  # shorter than the 30 s that a platform waits before it kills
max_requests = 2000  # then a worker is replaced: bounds leaks
max_requests_jitter = 200
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - not a shared disk
control_socket_disable = True  # it would lie in the home directory, where two services meet


def post_fork(server: object, worker: object) -> None:
    """Starts to send traces, where they are wanted: the thread that does it survives no fork."""
    tracing.start("web")


def worker_exit(server: object, worker: object) -> None:
    """Sends the rest of the traces of a process that ends."""
    tracing.stop()


def post_worker_init(worker: object) -> None:
    """Starts ahead the process that reads workbooks, so that no upload has to wait for it."""
    processes.start()


logs.configure()
logconfig_dict = logs.LOGGING
