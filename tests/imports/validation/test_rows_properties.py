"""What holds for every row: both ways agree, nothing raises, whatever is stored can be stored."""

from __future__ import annotations

import re

import email_validator
import phonenumbers
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from core import emails
from core.characters import FORMULA_STARTS, SIGNS, misplaced
from imports.schema.fields import FIELDS
from imports.validation import phones
from imports.validation.rows import Problem, RowChecker, UserRow, clean_for_storage, split_full_name
from tests.imports.validation.helpers import CHECKER, GOOD, columns_of

# Characters at the borders of the classes, and lone surrogates.
BORDER = (
    "aZ09 .,-'_\\\"`<&é́ß王نیرक्श්ර한𠮷😀"
    + FORMULA_STARTS
    + SIGNS
    + "\x00\t\n\r\x1b\x1c\x1f\x7f\x80\x85\x9f\xa0\xad"
    + "\u034f\u061c\u061f\u0620\u109f\u10a0\u1160\u180a\u180b\u180e\u180f\u200a\u200b\u200c\u200d"
    + "\u200e\u2010\u2027\u2028\u202a\u202f\u2030\u205f\u2060\u206f\u2070\u2800\u3000\u3164"
    + "\ud7ff\ud800\udfff\ue000\ufdcf\ufdd0\ufe0e\ufe10\ufeff\ufff9\ufffc\ufffd\ufffe"
    + "\U00010000\U000e0001\U000e0100\U000e01f0\U0010ffff"
)
texts = st.one_of(
    st.text(alphabet=BORDER, max_size=12),
    st.text(max_size=6),
    st.builds(
        lambda edge, middle, count: edge + middle * count + edge,
        st.sampled_from([*BORDER, ""]), st.sampled_from("aé王 "), st.integers(97, 100),
    ),
    st.sampled_from(["Zoë", "O'Brien", "علی\u200cرضا", "de la Cruz", "x" * 10_000]),
)  # fmt: skip
address_parts = st.sampled_from(
    ["a", "Z", "9", "_", "ada", ".", "..", "-", "--", "+", "'", "!", "@", "@", "@", "xn--", "ü",
     "ａ", "＠", "。", " ", "\u00a0", "\u00ad", "\u200d", "ß", "İ", "ı", "K", "ſ", "а", "\ud800",
     "com", ".example", "@example.com", "@müller.example", "xn--mller-kva", "x" * 30, "(",
     '"', ",", "\x00"]
)  # fmt: skip
address_texts = st.one_of(
    st.lists(address_parts, max_size=8).map("".join),
    st.from_regex(r"[a-z0-9._+'-]{1,12}@[a-z0-9.-]{1,12}\.[a-zA-Z]{1,4}", fullmatch=True),
    st.emails(),
)
phone_texts = st.one_of(
    st.text(alphabet="0123456789 +()-./", max_size=22),
    st.from_regex(r"\+?[0-9][0-9 ()./-]{2,18}", fullmatch=True),
    st.lists(
        st.sampled_from(["+44", "20", "(0)", " ", "7946", ".0", "E+1", "x", "ext. 1", "٣", "\t"])
    ).map("".join),
)  # fmt: skip
words = st.sampled_from(
    ["admin", "Admin", "ADMINISTRATOR", "user", "readonly", "Read-Only", "read_only", "Read Only",
     "super_admin", "Super\u00a0Admin", "owner", "true", "True", "TRUE", "yes", "no", "1", "0", "y",
     "N", "on", "off", "enabled", "Disabled", "ja", "t", "ＴＲＵＥ", "yeſ", "admi\u0307n", ""]
)  # fmt: skip
cell_of = {
    "email": address_texts | st.just("ada@example.com"),
    "phone": phone_texts | st.just(""),
    **dict.fromkeys(("first_name", "last_name", "department", "location"), texts | st.just("Ada")),
}
ends = st.sampled_from(["", "", "", " ", "\t", "\u3000", "'", "\u200b"])
changes = {
    name: st.tuples(ends, cell_of.get(name, words | texts), ends).map("".join) for name in FIELDS
}
# A row of which every second field is not as it should be would never show that the ways agree on
# a right one: so most rows are good ones in which up to two cells are changed.
few_changes = st.lists(st.sampled_from([*FIELDS]), max_size=2).flatmap(
    lambda names: st.fixed_dictionaries({name: changes[name] for name in names})
)
rows = st.one_of(few_changes, few_changes, st.fixed_dictionaries(changes)).map(
    lambda cells: tuple((GOOD | cells).values())
)


def is_storable(text: str) -> bool:
    """Does PostgreSQL take it as text and in jsonb, and COPY as a cell of its text format?"""
    return not re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff]", text)


