"""`script/test`: runs every check and test on its own servers, and stops at the first failure.

Without arguments, tests marked `slow` are left out; `--all` includes them. Any other arguments are
passed to pytest, and only pytest runs.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

from devtools.local_stack import URL_NAMES, temporary_stack, urls_set_outside
from devtools.processes import Processes
from devtools.virtualenv import ROOT, enter_virtualenv, explain_permission_errors

# Programs that tests use -> the Debian packages that provide them.
DEBIAN_PACKAGES = {
    "redis-cli": "redis-tools",
    "chromium": "chromium",
    "promtool": "prometheus",
    "pgbouncer": "pgbouncer",
    "ip": "iproute2",
    "nginx": "nginx-light",
}
PYTHON = [sys.executable, "-m"]
MANAGE = [sys.executable, "manage.py"]
STEPS = {
    "lint": [*PYTHON, "ruff", "check", "."],
    "format": [*PYTHON, "ruff", "format", "--check", "."],
    "types": [*PYTHON, "mypy"],
    "imports between packages": [str(Path(sys.executable).with_name("lint-imports"))],
    "missing migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "page of an organisation": [*PYTHON, "devtools.frontend", "check"],
    "tests of the page's logic": [*PYTHON, "devtools.frontend", "test"],
    "deployment": [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
}
# The step "deployment" runs with the settings of render.yaml.
PRODUCTION = {
    "DEBUG": "false",
    "HTTPS_ONLY": "true",
    "ALLOWED_HOSTS": "marketedge.example",
    "CSRF_TRUSTED_ORIGINS": "https://marketedge.example",
    "SECRET_KEY": secrets.token_urlsafe(50),
}
# Two processes of pytest run the tests, each on servers of its own. More of them gain little:
# many tests start processes themselves. The tests of a file run in one process, in their order.
STACKS = ["test", "test-of-worker-1"]
PARALLEL = ["-n", str(len(STACKS)), "--dist", "loadfile", "--no-loadscope-reorder"]
PARALLEL += ["-p", "tests.servers_of_workers"]


def install_debian_packages(processes: Processes) -> None:
    """Installs the Debian packages that tests need. Prints which are missing where it can't."""
    missing = {package for program, package in DEBIAN_PACKAGES.items() if not shutil.which(program)}
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"Not installed: {', '.join(sorted(missing))}. Tests that need them are skipped.")
        return
    print(f"== Debian packages: {', '.join(sorted(missing))}", flush=True)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["install", "--yes", "--no-install-recommends", *sorted(missing)]
    for arguments in (["update"], install):
        if processes.run_here(["apt-get", "-qq", *arguments], env=quiet):
            print("apt-get failed (see above). Tests that need the packages are skipped.")
            return


def main(arguments: list[str]) -> int:
    """Runs the steps. Returns the exit status of the first that fails, or 0.

    Tests run one by one where they are named, or servers are set in the environment."""
    everything = arguments in ([], ["--all"])
    stacks = STACKS if everything and not urls_set_outside() else STACKS[:1]
    options = arguments
    if everything:
        options = [] if arguments else ["-m", "not slow"]
        options += PARALLEL if len(stacks) > 1 else []
    steps = (STEPS if everything else {}) | {"tests": [*PYTHON, "pytest", *options]}
    with Processes() as processes, ExitStack() as started:
        if everything:
            install_debian_packages(processes)
        found = [started.enter_context(temporary_stack(name, processes)) for name in stacks]
        servers = [{name: one[name] for name in URL_NAMES} for one in found]
        environment = found[0] | {"SERVERS_OF_WORKERS": json.dumps(servers)}
        for name, command in steps.items():
            print(f"== {name}", flush=True)
            extra = PRODUCTION if name == "deployment" else {}
            if status := processes.run_here(command, env=environment | extra, cwd=ROOT):
                print(f"== {name}: failed", flush=True)
                return status
    return 0


if __name__ == "__main__":
    with explain_permission_errors():
        enter_virtualenv("dev")
        sys.exit(main(sys.argv[1:]))
