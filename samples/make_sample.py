#!/usr/bin/env python3
"""Makes users.csv and users.expected.json: 5,000 rows like life, 60 of them wrong.

    python samples/make_sample.py          writes both beside this file; the same bytes every time

What must come of a wrong row is written down here together with the row, by a person, and not asked
of the code that the sample is there to test. `write_rows` makes any number of right rows, quickly,
for benchmarks.
"""

from __future__ import annotations

import csv
import json
import random
import unicodedata
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TextIO

HERE = Path(__file__).parent
SEED = 20_240
TOTAL_ROWS = 5_000

FIELDS = (
    "email", "first_name", "last_name", "role", "department", "location", "phone",
    "market_edge_access", "causal_edge_access", "value_edge_access", "send_invitation",
)  # fmt: skip
# As an export has them: exact names, aliases, and one column that no field uses.
HEADERS = [
    "E-mail Address", "Given Name", "Last Name", "Role", "Department", "Office Location",
    "Work Phone", "market_edge_access", "Causal Edge Access", "value-edge-access",
    "Send Invitation", "Notes",
]  # fmt: skip


class Locale(NamedTuple):
    """Names, places and telephone numbers of one part of the world. `#` is any digit."""

    firsts: str
    lasts: str
    cities: str
    phones: str


# Names of other scripts stand with their Latin spelling, for the address: name=latin.
# Numbers are of the ranges that are kept free for examples, where a country has one.
LOCALES = (
    Locale(
        "Olivia|Noah|Aoife|Jack|Mary-Jane|Siân|Chloë|Zoë|Tom|Rachel|Will|Priya",
        "O'Brien|Smith|MacDonald|Fitz-Gerald|Taylor|Jones|van Dyke|St. John|Okafor|D'Souza",
        "London|New York|Dublin|Washington, D.C.|Sydney|Stoke-on-Trent",
        "+44 20 7946 0###|(415) 555-01##|212-555-01##|+1 206 555 01##|+353 20 910 ####",
    ),
    Locale(
        "Jürgen|Käthe|Björn|Zoé|Anne-Sophie|François|Łukasz|Małgorzata|Jiří|Željko",
        "Müller|Groß|von der Heide|Lefèvre|d'Estaing|Wałęsa|Dvořák|Šarić|Weiß|Öztürk",
        "München|Köln|Zürich|Besançon|Łódź|Plzeň|Frankfurt (Oder)",
        "+49 30 23125 ###|030 23125###|0711 123456-##|+33 1 99 00 ## ##|01.99.00.##.##",
    ),
    Locale(
        "Søren|Åse|Þórunn|Øyvind|Linnéa|Äiti|Guðrún|Björk|Jón|Päivi",
        "Sørensen|Ångström|Þorsteinsdóttir|Hämäläinen|Ødegård|Æbelø|Jónsson|Nygård",
        "København|Reykjavík|Tromsø|Jyväskylä|Malmö",
        "+45 55 50 ## ##|+354 555 ####|+46 8 465 004 ##|+47 21 55 ## ##|+358 9 5550 ####",
    ),
    Locale(
        "José María|María del Carmen|João|Conceição|Núria|Iñaki|Thiago|Ximena",
        "de la Cruz|García López|Núñez|dos Santos|Gonçalves|Ibáñez|Peña|Araújo",
        "São Paulo|Ciudad de México|A Coruña|Bogotá, D.C.|Lisboa",
        "+55 11 5550-####|+34 91 555 ## ##|+52 55 5550 ####|+351 21 555 ####|+57 601 555 ####",
    ),
    Locale(
        "Nguyễn Thị=thi|Đặng Văn=van|Trần Ánh=anh|Phạm Hữu=huu",
        "Nguyễn|Trần|Đặng|Phạm|Lê",
        "Hà Nội|Đà Nẵng|Thành phố Hồ Chí Minh",
        "+84 24 5550 ####|+84 90 555 ## ##",
    ),
    Locale(
        "Кирилл=kirill|Ольга=olga|Дмитро=dmytro|Світлана=svitlana|Ђорђе=djordje|Ελένη=eleni|Γιώργος=giorgos",
        "Соколов=sokolov|Ковальчук=kovalchuk|Петровић=petrovic|Παπαδόπουλος=papadopoulos|Мельник=melnyk",
        "Київ|Београд|Αθήνα|София|Алматы",
        "+380 44 555 ## ##|+381 11 555 ####|+30 21 0555 ####|+7 495 555-##-##|8 (495) 555-##-##",
    ),
    Locale(
        "小明=xiaoming|美玲=meiling|太郎=taro|さくら=sakura|지우=jiwoo|민준=minjun|建國=chienkuo",
        "王=wang|李=li|山田=yamada|佐藤=sato|김=kim|박=park|欧阳=ouyang",
        "北京|東京|서울|臺北|上海",
        "+86 10 5550 ####|+81 3-5550-####|+82 2-555-####|+886 2 5550 ####|03-5550-####",
    ),
    Locale(
        "نور=noor|محمد=mohammed|فاطمة=fatima|علی‌رضا=alireza|יעל=yael|דוד=david|زهرا=zahra",
        "الخطيب=alkhatib|حسن=hassan|کریمی=karimi|כהן=cohen|לוי=levi|السيد=elsayed",
        "القاهرة|تهران|תל אביב|دبي",
        "+20 2 5550 ####|+98 21 5550 ####|+972 3-555-####|+971 4 555 ####",
    ),
    Locale(
        "प्रिया=priya|अर्जुन=arjun|আনিকা=anika|சுந்தர்=sundar|สมชาย=somchai|ශ්‍රී=sri|ნინო=nino|Արամ=aram",
        "शर्मा=sharma|रॉय=roy|রহমান=rahman|முருகன்=murugan|ใจดี=jaidee|გელაშვილი=gelashvili|Պետրոսյան=petrosyan",
        "मुंबई|ঢাকা|சென்னை|กรุงเทพมหานคร|თბილისი",
        "+91 22 5550 ####|+880 2 5550 ####|+66 2 555 ####|+995 32 255 ## ##|022 5550 ####",
    ),
)  # fmt: skip
WEIGHTS = (30, 16, 8, 14, 5, 9, 8, 5, 5)  # how common each of them is in the file, in per cent

