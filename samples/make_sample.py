"""Makes users.csv and users.expected.json: 5,000 realistic rows, 60 of them invalid.

    python -m samples.make_sample          writes both beside this file; the same bytes every time

The expected errors of an invalid row are written here by hand, beside the row. They are not taken
from the code that the sample tests. For the same reason this script imports nothing else of the
project. `write_rows` makes any number of valid rows, quickly, for benchmarks.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from samples.valid_rows import FIELDS, valid_rows

HERE = Path(__file__).parent
SEED = 20_240
TOTAL_ROWS = 5_000

# The headers of a typical export: exact names, aliases, and one column that is ignored.
HEADERS = [
    "E-mail Address", "Given Name", "Last Name", "Role", "Department", "Office Location",
    "Work Phone", "market_edge_access", "Causal Edge Access", "value-edge-access",
    "Send Invitation", "Notes",
]  # fmt: skip
INTERNATIONAL_DOMAINS = ("müller.example", "пример.example", "例え.test", "xn--caf-dma.example")
NOTES = (
    "", "", "", "", "", "starts in May", "Second floor,\nroom 2.14", 'says "call me Al"',
    "Wheelchair access needed;\r\nparking in the yard", "a\ttab and a line\nbreak do no harm here",
    "=A1+B1", "早番", "moved from Köln, 2019",
)  # fmt: skip
# Users of the organisation that the demo imports into: their rows are valid and skipped.
EXISTING = ("viewer@acme.example", " Admin@ACME.example")
MISSPELT_ROLE = "typing error in a role"


class Mistake(NamedTuple):
    """An invalid row: the cells that differ from a valid one, and the expected errors."""

    name: str
    cells: dict[str, str]
    errors: tuple[tuple[str, str], ...]  # (field_name, error_code), in the order of the fields


def _invalid_email(name: str, email: str) -> Mistake:
    return Mistake(name, {"email": email}, (("email", "invalid_email"),))


def _mistake(name: str, field: str, value: str, code: str) -> Mistake:
    return Mistake(name, {field: value}, ((field, code),))


MISTAKES = (
    _invalid_email("no @", "liam.murphy.example.com"),
    _invalid_email("two @", "lucia@rossi@example.com"),
    _invalid_email("dot at the end", "hannah.berg@example.com."),
    _invalid_email("comma for a dot", "omar.haddad@example,com"),
    _invalid_email("space inside", "anna maria.silva@example.com"),
    _invalid_email("slash in the domain", "ingrid.dahl@example/com"),
    _invalid_email("Cyrillic letter that looks Latin", "m\u0430ria.ivanova@example.com"),
    _invalid_email("65 characters before the @", "x" * 65 + "@example.com"),
    _invalid_email("underscore in the domain", "paul.keller@my_company.example"),
    _invalid_email("nothing after the @", "pedro.alves@"),
    _invalid_email("nothing before the @", "@example.com"),
    _invalid_email("domain without a dot", "kenji.ito@localhost"),
    _invalid_email("two dots in the domain", "emma.stone@example..com"),
    _invalid_email("dot at the start", ".felix.braun@example.com"),
    _invalid_email("two addresses", "ana.costa@example.com; rui.costa@example.com"),
    _invalid_email("name and brackets", "Eva Lind <eva.lind@example.com>"),
    _invalid_email("a link", "mailto:greta.olsen@example.com"),
    _invalid_email("an injected mail header", "max.frei@example.com\r\nBcc: everybody@example.com"),
    _invalid_email("hyphen at the start of the domain", "ivan.petrov@-example.com"),
    _invalid_email("an IP address", "server.room@192.0.2.7"),
    _invalid_email("more than 254 characters", "long@" + "sub-domain." * 23 + "example.com"),
    _invalid_email("a part of the domain of 64 characters", "deep@" + "a" * 64 + ".example.com"),
    _invalid_email("not an address at all", "n/a"),
    _invalid_email("@ as in a web address", "elena.rossi%40example.com"),
    _invalid_email("comment in brackets", "nils.holm(work)@example.com"),
    _invalid_email("quoted local part", '"john doe"@example.com'),
    _invalid_email("invalid international domain", "yuki.mori@xn--99zzz999.example"),
    _mistake("empty address", "email", "", "required"),
    _mistake("empty first name", "first_name", "", "required"),
    _mistake("last name of white space", "last_name", "  \u00a0", "required"),
    _mistake("first name of 101 characters", "first_name", "Wolfe" * 20 + "r", "too_long"),
    _mistake("formula as a name", "first_name", '=HYPERLINK("x","Click")', "formula_injection"),
    _mistake("@-mention as a name", "last_name", "@jsmith", "formula_injection"),
    _mistake("full-width equals sign", "last_name", "＝SUM(1)", "formula_injection"),
    _mistake("tab in a name", "first_name", "Karl\tHeinz", "control_character"),
    _mistake("vertical tab in a name", "last_name", "Sm\u000bith", "control_character"),
    _mistake("backspace in a name", "first_name", "Ali\u0008ce", "control_character"),
    _mistake("line break in a name", "last_name", "García\nLópez", "control_character"),
    _mistake("role that does not exist", "role", "owner", "invalid_role"),
    _mistake(MISSPELT_ROLE, "role", "veiwer", "invalid_role"),
    _mistake("role of the platform", "role", "super_admin", "role_not_allowed"),
    _mistake("department of 102 characters", "department", "Sales " * 16 + "Europe", "too_long"),
    _mistake("formula as a department", "department", "=SUM(A1:A9)", "formula_injection"),
    _mistake("line separator, as in Word", "department", "Legal\u2028Team", "control_character"),
    _mistake("@ before a location", "location", "@home", "formula_injection"),
    _mistake("phone in words", "phone", "ask reception", "invalid_phone"),
    _mistake("two phones in one", "phone", "+44 20 7946 0123 / 0124", "too_long"),
    _mistake("three digits", "phone", "112", "invalid_phone"),
    _mistake("country that does not exist", "phone", "+999 555 0100", "invalid_phone"),
    _mistake("number shortened by a spreadsheet", "phone", "4.42079E+11", "invalid_phone"),
    _mistake("neither yes nor no", "market_edge_access", "maybe", "invalid_boolean"),
    _mistake("date as an invitation", "send_invitation", "next Monday", "invalid_boolean"),
    Mistake(
        "everything at once",
        {
            "email": "nobody", "first_name": "", "last_name": "@", "role": "boss",
            "department": "-" * 101, "phone": "none", "value_edge_access": "perhaps",
        },
        (
            ("email", "invalid_email"), ("first_name", "required"),
            ("last_name", "formula_injection"), ("role", "invalid_role"),
            ("department", "too_long"), ("phone", "invalid_phone"),
            ("value_edge_access", "invalid_boolean"),
        ),
    ),
    # the demo data contain an administrator of another organisation with this address
    _mistake("another organisation's", "email", "admin@globex.example", "address_unavailable"),
)  # fmt: skip


def write_rows(file: TextIO, count: int, seed: int = 1, bad: float = 0.0) -> None:
    """Writes a CSV file with the field names as header and `count` rows like those of the sample.

    Every row has a different e-mail address. `bad` is the share of invalid rows, from 0 to 1. It
    takes about 3 µs a row."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(FIELDS)
    rng = random.Random(seed)  # noqa: S311 - the rows must be the same each time
    rows = islice(valid_rows(rng), count)
    writer.writerows(_with_mistakes(rng, rows, bad) if bad else rows)


