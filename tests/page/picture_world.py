"""An organisation as a picture of the documentation shows it: its people, its imports, its file."""

from __future__ import annotations

import random
import unicodedata
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from imports.models import ImportBatch
from tests.imports.api.helpers import csv_bytes, csv_upload, imports_url, run_batch
from tests.page.states import RUNNING, World
from users.models import Organisation, User

FIRST = "Ada Amira Björn Chloé Daniel Elif Femi Grace Hannah Ivan José Kenji Lena Marek Noor Olga"
FIRST += " Pavel Quentin Rosa Sami Tove Uma Viktor Wanda Yusuf Zoë"
LAST = "Almeida Berg Černý Dubois Eriksen Fischer García Haddad Ivanova Jansen Kowalska Lindqvist"
LAST += " Moreau Nowak Okafor Petrov Quist Rossi Santos Tanaka Ünal Virtanen Weber Young Zhang"
DEPARTMENTS = ("Sales", "Marketing", "Finance", "Research", "Operations", "People & Culture")
LOCATIONS = ("Berlin", "Lisbon", "Copenhagen", "Toronto", "Kraków", "Nairobi")
HEADERS: tuple[str, ...] = (
    "E-mail address",
    "Given name",
    "Surname",
    "Role",
    "Department",
    "Office",
    "Phone",
)
HEADERS += ("Employee no.",)
ROLES = ("viewer", "viewer", "viewer", "analyst", "")
# What is wrong in the file: row -> column -> text.
MISTAKES: dict[int, dict[int, str]] = {
    3: {0: "{local}(at)acme.example"},
    7: {6: "extension 12"},
    11: {3: "Sales Team"},
    15: {0: "{local}@acme"},
    19: {1: ""},
    **{row: {3: "Sales Team"} for row in range(40, 205, 15)},
    **{row: {3: "Intern"} for row in range(300, 350, 10)},
    222: {0: "{local}@acme,example"},
    223: {6: "n/a"},
}


def rows(count: int, *, mistakes: bool, start: int = 0) -> list[list[Any]]:
    """The rows of a file: always the same people in the same order."""
    names = list(product(FIRST.split(), LAST.split()))
    random.Random(7).shuffle(names)
    made = []
    for number, (first, last) in enumerate(names[start : start + count]):
        plain = unicodedata.normalize("NFKD", f"{first}.{last}".lower().replace("ø", "o"))
        address = plain.encode("ascii", "ignore").decode() + "@acme.example"
        row: list[Any] = [address, first, last, ROLES[number % len(ROLES)]]
        row += [DEPARTMENTS[number % 6], LOCATIONS[number * 5 % 6]]
        row += [f"+49 30 5550 {number:04}", 10_000 + number]
        for column, text in (MISTAKES.get(number, {}) if mistakes else {}).items():
            row[column] = text.format(local=address.partition("@")[0])
        made.append(row)
    return made


def send(api: APIClient, acme: Organisation, call: str, name: str, content: bytes) -> Any:
    """Posts a file under a name; gives the answer."""
    form = {"file": csv_upload(content, name)}
    answer = api.post(f"{imports_url(acme)}{call}", form, format="multipart")
    assert answer.status_code in (200, 202), answer.content
    return answer.json()


def picture_world(url: str, api: APIClient, acme: Organisation) -> World:
    """Some imports of the last weeks, one that runs, and one file that is being reviewed."""
    now = timezone.now()
    small = csv_bytes(rows(24, mistakes=False), HEADERS)
    run(api, acme, "sales-berlin.csv", small, now - timedelta(days=23, hours=3))
    partly = csv_bytes(rows(118, mistakes=True, start=430), HEADERS)
    ended = run(api, acme, "partners.csv", partly, now - timedelta(days=9, hours=1))
    again = csv_bytes(rows(24, mistakes=False), HEADERS)
    run(api, acme, "sales-berlin (2).csv", again, now - timedelta(days=2, hours=5))
    people = User.objects.of(acme.id).exclude(role="admin")
    people.update(market_edge_access=True)
    people.filter(department__in=["Sales", "Finance"]).update(value_edge_access=True)
    for day, office in enumerate(LOCATIONS[:5]):
        people.filter(location=office).update(last_login=now - timedelta(days=day, hours=2 * day))
    running = send(
        api, acme, "", "research.csv", csv_bytes(rows(300, mistakes=False, start=300), HEADERS)
    )
    with connection.cursor() as cursor:
        cursor.execute(RUNNING, [running["id"]])
    staged = csv_bytes(rows(420, mistakes=True), HEADERS)
    upload = send(api, acme, "/preview", "new-people-november.csv", staged)["upload_id"]
    path = f"/uploads/{upload}"
    return World(url, path, path, path, f"/imports/{ended.id}", f"/imports/{running['id']}")


def run(
    api: APIClient, acme: Organisation, name: str, content: bytes, when: datetime
) -> ImportBatch:
    """Imports a file as if that had been some days ago."""
    batch = run_batch(send(api, acme, "", name, content)["id"])
    times = {"created_at": when, "started_at": when, "completed_at": when + timedelta(seconds=2)}
    ImportBatch.objects.everywhere().filter(id=batch.id).update(**times)
    return batch