DEPARTMENTS = (
    "Sales", "Research, Development", "Finance", "Human Resources", "Marketing & Growth", "IT",
    "Legal", 'Customer "First" Team', "Logistik/Versand", "Comunicação", "营销部",
    "Бухгалтерия", "",
)  # fmt: skip
DOMAINS = (
    "example.com", "example.org", "example.net", "mail.example.com", "acme.example",
    "acme-garments.example", "north.acme.example", "contoso.test",
)  # fmt: skip
INTERNATIONAL_DOMAINS = ("müller.example", "пример.example", "例え.test", "xn--caf-dma.example")
ROLES = (
    "viewer", "viewer", "Viewer", "", "", "analyst", "Analyst", "user", "User", "read-only",
    "Read Only", "READONLY", "admin", "Administrator",
)  # fmt: skip
YES_NO = (
    "true", "false", "TRUE", "FALSE", "yes", "no", "Yes", "No", "1", "0", "Y", "n", "on", "off",
    "Enabled", "disabled", "", "",
)  # fmt: skip
NOTES = (
    "", "", "", "", "", "starts in May", "Second floor,\nroom 2.14", 'says "call me Al"',
    "Wheelchair access needed;\r\nparking in the yard", "a\ttab and a line\nbreak do no harm here",
    "=A1+B1", "早番", "moved from Köln, 2019",
)  # fmt: skip


# Users of the organisation that the demo imports into: right rows, skipped.
EXISTING = ("viewer@acme.example", " Admin@ACME.example")
TYPING_ERROR = "typing error in a role"


class Mistake(NamedTuple):
    """What is wrong with a row: the cells that differ from a right one, and what must be said."""

    name: str
    cells: dict[str, str]
    errors: tuple[tuple[str, str], ...]  # (field_name, error_code), in the order of the fields


def _address(name: str, email: str) -> Mistake:
    return Mistake(name, {"email": email}, (("email", "invalid_email"),))


def _cell(name: str, field: str, value: str, code: str) -> Mistake:
    return Mistake(name, {field: value}, ((field, code),))


