"""`script/lock`: writes the lists of packages, with the hash of every file, from the `.in` files.

Keeps the versions that are locked already, except where a `.in` file names another one. Arguments
are passed to uv: `script/lock --upgrade` takes the newest version of each package that no `.in`
file pins, and `script/lock --upgrade-package sqlparse` that of one package. Needs a network.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from devtools.virtualenv import ROOT, enter_virtualenv, explain_permission_errors

# Each list, and the lists of which it holds everything, in the same version.
LOCKS: dict[str, list[str]] = {
    "requirements.txt": [],
    "requirements/frontend.txt": [],
    "requirements/otel.txt": ["requirements.txt"],
    "requirements/anymail.txt": ["requirements.txt"],
    "requirements/local.txt": ["requirements.txt"],
    "requirements/dev.txt": [
        "requirements/otel.txt",
        "requirements/anymail.txt",
        "requirements/local.txt",
    ],
}
# --universal: for every system and every Python from 3.11 on, with markers where they differ.
# --only-binary: a source distribution could run any code while it is installed.
OPTIONS = ["--quiet", "--universal", "--python-version", "3.11", "--only-binary", ":all:"]
OPTIONS += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links"]
OPTIONS += ["--custom-compile-command", "script/lock"]


def lock(arguments: list[str], folder: Path = ROOT) -> int:
    """Writes the lists. Returns the exit status of the first call of uv that fails, or 0."""
    for name, smaller in LOCKS.items():
        same = [f"--constraint={other}" for other in smaller]
        files = [str(Path(name).with_suffix(".in")), "--output-file", name]
        command = ["uv", "pip", "compile", *OPTIONS, *same, *files, *arguments]
        if status := subprocess.run([sys.executable, "-m", *command], cwd=folder).returncode:
            return status
    return 0


if __name__ == "__main__":
    with explain_permission_errors():
        enter_virtualenv("dev")
        sys.exit(lock(sys.argv[1:]))