@settings(max_examples=600)
@given(rows)
def test_the_fast_and_the_careful_way_agree(cells):
    trimmed = tuple(map(str.strip, cells))
    careful = CHECKER._field_by_field(trimmed, cells)
    assert CHECKER.check(cells) == careful
    for values in (cells, trimmed):
        fast = CHECKER._ordinary(values)
        assert fast is None or fast == careful


@settings(max_examples=400)
@given(rows)
def test_a_row_is_either_a_storable_user_or_storable_problems(cells):
    outcome = CHECKER.check(cells)
    if isinstance(outcome, UserRow):
        assert all(is_storable(value) and value == value.strip() for value in outcome)
        assert misplaced("".join(outcome[1:3])) is None
        assert {*outcome[7:]} <= {"t", "f"}
        assert CHECKER.email_key(cells) == outcome.email
        assert CHECKER.check(outcome[:7] + cells[7:]) == outcome  # it is its own spelling
    else:
        assert outcome
        assert [problem.field for problem in outcome] == [
            name for name in FIELDS if name in {problem.field for problem in outcome}
        ]
        for problem in (*outcome, *CHECKER.warnings(cells)):
            assert all(is_storable(text) for text in problem)
            assert len(problem.message) <= 500
            assert len(problem.value) <= 100


@given(st.lists(st.text() | texts, max_size=14))
def test_nothing_raises_whatever_the_cells_are(cells):
    for names in (tuple(FIELDS), ("full_name", "notes", "email"), ("email",)):
        checker = RowChecker(columns_of(*names))
        outcome = checker.check(cells)
        assert isinstance(outcome, UserRow) or all(isinstance(one, Problem) for one in outcome)
        assert isinstance(checker.email_key(cells), str)
        assert isinstance(checker.warnings(cells), list)


@settings(max_examples=400)
@given(address_texts)
@example("ada@xn--mller-kva.example")
@example("K@example.com")
def test_an_address_that_is_accepted_is_one_for_others_too_and_stays_as_it_is(text):
    try:
        address = emails.normalise(text)
    except emails.InvalidEmail:
        return
    assert address.isascii()
    assert address == address.lower()
    assert len(address) <= 254
    assert emails.normalise(address) == address
    assume("--" not in address.replace("xn--", ""))  # in a domain name, others refuse these
    found = email_validator.validate_email(
        address, check_deliverability=False, test_environment=True, strict=True
    )
    assert found.ascii_email is not None
    assert found.ascii_email.lower() == address


@settings(max_examples=500)
@given(st.from_regex(r"\+[0-9]{3,17}", fullmatch=True))
def test_a_number_with_a_country_code_is_plausible_where_libphonenumber_finds_it_possible(number):
    try:
        possible = phonenumbers.is_possible_number_with_reason(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        assert phones.problem_of(number)
        return
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE:
        assert phones.problem_of(number) == ""


@given(st.text(alphabet=BORDER), st.integers(0, 50))
def test_any_text_can_be_made_storable(text, max_chars):
    cleaned = clean_for_storage(text, max_chars)
    assert is_storable(cleaned)
    assert len(cleaned) == min(len(text), max_chars)
    assert not is_storable(text[:max_chars]) or cleaned == text[:max_chars]


@given(texts)
def test_a_full_name_loses_nothing_but_white_space_and_a_comma(text):
    first, last = split_full_name(text)
    kept = sorted((first + last).replace(",", ""))
    assert [c for c in kept if not c.isspace()] == [
        c for c in sorted(text.replace(",", "").replace("，", "")) if not c.isspace()
    ]


@pytest.mark.parametrize("field", ["email", "first_name", "phone", "role", "send_invitation"])
@pytest.mark.parametrize(
    "hostile",
    [
        "a" * 2_000_000, "a." * 1_000_000, "a-" * 1_000_000 + "@", "@" * 1_000_000, "<" * 1_000_000,
        "a@" + "b-" * 1_000_000, "a@" + "b." * 1_000_000 + "1", "x" + " " * 2_000_000 + "x",
        "a " * 1_000_000, "\u200c" * 1_000_000, "\ufe0f" * 1_000_000, "ی\u200c" * 1_000_000,
        "1" * 2_000_000, "+" + "1 " * 1_000_000, "(" * 1_000_000, "\ufdfa" * 100_000,
        "-_ " * 600_000,
        "\x00" * 1_000_000, "\ud800" * 1_000_000, "ü" * 1_000_000,
    ],
    ids=lambda text: ascii(text[:6]),
)  # fmt: skip
def test_a_giant_cell_takes_time_in_proportion_to_its_length(field, hostile):
    # where the time were quadratic, one of these would take an hour
    cells = list((GOOD | {field: hostile}).values())
    problems = CHECKER.check(cells)
    assert isinstance(problems, list)
    assert [problem.field for problem in problems] == [field]
    CHECKER.email_key(cells)
    CHECKER.warnings(cells)