def _with_mistakes(
    rng: random.Random, rows: Iterator[list[str]], share: float
) -> Iterator[list[str]]:
    for row in rows:
        # without the last mistake, which only the demo data make invalid
        yield _replaced(row, rng.choice(MISTAKES[:-1]).cells) if rng.random() < share else row


def _replaced(row: list[str], cells: dict[str, str]) -> list[str]:
    return [cells.get(field, cell) for field, cell in zip(FIELDS, row, strict=False)] + row[
        len(FIELDS) :
    ]


def make_sample() -> tuple[list[list[str]], list[dict[str, Any]]]:
    """The rows of users.csv, and the errors that are expected, in the order of the file."""
    rng = random.Random(SEED)  # noqa: S311
    rows = [_as_exported(rng, row) for row in islice(valid_rows(rng), TOTAL_ROWS)]
    errors_at: dict[int, tuple[tuple[str, str], ...]] = {}
    places = iter(rng.sample(range(50, TOTAL_ROWS - 1), k=62))
    for mistake in (*MISTAKES, *_duplicates(rows)):
        place = next(places)
        rows[place] = _replaced(rows[place], mistake.cells)
        errors_at[place] = mistake.errors
        if mistake.name == MISSPELT_ROLE:  # a corrected row was appended to the file
            rows[-1] = _replaced(rows[place], {"role": "viewer"})
    for make_ragged in (_cut_short, _comma_without_quotes, _all_in_one_cell):
        place = next(places)
        rows[place] = make_ragged(rows[place])
        errors_at[place] = (("", "ragged_row"),)
    for email in EXISTING:
        place = next(places)
        rows[place] = _replaced(rows[place], {"email": email})
    return rows, [
        {"row_number": place + 2, "field_name": field, "error_code": code}  # the header is row 1
        for place in sorted(errors_at)
        for field, code in errors_at[place]
    ]


