"""Machines: network namespaces with a host name, an address and a disk of their own.

They are on one switch, a bridge of the kernel, on which this process has an address, too. Each sees
the file system of this process read-only, and writes to a file system in memory that no other one
sees. This needs root and iproute2.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.imports.engine.support.processes import Process
from tests.imports.engine.support.stack import Stack

_START = """
hostname "$1"
mount -t tmpfs none "$2"
mount -t tmpfs none /dev/shm
mount -o remount,bind,ro /
export TMPDIR="$2"
shift 2
exec "$@"
"""


def _can_be_made() -> bool:
    if os.geteuid() or not all(map(shutil.which, ("ip", "unshare", "hostname"))):
        return False
    command = ["unshare", "--net", "--mount", "--uts", "mount", "-o", "remount,bind,ro", "/"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


needs_namespaces = pytest.mark.skipif(not _can_be_made(), reason="needs root and iproute2")


def _ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True)


class Network:
    """A switch, and the machines on it. The addresses are of a range for tests (RFC 2544)."""

    def __init__(self) -> None:
        self.name, self._prefix = f"mx{os.getpid()}", f"198.18.{os.getpid() % 256}"
        self.address = f"{self._prefix}.1"
        self.machines: list[Machine] = []
        _ip(f"link add {self.name} type bridge")
        _ip(f"address add {self.address}/24 dev {self.name}")
        _ip(f"link set {self.name} up")

    def machine(self, name: str, folder: Path) -> Machine:
        """Makes a machine and connects it to the switch. `folder` is where its disk appears."""
        number = len(self.machines) + 2
        cable, space = f"{self.name}-{number}", f"{self.name}-{name}"
        _ip(f"netns add {space}")
        self.machines.append(Machine(name, space, cable, f"{self._prefix}.{number}", folder / name))
        self.machines[-1].disk.mkdir()
        _ip(f"link add {cable} type veth peer name eth0 netns {space}")
        _ip(f"link set {cable} master {self.name} up")
        _ip(f"-n {space} address add {self._prefix}.{number}/24 dev eth0")
        for device in ("lo", "eth0"):
            _ip(f"-n {space} link set {device} up")
        return self.machines[-1]

    def close(self) -> None:
        """Removes all machines and the switch. Their processes have ended before."""
        for machine in self.machines:
            _ip(f"netns delete {machine.space}")
        _ip(f"link delete {self.name}")


class Machine:
    """A host with an address. `cable` is the interface that connects it to the switch."""

    def __init__(self, name: str, space: str, cable: str, address: str, disk: Path) -> None:
        self.name, self.space, self.cable, self.address = name, space, cable, address
        self.disk = disk

    def start(self, stack: Stack, *command: str) -> Process:
        """Starts a Python process of a stack on this machine."""
        prefix = ["ip", "netns", "exec", self.space, "unshare", "--mount", "--uts"]
        prefix += ["sh", "-ec", _START, "sh", self.name, str(self.disk)]
        log = stack.folder / f"{self.name}.log"
        stack.processes.append(Process([*command], log, stack.environment(), prefix=prefix))
        return stack.processes[-1]

    def unplug(self) -> None:
        """Cuts the machine off: nothing arrives in either direction, and nobody is told."""
        _ip(f"link set {self.cable} down")

    def plug_in(self) -> None:
        """Connects it again."""
        _ip(f"link set {self.cable} up")
