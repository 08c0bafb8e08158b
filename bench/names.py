"""Files of people in many languages and encodings, for the guess of an encoding.

Names and places are Faker's, so that they are not those from which `letters.toml` was written. The
departments are words of each language."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from faker import Faker

_WESTERN = ("windows-1252", "iso-8859-15", "macroman", "cp850")
_CENTRAL = ("windows-1250", "iso-8859-2", "mac_latin2", "cp852")
_RUSSIAN = ("windows-1251", "koi8-r", "iso-8859-5", "mac_cyrillic", "cp866")
_UKRAINIAN = ("windows-1251", "koi8-u", "iso-8859-5", "mac_cyrillic", "cp1125")
_BALTIC = ("windows-1257", "iso-8859-13", "cp775")
_HEADER = "email;first_name;last_name;department;location"
_PEOPLE = 1_000  # of each locale; files are made of them


class Case(NamedTuple):
    """The people of a language: locales of Faker, the encodings that are in use, departments."""

    locales: tuple[str, ...]
    encodings: tuple[str, ...]
    departments: str  # separated by commas


LANGUAGES = {
    "German": Case(("de_DE",), _WESTERN, "Vertrieb,Geschäftsführung,Buchhaltung,Öffentlichkeit"),
    "French": Case(("fr_FR",), _WESTERN, "Ventes,Comptabilité,Ingénierie,Qualité"),
    "Spanish": Case(("es_ES",), _WESTERN, "Ventas,Administración,Ingeniería,Logística"),
    "Portuguese": Case(("pt_BR",), _WESTERN, "Vendas,Administração,Finanças,Logística"),
    "Italian": Case(("it_IT",), _WESTERN, "Vendite,Contabilità,Qualità,Ricerca"),
    "Dutch": Case(("nl_NL",), _WESTERN, "Verkoop,Financiën,Inkoop,Beveiliging"),
    "Swedish": Case(("sv_SE",), _WESTERN, "Försäljning,Ekonomi,Inköp,Utveckling"),
    "Danish": Case(("da_DK",), _WESTERN, "Salg,Økonomi,Indkøb,Udvikling"),
    "Norwegian": Case(("no_NO",), _WESTERN, "Salg,Økonomi,Innkjøp,Utvikling"),
    "Finnish": Case(("fi_FI",), _WESTERN, "Myynti,Henkilöstö,Kehitys,Hallinto"),
    "Icelandic": Case(("is_IS",), _WESTERN, "Sala,Framleiðsla,Þjónusta,Rannsóknir"),
    "several, Western": Case(
        ("de_DE", "fr_FR", "es_ES", "sv_SE", "da_DK"), _WESTERN, "Sales,Finance,Support,R&D"
    ),
    "Polish": Case(("pl_PL",), _CENTRAL, "Sprzedaż,Księgowość,Zakupy,Produkcja"),
    "Czech": Case(("cs_CZ",), _CENTRAL, "Prodej,Účetnictví,Výroba,Vývoj"),
    "Slovak": Case(("sk_SK",), _CENTRAL, "Predaj,Účtovníctvo,Výroba,Vývoj"),
    "Hungarian": Case(("hu_HU",), _CENTRAL, "Értékesítés,Könyvelés,Beszerzés,Gyártás"),
    "Croatian": Case(("hr_HR",), _CENTRAL, "Prodaja,Računovodstvo,Nabava,Proizvodnja"),
    "Slovenian": Case(("sl_SI",), _CENTRAL, "Prodaja,Računovodstvo,Nabava,Proizvodnja"),
    "Romanian": Case(
        ("ro_RO",),
        ("windows-1250", "iso-8859-2", "cp852"),
        "Vânzări,Contabilitate,Producţie,Achiziţii",
    ),
    "several, Central": Case(
        ("pl_PL", "cs_CZ", "hu_HU", "hr_HR"), _CENTRAL, "Sales,Finance,Support,R&D"
    ),
    "Turkish": Case(
        ("tr_TR",),
        ("windows-1254", "iso-8859-9", "mac_turkish", "cp857"),
        "Satış,Muhasebe,İnsan Kaynakları,Üretim",
    ),
    "Russian": Case(("ru_RU",), _RUSSIAN, "Продажи,Бухгалтерия,Разработка,Производство"),
    "Ukrainian": Case(("uk_UA",), _UKRAINIAN, "Продажі,Бухгалтерія,Розробка,Виробництво"),
    "Bulgarian": Case(
        ("bg_BG",), ("windows-1251", "iso-8859-5", "cp866"), "Продажби,Счетоводство,Производство"
    ),
    "Greek": Case(
        ("el_GR",),
        ("windows-1253", "iso-8859-7", "mac_greek", "cp737"),
        "Πωλήσεις,Λογιστήριο,Παραγωγή,Έρευνα",
    ),
    "Lithuanian": Case(("lt_LT",), _BALTIC, "Pardavimai,Apskaita,Gamyba,Pirkimų skyrius"),
    "Latvian": Case(("lv_LV",), _BALTIC, "Pārdošana,Grāmatvedība,Ražošana,Iepirkumi"),
    "Estonian": Case(
        ("et_EE",), (*_BALTIC, "windows-1252"), "Müük,Raamatupidamine,Tootmine,Arendus"
    ),
    "Hebrew": Case(
        ("he_IL",), ("windows-1255", "iso-8859-8", "cp862"), "מכירות,כספים,פיתוח,משאבי אנוש"
    ),
    "Arabic": Case(
        ("ar_SA",), ("windows-1256", "iso-8859-6", "cp720"), "المبيعات,المالية,التطوير"
    ),
    "Persian": Case(("fa_IR",), ("windows-1256",), "فروش,مالی,توسعه"),
    "Thai": Case(("th_TH",), ("cp874",), "ฝ่ายขาย,บัญชี,พัฒนา,บุคคล"),
    "Vietnamese": Case(("vi_VN",), ("windows-1258",), "Kinh doanh,Kế toán,Nhân sự,Sản xuất"),
    "Japanese": Case(("ja_JP",), ("shift_jis", "euc_jp"), "営業,経理,開発,人事"),
    "Chinese, simplified": Case(("zh_CN",), ("gb18030",), "销售,财务,研发,人事"),
    "Chinese, traditional": Case(("zh_TW",), ("big5",), "業務,財務,研發,人事"),
    "Korean": Case(("ko_KR",), ("euc_kr", "cp949"), "영업,재무,개발,인사"),
}  # fmt: skip


@cache
def _people(locale: str) -> Sequence[tuple[str, str, str]]:
    fake = Faker(locale)
    fake.seed_instance(1911)
    return [(fake.first_name(), fake.last_name(), fake.city()) for _ in range(_PEOPLE)]


def make_text(language: str, rows: int, seed: int) -> str:
    """A table of people of one language. At least one cell is not ASCII."""
    case = LANGUAGES[language]
    people = [person for locale in case.locales for person in _people(locale)]
    departments = case.departments.split(",")
    chosen = random.Random(f"{language} {rows} {seed}")
    while True:
        lines = [_HEADER]
        for number in range(rows):
            first, last, city = chosen.choice(people)
            cells = [f"u{number}@example.com", first, last, chosen.choice(departments), city]
            lines.append(";".join(" ".join(cell.replace(";", " ").split()) for cell in cells))
        text = "\r\n".join([*lines, ""])
        if not text.isascii():
            return text


def encode(text: str, encoding: str) -> bytes:
    """A text in an encoding, without the characters that the encoding does not have. Where it has
    a letter and its accent as two characters, they are used; and ş for ș, ي for ی, as is usual."""
    try:
        return text.encode(encoding)
    except UnicodeError:
        text = text.translate(str.maketrans("ȘșȚțی", "ŞşŢţي"))
        return b"".join(_encode_letter(letter, encoding) for letter in text)


@cache
def _encode_letter(letter: str, encoding: str) -> bytes:
    parts = unicodedata.normalize("NFD", letter)
    marks = [parts[:1] + "".join(parts[1:][:n] + parts[1:][n + 1 :]) for n in range(len(parts) - 1)]
    for base, mark in [(letter, ""), *zip(marks, parts[1:], strict=True)]:
        try:
            return (unicodedata.normalize("NFC", base) + mark).encode(encoding)
        except UnicodeError:
            continue
    return b""


def is_utf8(data: bytes) -> bool:
    """Whether a file needs no guess."""
    try:
        data.decode()
    except UnicodeError:
        return False
    return True
