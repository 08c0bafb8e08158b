"""The lists of packages: they hold what the `.in` files ask for and nothing else, with hashes, and
pip installs nothing that is not in them. No test here needs a network."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from hashlib import sha256
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from devtools.lock import LOCKS
from devtools.virtualenv import PIP_INSTALL
from tests.paths import ROOT
from tests.process_helpers import Checkout

HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
PIP_CALL = r"--require-hashes --only-binary :all: -r requirements(/otel|/anymail)?\.txt"
each_list = pytest.mark.parametrize("name", LOCKS)
# Node is in a virtual environment of its own (devtools/frontend), which the tests do not look into.
IN_VENV = [name for name in LOCKS if name != "requirements/frontend.txt"]


def wanted(source: Path) -> list[Requirement]:
    """What a `.in` file asks for, with the files that it includes."""
    found = []
    for line in source.read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            found += wanted(source.parent / text.removeprefix("-r "))
        elif text:
            found.append(Requirement(text))
    return found


def locked(name: str) -> dict[str, tuple[Requirement, int]]:
    """Name of a package -> its line in a list, and how many hashes follow it."""
    lines = re.sub(r"^ *#.*\n", "", (ROOT / name).read_text(), flags=re.MULTILINE)
    entries = re.split(r"(?<!\\)\n", lines.strip())
    return {
        canonicalize_name(requirement.name): (requirement, len(HASH.findall(entry)))
        for entry in entries
        for requirement in [Requirement(entry.partition("\\")[0])]
    }


def applies(requirement: Requirement, extra: str = "") -> bool:
    """Whether the requirement's marker holds for this Python on this system."""
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def needed(asked: list[Requirement]) -> set[str]:
    """The names of these packages and of all that they need here, as their own metadata says."""
    seen, waiting = (
        set[tuple[str, str]](),
        [(each, extra) for each in asked for extra in extras(each)],
    )
    while waiting:
        requirement, extra = waiting.pop()
        key = (canonicalize_name(requirement.name), extra)
        if key not in seen:
            seen.add(key)
            more = [Requirement(text) for text in requires(requirement.name) or []]
            waiting += [(each, e) for each in more if applies(each, extra) for e in extras(each)]
    return {name for name, _ in seen}


def extras(requirement: Requirement) -> list[str]:
    """The extras that it asks for, and "" for the package itself."""
    return ["", *sorted(requirement.extras)]


@each_list
def test_every_package_is_pinned_and_has_hashes(name: str) -> None:
    for requirement, hashes in locked(name).values():
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert hashes, requirement


@each_list
def test_a_list_has_the_versions_that_its_in_file_names(name: str) -> None:
    packages = locked(name)
    for asked in wanted((ROOT / name).with_suffix(".in")):
        requirement, _ = packages[canonicalize_name(asked.name)]
        assert requirement.specifier == asked.specifier, "run script/lock"


@pytest.mark.parametrize("name", IN_VENV)
def test_a_list_holds_what_its_packages_need_and_nothing_else(name: str) -> None:
    packages = {key for key, (requirement, _) in locked(name).items() if applies(requirement)}
    assert packages == needed(wanted((ROOT / name).with_suffix(".in"))), "run script/lock"


def test_what_is_installed_has_the_locked_versions() -> None:
    for name, (requirement, _) in locked("requirements/dev.txt").items():
        if applies(requirement):
            assert requirement.specifier.contains(version(name), prereleases=True), requirement


@each_list
def test_a_list_holds_everything_of_the_smaller_ones(name: str) -> None:
    packages = locked(name)
    for smaller in LOCKS[name]:
        assert locked(smaller).items() <= packages.items()


@each_list
def test_a_list_names_no_host(name: str) -> None:
    text = (ROOT / name).read_text() + (ROOT / name).with_suffix(".in").read_text()
    assert re.findall(r"https?:|--(?:extra-)?index-url|--find-links|--trusted-host", text) == []


def test_every_pip_install_of_the_service_demands_hashes() -> None:
    places = [ROOT / "render.yaml", *(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")]
    calls = [
        line
        for place in places
        for line in place.read_text().splitlines()
        if "pip install" in line and "-r requirements" in line
    ]
    assert calls
    for call in calls:
        assert re.search(PIP_CALL, call), call


def test_a_virtual_environment_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "checkout")
    other = tmp_path / "of another checkout"
    (other / "bin").mkdir(parents=True)
    (checkout.folder / ".venv").unlink()
    (checkout.folder / ".venv").symlink_to(other)
    started = checkout.script("setup")
    assert "is a link" in started.communicate()[1]
    assert started.returncode == 1
    assert [path.name for path in other.iterdir()] == ["bin"]


# --- pip --------------------------------------------------------------------------------------


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with one wheel of a package that has no code."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "harmless-1.0-py3-none-any.whl", "w") as wheel:
        info = "harmless-1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: harmless\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return folder


def install(wheels: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Runs pip as `script/setup` does, on a list with this line and with these wheels only."""
    packages = wheels.parent / "packages.txt"
    packages.write_text(line)
    only_these = ["--no-index", "--find-links", wheels, "--target", wheels.parent / "target"]
    command = [sys.executable, *PIP_INSTALL, *only_these, "-r", packages]
    return subprocess.run(command, capture_output=True, text=True)


def test_pip_installs_a_file_with_the_hash_of_the_list(wheels: Path) -> None:
    content = (wheels / "harmless-1.0-py3-none-any.whl").read_bytes()
    done = install(wheels, f"harmless==1.0 --hash=sha256:{sha256(content).hexdigest()}")
    assert (done.returncode, done.stderr) == (0, "")
    assert (wheels.parent / "target" / "harmless-1.0.dist-info").is_dir()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("harmless==1.0", "HASHES ARE REQUIRED|Hashes are required"),
        (f"harmless==1.0 --hash=sha256:{'0' * 64}", "DO NOT MATCH THE HASHES"),
    ],
)
def test_pip_refuses_a_file_with_another_hash_or_none(
    wheels: Path, line: str, message: str
) -> None:
    done = install(wheels, line)
    assert done.returncode == 1
    assert re.search(message, done.stderr)
    assert not (wheels.parent / "target").exists()


def test_pip_does_not_build_a_package(wheels: Path) -> None:
    (wheels / "built-1.0.tar.gz").write_bytes(b"")
    done = install(wheels, f"built==1.0 --hash=sha256:{sha256(b'').hexdigest()}")
    assert done.returncode == 1
    assert "No matching distribution found" in done.stderr