MISTAKES = (
    _address("no @", "liam.murphy.example.com"),
    _address("two @", "lucia@rossi@example.com"),
    _address("dot at the end", "hannah.berg@example.com."),
    _address("comma for a dot", "omar.haddad@example,com"),
    _address("space inside", "anna maria.silva@example.com"),
    _address("zero-width space from a web page", "ingrid.dahl@exam\u200bple.com"),
    _address("Cyrillic letter that looks Latin", "m\u0430ria.ivanova@example.com"),
    _address("65 characters before the @", "x" * 65 + "@example.com"),
    _address("underscore in the domain", "paul.keller@my_company.example"),
    _address("nothing after the @", "pedro.alves@"),
    _address("nothing before the @", "@example.com"),
    _address("domain without a dot", "kenji.ito@localhost"),
    _address("two dots in the domain", "emma.stone@example..com"),
    _address("dot at the start", ".felix.braun@example.com"),
    _address("two addresses", "ana.costa@example.com; rui.costa@example.com"),
    _address("name and brackets", "Eva Lind <eva.lind@example.com>"),
    _address("a link", "mailto:greta.olsen@example.com"),
    _address("a header smuggled in", "max.frei@example.com\r\nBcc: everybody@example.com"),
    _address("hyphen at the start of the domain", "ivan.petrov@-example.com"),
    _address("an IP address", "server.room@192.0.2.7"),
    _address("more than 254 characters", "long@" + "sub-domain." * 23 + "example.com"),
    _address("a part of the domain of 64 characters", "deep@" + "a" * 64 + ".example.com"),
    _address("no address at all", "n/a"),
    _address("bidirectional override", "elena.\u202eaddress@example.com"),
    _address("comment in brackets", "nils.holm(work)@example.com"),
    _address("quoted local part", '"john doe"@example.com'),
    _address("international domain that is none", "yuki.mori@xn--99zzz999.example"),
    _cell("empty address", "email", "", "required"),
    _cell("empty first name", "first_name", "", "required"),
    _cell("last name of blanks", "last_name", "  \u00a0", "required"),
    _cell("first name of 101 characters", "first_name", "Wolfe" * 20 + "r", "too_long"),
    _cell("formula as a name", "first_name", '=HYPERLINK("x","Click")', "formula_injection"),
    _cell("@-mention as a name", "last_name", "@jsmith", "formula_injection"),
    _cell("wide equals sign", "last_name", "＝SUM(1)", "formula_injection"),
    _cell("tab in a name", "first_name", "Karl\tHeinz", "control_character"),
    _cell("bidirectional override in a name", "last_name", "Sm\u202eith", "control_character"),
    _cell("zero-width space in a name", "first_name", "Ali\u200bce", "control_character"),
    _cell("line break in a name", "last_name", "García\nLópez", "control_character"),
    _cell("role that does not exist", "role", "owner", "invalid_role"),
    _cell(TYPING_ERROR, "role", "veiwer", "invalid_role"),
    _cell("role of the platform", "role", "super_admin", "role_not_allowed"),
    _cell("department of 102 characters", "department", "Sales " * 16 + "Europe", "too_long"),
    _cell("formula as a department", "department", "=SUM(A1:A9)", "formula_injection"),
    _cell("line separator, as in Word", "department", "Legal\u2028Team", "control_character"),
    _cell("@ before a location", "location", "@home", "formula_injection"),
    _cell("phone in words", "phone", "ask reception", "invalid_phone"),
    _cell("two phones in one", "phone", "+44 20 7946 0123 / 0124", "too_long"),
    _cell("three digits", "phone", "112", "invalid_phone"),
    _cell("country that does not exist", "phone", "+999 555 0100", "invalid_phone"),
    _cell("number shortened by a spreadsheet", "phone", "4.42079E+11", "invalid_phone"),
    _cell("neither yes nor no", "market_edge_access", "maybe", "invalid_boolean"),
    _cell("date as an invitation", "send_invitation", "next Monday", "invalid_boolean"),
    Mistake(
        "everything at once",
        {
            "email": "nobody", "first_name": "", "last_name": "@", "role": "boss",
            "department": "-" * 101, "phone": "none", "value_edge_access": "ja",
        },
        (
            ("email", "invalid_email"), ("first_name", "required"),
            ("last_name", "formula_injection"), ("role", "invalid_role"),
            ("department", "too_long"), ("phone", "invalid_phone"),
            ("value_edge_access", "invalid_boolean"),
        ),
    ),
    # the demo has an administrator of another organisation with this address
    _cell("another organisation's", "email", "admin@globex.example", "address_unavailable"),
)  # fmt: skip


class Person(NamedTuple):
    first: str
    last: str
    latin: str  # the beginning of an address
    locale: int