def _as_exported(rng: random.Random, row: list[str]) -> list[str]:
    """A valid row with a note; the e-mail address is sometimes international or in capitals."""
    email, first, *rest = row
    variant = rng.randrange(40)
    if variant == 0:
        email = f"{email.partition('@')[0]}@{rng.choice(INTERNATIONAL_DOMAINS)}"
    elif variant == 1:
        email = email.title()
    elif variant == 2:
        email, first = f"  {email}", f"{first} "
    return [email, first, *rest, rng.choice(NOTES)]


def _duplicates(rows: list[list[str]]) -> list[Mistake]:
    """Other spellings of e-mail addresses of the first rows."""
    rows[20] = _replaced(rows[20], {"email": "zoe.weiss@müller.example"})
    rows[30] = _replaced(rows[30], {"email": "taro.yamada@example.com"})
    emails = {
        "same address in other case": f" {rows[10][0].swapcase()}  ",
        "same address, domain in its ASCII form": "Zoe.Weiss@XN--MLLER-KVA.example",
        "same address in full-width letters": "ｔａｒｏ.yamada＠example.com",
    }
    return [_mistake(name, "email", email, "duplicate_in_file") for name, email in emails.items()]


def _cut_short(row: list[str]) -> list[str]:
    return row[:2]  # no last name


def _comma_without_quotes(row: list[str]) -> list[str]:
    return [*row[:4], "Research", " Development", *row[5 : len(FIELDS)], "two cells for one"]


def _all_in_one_cell(row: list[str]) -> list[str]:
    return [",".join(row[: len(FIELDS)])]


def main() -> None:
    """Writes users.csv and users.expected.json."""
    rows, errors = make_sample()
    failed = len({error["row_number"] for error in errors})
    succeeded = TOTAL_ROWS - failed - len(EXISTING)
    expected = {
        "total_rows": TOTAL_ROWS,
        "successful_rows": succeeded,
        "skipped_rows": len(EXISTING),
        "failed_rows": failed,
        "status": "completed",
        "error_message": f"Partial import: {succeeded} succeeded, {failed} failed",
        "errors": errors,
    }
    with (HERE / "users.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADERS, *rows])
    text = json.dumps(expected, indent=1).replace('\n   "', ' "').replace("\n  }", " }")
    (HERE / "users.expected.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
