"""Looks for texts in everything that the service stores: every table, every Redis key, log files.

A text counts as found in any case, inside JSON and bytes, and packed as Django and Celery pack
sessions and messages (base64, with or without zlib).
"""

from __future__ import annotations

import base64
import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from django.db import connection

from devtools.virtualenv import LOCAL

Found = set[tuple[str, str]]  # (place, text that was found there)

_PACKED = re.compile(r"\.?[\w+/-]{16,}={0,2}")


def columns() -> dict[tuple[str, str], str]:
    """(table, column) -> type, of all tables of the test database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " JOIN information_schema.tables USING (table_schema, table_name)"
            " WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        )
        return {(table, column): kind for table, column, kind in cursor.fetchall()}


def in_tables(texts: Iterable[str]) -> Found:
    """Gives ("table.column", text) for each text that a row contains."""
    texts = [*texts]
    found: Found = set()
    with connection.cursor() as cursor:
        for (table, column), kind in columns().items():
            value = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            cursor.execute(f'SELECT {value} FROM "{table}" WHERE "{column}" IS NOT NULL')
            stored = "\n".join(row[0] for row in cursor.fetchall())
            found |= {(f"{table}.{column}", text) for text in contained(texts, stored)}
    return found


def in_redis(texts: Iterable[str]) -> Found:
    """Gives ("Redis key …", text) for each text in the name or the value of a key."""
    texts = [*texts]
    found: Found = set()
    with redis.Redis.from_url(
        os.environ["REDIS_URL"], decode_responses=True, encoding_errors="replace"
    ) as client:
        for key in client.scan_iter():
            stored = f"{key}\n{_value(client, key)}"
            found |= {(f"Redis key {key}", text) for text in contained(texts, stored)}
    return found


def _value(client: Any, key: str) -> str:
    """The value of a key of any type. "" where it has expired meanwhile."""
    read = {
        "string": client.get,
        "list": lambda name: client.lrange(name, 0, -1),
        "set": client.smembers,
        "hash": client.hgetall,
        "zset": lambda name: client.zrange(name, 0, -1),
        "none": lambda name: "",
    }
    return str(read[client.type(key)](key))


def in_files(texts: Iterable[str], paths: Iterable[Path]) -> Found:
    """Gives (name of the file, text) for each text in a file."""
    texts = [*texts]
    return {
        (path.name, text)
        for path in paths
        if path.is_file()
        for text in contained(texts, path.read_text(errors="replace"))
    }


def contained(texts: Iterable[str], stored: str) -> Iterator[str]:
    """Those of the texts that `stored` contains."""
    everything = "\n".join(unpacked(stored)).lower()
    return (text for text in texts if text.lower() in everything)


def unpacked(stored: str) -> Iterator[str]:
    """The text itself, without the escapes of JSON, and everything that is packed in it."""
    yield stored
    if "\\u" in stored:
        yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), stored)
    for packed in _PACKED.findall(stored):
        with suppress(ValueError):
            content = base64.urlsafe_b64decode(re.sub(r"[.=]", "", packed) + "===")
            with suppress(zlib.error):
                content = zlib.decompress(content)
            yield content.decode(errors="replace")


def server_logs() -> list[Path]:
    """The log files of PostgreSQL and Valkey of this test run.

    Skips the test where the servers were not started by `script/test`: their logs are not here."""
    for state in LOCAL.glob("*/state.json"):
        with suppress(OSError, ValueError):
            if json.loads(state.read_text()).get("DATABASE_URL") == os.environ["DATABASE_URL"]:
                return sorted((state.parent / "logs").glob("*.log"))
    pytest.skip("DATABASE_URL is set from outside, so that the server's log can't be read")
