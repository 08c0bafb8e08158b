"""Valid rows with made-up people of many countries, for the sample and for benchmarks."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

FIELDS = (
    "email", "first_name", "last_name", "role", "department", "location", "phone",
    "market_edge_access", "causal_edge_access", "value_edge_access", "send_invitation",
)  # fmt: skip


class Locale(NamedTuple):
    """Names, cities and phone numbers of one part of the world. `#` stands for any digit."""

    first_names: str
    last_names: str
    cities: str
    phones: str


# A name in another script has its Latin spelling, for the e-mail address: name=latin.
# Phone numbers are from the range reserved for examples, if the country has one.
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
WEIGHTS = (30, 16, 8, 14, 5, 9, 8, 5, 5)  # the share of each locale in the file, in per cent

DEPARTMENTS = (
    "Sales", "Research, Development", "Finance", "Human Resources", "Marketing & Growth", "IT",
    "Legal", 'Customer "First" Team', "Logistik/Versand", "Comunicação", "营销部",
    "Бухгалтерия", "",
)  # fmt: skip
DOMAINS = (
    "example.com", "example.org", "example.net", "mail.example.com", "acme.example",
    "acme-garments.example", "north.acme.example", "contoso.test",
)  # fmt: skip
ROLES = (
    "viewer", "viewer", "Viewer", "", "", "analyst", "Analyst", "user", "User", "read-only",
    "Read Only", "READONLY", "admin", "Administrator",
)  # fmt: skip
YES_NO = (
    "true", "false", "TRUE", "FALSE", "yes", "no", "Yes", "No", "1", "0", "Y", "n", "on", "off",
    "Enabled", "disabled", "", "",
)  # fmt: skip


class Person(NamedTuple):
    """A made-up person. E-mail addresses begin with `latin`."""

    first_name: str
    last_name: str
    latin: str
    locale: int  # index in LOCALES


def valid_rows(rng: random.Random) -> Iterator[list[str]]:
    """An endless series of rows in the order of FIELDS. Each has a different e-mail address."""
    people, cumulative_weights = _people()
    phones = [_phones(rng, locale) for locale in LOCALES]
    cities_of = [locale.cities.split("|") for locale in LOCALES]
    number, block_size = 0, 5_000
    while True:
        drawn = zip(
            rng.choices(people, cum_weights=cumulative_weights, k=block_size),
            rng.choices(DOMAINS, k=block_size), rng.choices(ROLES, k=block_size),
            rng.choices(DEPARTMENTS, k=block_size), rng.choices(range(1_000), k=block_size),
            *(rng.choices(YES_NO, k=block_size) for _ in range(4)), strict=True,
        )  # fmt: skip
        for person, domain, role, department, pick, market, causal, value, send in drawn:
            number += 1
            cities = cities_of[person.locale]
            yield [
                f"{person.latin}{number}@{domain}", person.first_name, person.last_name, role,
                department, cities[pick % len(cities)], phones[person.locale][pick],
                market, causal, value, send,
            ]  # fmt: skip


def _people() -> tuple[list[Person], list[float]]:
    """All people, and their cumulative weights in per cent, for `random.choices`."""
    people, cumulative_weights, total = [], [], 0.0
    for index, locale in enumerate(LOCALES):
        names = [
            (a, b) for a in locale.first_names.split("|") for b in locale.last_names.split("|")
        ]
        for first, last in names:
            latin = f"{_latin(first)}.{_latin(last)}"
            people.append(Person(first.partition("=")[0], last.partition("=")[0], latin, index))
            total += WEIGHTS[index] / len(names)
            cumulative_weights.append(total)
    return people, cumulative_weights


_LETTERS = str.maketrans({"ø": "o", "þ": "th", "ð": "d", "đ": "d", "ł": "l", "ß": "ss", "æ": "ae"})


def _latin(name: str) -> str:
    """The name in the letters a-z; of `name=latin`, the part after the `=`."""
    name = (name.partition("=")[2] or name).lower().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in plain if "a" <= letter <= "z")


def _phones(rng: random.Random, locale: Locale) -> list[str]:
    """A thousand phone numbers. A fifth of them are empty."""
    patterns = locale.phones.split("|")
    return [
        "".join(str(rng.randrange(10)) if char == "#" else char for char in rng.choice(patterns))
        if rng.random() < 0.8
        else ""
        for _ in range(1_000)
    ]
