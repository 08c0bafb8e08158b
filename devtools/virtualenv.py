"""`script/setup`: creates `.venv` with the locked requirements.

Standard library only, because this runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from devtools.processes import Processes

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# "local" is enough to run the service on this machine; "dev" adds what tests and checks need.
# Each of these lists holds everything of the one before it. `script/lock` writes them.
REQUIREMENTS = {"local": "requirements/local.txt", "dev": "requirements/dev.txt"}
# pip installs no file whose hash is not in the list, and nothing that it would have to build: a
# build runs the package's code, and fetches tools that have no hash.
PIP_INSTALL = [
    "-m",
    "pip",
    "install",
    "-qq",
    "--no-input",
    "--require-hashes",
    "--only-binary=:all:",
]


def enter_virtualenv(wanted: str) -> None:
    """Installs the requirements `wanted` ("local" or "dev") where they are missing, then starts
    the running module again with the Python of `.venv`.

    Returns only inside `.venv`. Raises SystemExit when the installation fails."""
    with Processes() as processes, locked(LOCAL / "setup.lock", "Waiting for another set-up ..."):
        if not is_installed(wanted):
            _install(wanted, processes)
    if Path(sys.prefix).resolve() != VENV.resolve():
        module = sys.modules["__main__"].__spec__
        os.execv(PYTHON, [str(PYTHON), "-m", module.name if module else "", *sys.argv[1:]])  # noqa: S606


@contextmanager
def explain_permission_errors() -> Iterator[None]:
    """Explains a PermissionError: another user, often root, has used this checkout before."""
    try:
        yield
    except PermissionError as error:
        raise SystemExit(
            f"{error.filename} belongs to another user. Run this as that user, or remove it:\n"
            f"sudo rm -rf '{LOCAL}' '{VENV}'"
        ) from None


@contextmanager
def locked(path: Path, notice: str = "", *, shared: bool = False) -> Iterator[None]:
    """Holds a lock on the file while the block runs. Prints `notice` when it has to wait for it."""
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if notice:
                print(notice, file=sys.stderr, flush=True)
            fcntl.flock(file, kind)
        yield


def digest(wanted: str) -> str:
    """A hash of the requirements and of the Python version that they are installed for."""
    content = (ROOT / REQUIREMENTS[wanted]).read_bytes()
    return hashlib.sha256(content + b"\0" + sys.version.encode()).hexdigest()


def is_installed(wanted: str) -> bool:
    """Whether `.venv` holds these requirements: a finished installation leaves its digest there."""
    names = [*REQUIREMENTS]
    return PYTHON.exists() and any(
        (VENV / f"locked-{name}").is_file()
        and (VENV / f"locked-{name}").read_text() == digest(name)
        for name in names[names.index(wanted) :]
    )


def _install(wanted: str, processes: Processes) -> None:
    """Creates or updates `.venv`. One whose installation was interrupted is created again.

    Raises SystemExit where `.venv` is a link: the packages belong to another checkout."""
    if VENV.is_symlink():
        raise SystemExit(
            f".venv is a link to {VENV.resolve()}, which has other packages than this checkout "
            "needs.\nRun script/setup there, or remove the link."
        )
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        raise SystemExit(
            f"{sys.executable} comes without the modules venv and ensurepip, which make a virtual "
            "environment.\nOn Debian and Ubuntu: apt install python3-venv"
        )
    requirements = REQUIREMENTS[wanted]
    print(f"Installing {requirements} into .venv (once, takes a minute) ...", flush=True)
    stamps = [*VENV.glob("locked-*")]
    commands: list[list[str | Path]] = []
    if not stamps or Path(sys.prefix).resolve() != VENV.resolve() or find_spec("pip") is None:
        python = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
        commands.append([python, "-m", "venv", "--clear", VENV])
    for stamp in stamps:
        stamp.unlink()
    commands.append([PYTHON, *PIP_INSTALL, "-r", requirements])
    environment = os.environ | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    for command in commands:
        options = {"env": environment, "cwd": ROOT}
        processes.finish(processes.start(f"The command {command[2]}", command, options=options))
    (VENV / f"locked-{wanted}").write_text(digest(wanted))


if __name__ == "__main__":
    with explain_permission_errors():
        enter_virtualenv("local")
    print("Set up: .venv is ready.")