def write_rows(file: TextIO, count: int, seed: int = 1, bad: float = 0.0) -> None:
    """Writes a header with the exact names and `count` rows of the sample's kind as CSV, all with
    different addresses; `bad` is the share of them (0 to 1) that is wrong. About 3 µs a row."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(FIELDS)
    rng = random.Random(seed)  # noqa: S311 - the same rows each time is the purpose
    rows = right_rows(rng)
    writer.writerows(_spoil(rng, islice(rows, count), bad) if bad else islice(rows, count))


def right_rows(rng: random.Random) -> Iterator[list[str]]:
    """Rows in the order of FIELDS without end; each address has a number of its own."""
    people, weights = _people()
    phones = [_phones(rng, locale) for locale in LOCALES]
    cities = [locale.cities.split("|") for locale in LOCALES]
    number, block = 0, 5_000
    while True:
        draw = zip(
            rng.choices(people, cum_weights=weights, k=block),
            rng.choices(DOMAINS, k=block), rng.choices(ROLES, k=block),
            rng.choices(DEPARTMENTS, k=block), rng.choices(range(1_000), k=block),
            *(rng.choices(YES_NO, k=block) for _ in range(4)), strict=True,
        )  # fmt: skip
        for person, domain, role, department, luck, market, causal, value, send in draw:
            number += 1
            places = cities[person.locale]
            yield [
                f"{person.latin}{number}@{domain}", person.first, person.last, role, department,
                places[luck % len(places)], phones[person.locale][luck],
                market, causal, value, send,
            ]  # fmt: skip


def _people() -> tuple[list[Person], list[float]]:
    """Everybody, and how far each reaches on a scale of chances."""
    people, weights, reached = [], [], 0.0
    for index, locale in enumerate(LOCALES):
        names = [(a, b) for a in locale.firsts.split("|") for b in locale.lasts.split("|")]
        for first, last in names:
            latin = f"{_latin(first)}.{_latin(last)}"
            people.append(Person(first.partition("=")[0], last.partition("=")[0], latin, index))
            reached += WEIGHTS[index] / len(names)
            weights.append(reached)
    return people, weights


_LETTERS = str.maketrans({"ø": "o", "þ": "th", "ð": "d", "đ": "d", "ł": "l", "ß": "ss", "æ": "ae"})


def _latin(name: str) -> str:
    """The letters a-z of a name that is Latin, or of the spelling that stands behind the `=`."""
    name = (name.partition("=")[2] or name).lower().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in plain if "a" <= letter <= "z")


def _phones(rng: random.Random, locale: Locale) -> list[str]:
    """A thousand numbers, a fifth of them missing."""
    patterns = locale.phones.split("|")
    return [
        "".join(str(rng.randrange(10)) if sign == "#" else sign for sign in rng.choice(patterns))
        if rng.random() < 0.8
        else ""
        for _ in range(1_000)
    ]


def _spoil(rng: random.Random, rows: Iterator[list[str]], share: float) -> Iterator[list[str]]:
    for row in rows:
        yield _with(row, rng.choice(MISTAKES[:-1]).cells) if rng.random() < share else row


def _with(row: list[str], cells: dict[str, str]) -> list[str]:
    return [cells.get(field, cell) for field, cell in zip(FIELDS, row, strict=False)] + row[11:]


def make_sample() -> tuple[list[list[str]], list[dict[str, Any]]]:
    """The rows of users.csv, and the errors that must come of them in the order of the file."""
    rng = random.Random(SEED)  # noqa: S311
    rows = [_as_exported(rng, row) for row in islice(right_rows(rng), TOTAL_ROWS)]
    wrong: dict[int, tuple[tuple[str, str], ...]] = {}
    places = iter(rng.sample(range(50, TOTAL_ROWS - 1), k=62))
    for mistake in (*MISTAKES, *_duplicates(rows)):
        place = next(places)
        rows[place] = _with(rows[place], mistake.cells)
        wrong[place] = mistake.errors
        if mistake.name == TYPING_ERROR:  # somebody saw it and added the row again at the end
            rows[-1] = _with(rows[place], {"role": "viewer"})
    for bend in (_cut_short, _comma_without_quotes, _all_in_one_cell):
        place = next(places)
        rows[place] = bend(rows[place])
        wrong[place] = (("", "ragged_row"),)
    for address in EXISTING:
        place = next(places)
        rows[place] = _with(rows[place], {"email": address})
    return rows, [
        {"row_number": place + 2, "field_name": field, "error_code": code}  # the header is row 1
        for place in sorted(wrong)
        for field, code in wrong[place]
    ]


def _as_exported(rng: random.Random, row: list[str]) -> list[str]:
    """A right row as people and exports really write it, with a note in the last column."""
    email, first, *rest = row
    kind = rng.randrange(40)
    if kind == 0:
        email = f"{email.partition('@')[0]}@{rng.choice(INTERNATIONAL_DOMAINS)}"
    elif kind == 1:
        email = email.title()
    elif kind == 2:
        email, first = f"  {email}", f"{first} "
    return [email, first, *rest, rng.choice(NOTES)]


def _duplicates(rows: list[list[str]]) -> list[Mistake]:
    """Other spellings of addresses that stand among the first rows."""
    rows[20] = _with(rows[20], {"email": "zoe.weiss@müller.example"})
    rows[30] = _with(rows[30], {"email": "taro.yamada@example.com"})
    spellings = {
        "same address in other case": f" {rows[10][0].swapcase()}  ",
        "same address, domain as the DNS has it": "Zoe.Weiss@XN--MLLER-KVA.example",
        "same address in wide letters": "ｔａｒｏ.yamada＠example.com",
    }
    return [_cell(name, "email", to, "duplicate_in_file") for name, to in spellings.items()]


def _cut_short(row: list[str]) -> list[str]:
    return row[:7]


def _comma_without_quotes(row: list[str]) -> list[str]:
    return [*row[:4], "Research", " Development", *row[5:11], "two cells for one"]


def _all_in_one_cell(row: list[str]) -> list[str]:
    return [",".join(row[:11])]


def main() -> None:
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
