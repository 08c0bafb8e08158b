"""`.venv` with the pinned requirements; `script/setup`. Standard library only: it comes first."""

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
# What each set holds beside its own file; "local" runs the service here, "dev" tests it too.
SETS = {
    "local": ["requirements.txt", "requirements/local.txt"],
    "dev": ["requirements.txt", "requirements/local.txt", "requirements/dev.txt"],
}


def enter(wanted: str) -> None:
    """Makes sure of the set `wanted`, and starts the running module again inside `.venv`.

    Returns only there. Raises SystemExit where something is missing."""
    with Processes() as processes, locked(LOCAL / "setup.lock", "Waiting for another set-up ..."):
        if not is_installed(wanted):
            _install(wanted, processes)
    if Path(sys.prefix).resolve() != VENV.resolve():
        module = sys.modules["__main__"].__spec__
        os.execv(PYTHON, [str(PYTHON), "-m", module.name if module else "", *sys.argv[1:]])  # noqa: S606


@contextmanager
def own_files() -> Iterator[None]:
    """Says in words that somebody else, root perhaps, has used this checkout before."""
    try:
        yield
    except PermissionError as error:
        raise SystemExit(
            f"{error.filename} belongs to another user. Run this as that user, or remove it:\n"
            f"sudo rm -rf '{LOCAL}' '{VENV}'"
        ) from None


@contextmanager
def locked(path: Path, notice: str = "", *, shared: bool = False) -> Iterator[None]:
    """Waits for its turn; `notice` tells a person why."""
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
    """What an installation is made of: the requirements, and the Python they are for."""
    parts = [(ROOT / name).read_bytes() for name in SETS[wanted]]
    return hashlib.sha256(b"\0".join([*parts, sys.version.encode()])).hexdigest()


def is_installed(wanted: str) -> bool:
    """Whether a stamp, which is written last, tells of these very requirements."""
    return PYTHON.exists() and any(
        (VENV / f"installed-{name}").is_file()
        and (VENV / f"installed-{name}").read_text() == digest(name)
        for name in SETS
        if set(SETS[name]) >= set(SETS[wanted])
    )


def _install(wanted: str, processes: Processes) -> None:
    """Makes `.venv`, or brings it up to date. One that was left half done is made anew."""
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        raise SystemExit(
            f"{sys.executable} comes without the modules venv and ensurepip, which make a virtual "
            "environment.\nOn Debian and Ubuntu: apt install python3-venv"
        )
    requirements = ROOT / SETS[wanted][-1]
    print(
        f"Installing {requirements.relative_to(ROOT)} into .venv (once, takes a minute) ...",
        flush=True,
    )
    stamps = [*VENV.glob("installed-*")]
    commands: list[list[str | Path]] = []
    if not stamps or Path(sys.prefix).resolve() != VENV.resolve() or find_spec("pip") is None:
        python = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
        commands.append([python, "-m", "venv", "--clear", VENV])
    for stamp in stamps:
        stamp.unlink()
    commands.append([PYTHON, "-m", "pip", "install", "-qq", "--no-input", "-r", requirements])
    environment = os.environ | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    for command in commands:
        options = {"env": environment, "cwd": ROOT}
        processes.finish(processes.start(f"The command {command[2]}", command, options=options))
    (VENV / f"installed-{wanted}").write_text(digest(wanted))


if __name__ == "__main__":
    with own_files():
        enter("local")
    print("Set up: .venv is ready.")
