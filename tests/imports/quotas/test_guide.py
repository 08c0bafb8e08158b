"""The examples in docs/rate-limiting.md work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from imports.models import LimitType, UploadBlock
from tests.conftest import ROOT, ModuleProcess, environment, serve
from tests.imports.quotas.helpers import passes, refusal, usage
from users.models import User

pytestmark = pytest.mark.usefixtures("patient_redis")

GUIDE = (ROOT / "docs" / "rate-limiting.md").read_text()


def fenced(language: str) -> list[str]:
    """The code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("redis-cli"), reason="needs Debian's redis-tools")
@pytest.mark.django_db(transaction=True)
def test_every_command_of_the_guide_works(
    admin: User, root: User, start: Callable[..., ModuleProcess]
) -> None:
    """Runs them one after the other in one shell, which ends at the first failure."""
    token = {"METRICS_TOKEN": "a token of at least 32 characters"}
    extra = token | {"MARKETEDGE": serve(start, **token), "no_proxy": "127.0.0.1"}
    passes(admin, 10)
    refusal(admin)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    commands = "\n".join(fenced("bash"))
    finished = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", commands],
        cwd=ROOT,
        env=environment() | extra | {"PATH": path},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert f"upload_rate:csv_import:{admin.id}:hour:" in finished.stdout
    assert "\n10\n" in finished.stdout
    assert 'csv_rate_limit_violations_total{limit_type="csv_import"} 1.0' in finished.stdout
    assert not UploadBlock.objects.exists()
    assert usage(admin).remaining == 10


def test_the_python_and_sql_of_the_guide_work(admin: User) -> None:
    passes(admin, 10)
    for text in fenced("python"):
        exec(text.replace("<user-id>", str(admin.id)), {})
    with connection.cursor() as cursor:
        for text in fenced("sql"):
            cursor.execute(text)
    assert (usage(admin).remaining, usage(admin).limit) == (40, 40)


def test_the_settings_of_the_guide_are_valid() -> None:
    variables = dict(
        line.split("=", 1) for block in fenced("dotenv") for line in block.splitlines()
    )
    printed = subprocess.run(
        [sys.executable, "-c", "from marketedge.settings import *; print(UPLOAD_RATE_LIMITS)"],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert len(variables) == len(LimitType)
    assert all(limit in printed for limit in variables.values())
